import { GoodbootError } from '../../src/core/errors.ts';
import { type Facts, fail, pass, skip } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { UnitState } from '../../src/ports/service-manager.ts';
import { whyNotGood } from './judge.ts';
import type { UnitsOptions } from './options.ts';

/** Not there where goodboot is not installed. */
const DEFAULT_TARGET = 'goodboot-required.target';
/** These fail when a check or the boot fails: they must not fail the next look at what has failed. */
const OWN_UNITS = ['goodboot-check@*', 'goodboot-verdict.service'];

export const check = defineCheck<UnitsOptions>({
  type: 'units',
  tellsStability: true,
  async run({ options, use, stableMs }) {
    const manager = await use('serviceManager').catch((error: unknown) => {
      if (error instanceof GoodbootError && error.code === 'SYSTEMD_ABSENT') return null;
      throw error;
    });
    if (manager === null) return skip('systemd is not PID 1 here: there are no units to look at');

    const listed = Object.keys(options.units).filter((name) => options.units[name] === true);
    const target = options.target === false ? null : await manager.unit(options.target);
    const members = target === null ? [] : await manager.pulledInBy(target.name);
    const names = [...new Set([...listed, ...members])].sort();
    const reasons = whyNoTarget(target);
    if (names.length === 0 && !options.noFailedUnits && reasons.length === 0) {
      return skip(`no unit is listed${options.target === false ? '' : `, and ${options.target} has no members`}`);
    }
    const units = await Promise.all(names.map((name) => manager.unit(name)));
    const nowMs = (await use('clock')).monotonicMs();
    reasons.push(...units.flatMap((unit) => whyNotGood(unit, { nowMs, stableMs }) ?? []));
    if (options.noFailedUnits) {
      const allowed = [...options.except, ...OWN_UNITS].map(pattern);
      const failed = (await manager.failedUnits()).filter((name) => !allowed.some((re) => re.test(name)));
      reasons.push(...failed.filter((name) => !names.includes(name)).map((name) => `${name} is failed`));
    }
    const facts = factsOf(units);
    return reasons.length === 0 ? pass(facts) : fail(reasons.join('; '), facts);
  },
});

/** Without its target, units that declared themselves would be passed over in silence. Only the default one may be absent. */
function whyNoTarget(target: UnitState | null): string[] {
  if (target === null) return [];
  if (target.loadState === 'masked') return [`${target.name} is masked, so its members are not known`];
  const isLost = target.loadState === 'not-found' && target.name !== DEFAULT_TARGET;
  return isLost ? [`${target.name} does not exist; a target was wanted`] : [];
}

/** State and restarts of each unit: what a person asks first. */
const factsOf = (units: readonly UnitState[]): Facts =>
  Object.fromEntries(
    units.map((unit) => [
      unit.name,
      {
        state: unit.activeState,
        sub: unit.subState,
        ...(unit.service === null ? {} : { restarts: unit.service.restarts }),
      },
    ]),
  );

/** A glob with `*` alone, as an anchored expression. */
const pattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

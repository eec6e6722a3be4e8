import { GoodbootError } from '../../src/core/errors.ts';
import { type Facts, fail, pass, skip } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { UnitState } from '../../src/ports/service-manager.ts';
import { whyNotGood } from './judge.ts';
import type { UnitsOptions } from './options.ts';

/** Our own units fail when a check fails: they must not fail the next look at what has failed. */
const OWN_UNITS = 'goodboot-*';

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
    const members = options.target === false ? [] : await manager.pulledInBy(options.target);
    const names = [...new Set([...listed, ...members])].sort();
    if (names.length === 0 && !options.noFailedUnits) {
      return skip(`no unit is listed${options.target === false ? '' : `, and ${options.target} has no members`}`);
    }
    const units = await Promise.all(names.map((name) => manager.unit(name)));
    const nowMs = (await use('clock')).monotonicMs();
    const reasons = units.flatMap((unit) => whyNotGood(unit, { nowMs, stableMs }) ?? []);
    if (options.noFailedUnits) {
      const allowed = [...options.except, OWN_UNITS].map(pattern);
      const failed = (await manager.failedUnits()).filter((name) => !allowed.some((re) => re.test(name)));
      reasons.push(...failed.filter((name) => !names.includes(name)).map((name) => `${name} is failed`));
    }
    const facts = factsOf(units);
    return reasons.length === 0 ? pass(facts) : fail(reasons.join('; '), facts);
  },
});

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

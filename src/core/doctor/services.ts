import type { CheckFacts, CollectorFacts, ConfigFacts, GreenbootFacts, RequiredFacts, UnitFile } from './facts.ts';
import { bad, type Judgement, named, ok, unsure, warn } from './finding.ts';

/** Units without which a trial is not begun, counted, judged or given up. */
export const UNITS = [
  'goodboot-arm.path',
  'goodboot-begin.service',
  'goodboot-deadman.timer',
  'goodboot-end.service',
  'goodboot-required.target',
  'goodboot-verdict.service',
] as const;

/** There where goodboot comes as a system extension, */
const EXTENSION_TARGET = 'goodboot-extension.target';
/** which is started by this one, in /etc: the units of an extension are not known when systemd plans the boot. */
const EXTENSION_UNIT = 'goodboot-extension.service';

/** Ways in which an update comes by itself. Each stages it, so that it goes on trial. */
export const UPDATERS = [
  'zincati.service',
  'rpm-ostreed-automatic.timer',
  'bootc-fetch-apply-updates.timer',
  'uupd.timer',
] as const;

/** Words for a unit file that is started at boot. `static` is none: somebody else would have to pull it in. */
export const isEnabled = (state: string): boolean => state === 'enabled' || state === 'enabled-runtime';

/** Units that are installed but not enabled: what enabling can mend. */
export const disabledUnits = (units: readonly UnitFile[]): readonly string[] =>
  UNITS.filter((name) => units.some((unit) => unit.name === name && unit.state === 'disabled'));

/** Is goodboot itself installed, enabled, and would it stay so? */
export function judgeUnits({ units }: { readonly units: readonly UnitFile[] }): Judgement {
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  const wanted: readonly string[] = byName.has(EXTENSION_TARGET) ? [...UNITS, EXTENSION_UNIT] : UNITS;
  const missing = wanted.filter((name) => !byName.has(name));
  if (missing.join() === EXTENSION_UNIT)
    return bad(
      `not installed: ${EXTENSION_UNIT}: the next boot would start no unit of this extension`,
      'cp -dR /usr/share/goodboot/etc/. /etc/; systemctl daemon-reload',
    );
  if (missing.length > 0) return bad(`not installed: ${named(missing)}`, 'install goodboot again, with its units');
  const faults = wanted.map((name) => byName.get(name)!).filter(({ state }) => !isEnabled(state));
  if (faults.length > 0) {
    const masked = faults.filter(({ state }) => state.startsWith('masked')).map(({ name }) => name);
    const cure =
      masked.length > 0
        ? `systemctl unmask ${masked.join(' ')}`
        : `systemctl enable ${faults.map(({ name }) => name).join(' ')}`;
    return bad(named(faults.map(({ name, state }) => `${name} is ${state}`)), cure);
  }
  const old = units.filter(({ isInPlaceOfImage }) => isInPlaceOfImage).map(({ name }) => name);
  if (old.length > 0)
    return warn(
      `in /etc, in place of the image's, which are not used: ${named(old)}`,
      'goodboot uninstall takes out what was installed beside the image, and the image goes on; else rm them from /etc',
    );
  const unset = UNITS.filter((name) => byName.get(name)?.preset === 'disabled');
  return unset.length === 0
    ? ok(`${wanted.length} units are enabled`)
    : warn(
        `enabled, but the preset says otherwise for ${named(unset)}: it would be undone by systemctl preset-all`,
        'see /usr/lib/systemd/system-preset/90-goodboot.preset, and what comes before it',
      );
}

/** systemd breaks a cycle by leaving one of its units out, and nobody knows beforehand which. */
export const judgeOrdering = ({ cycles }: { readonly cycles: readonly string[] }): Judgement =>
  cycles.length === 0
    ? ok('no unit waits for itself')
    : bad(
        named(cycles, 2),
        'systemd-analyze verify default.target shows the cycle; take one After= or Before= of it away',
      );

/** Only one may judge, count and reboot. */
export function judgeGreenboot({ enabled, installed, isSkipped, ran }: GreenbootFacts): Judgement {
  const cure = `systemctl disable --now ${enabled.join(' ')}`;
  if (ran.length > 0) return bad(`${named(ran)} ran in this boot: two programs count and reboot`, cure);
  if (installed === 0) return ok('not installed');
  if (enabled.length === 0) return ok('installed, and not enabled');
  return isSkipped
    ? ok('installed, and skipped because goodboot judges')
    : bad(`${named(enabled)} would run too: two programs would count and reboot`, cure);
}

/** Do updates come in a way that puts them on trial? */
export function judgeUpdater({ enabled }: { readonly enabled: readonly string[] }): Judgement {
  if (enabled.length === 1) return ok(enabled.join());
  return enabled.length === 0
    ? warn(
        'none is enabled that is known here: updates come by hand, or from a program of your own',
        `one of ${UPDATERS.join(', ')}; any other way must stage the update too`,
      )
    : warn(
        `${enabled.join(' and ')} are both enabled: one may undo what the other staged`,
        `leave one: systemctl disable --now ${enabled[0]}`,
      );
}

/** A required check of something that does not exist fails on every deployment, good or bad. */
export function judgeChecks({ missing, troubles, looked }: CheckFacts): Judgement {
  const cure = 'goodboot check list; mend the name, or install what is missing';
  const tell = (found: CheckFacts['missing']) => named(found.map(({ check, what }) => `${check} looks for ${what}`));
  const needed = missing.filter(({ required }) => required);
  if (needed.length > 0) return bad(`not there: ${tell(needed)}`, cure);
  if (troubles.length > 0) return unsure(named(troubles), 'goodboot check run says more');
  if (missing.length > 0) return warn(`not there: ${tell(missing)}`, cure);
  return ok(looked === 0 ? 'no check names a unit, a container or a program' : `${looked} names, all of them there`);
}

export function judgeConfig({ problems }: ConfigFacts): Judgement {
  // That nothing is required is a finding of its own.
  const told = problems.filter(({ code }) => code !== 'NO_REQUIRED_CHECK');
  const errors = told.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    return bad(
      named(
        errors.map(({ text }) => text),
        2,
      ),
      'goodboot config check',
    );
  return told.length === 0
    ? ok('valid')
    : warn(
        named(
          told.map(({ text }) => text),
          2,
        ),
        'goodboot config check',
      );
}

/** Nobody but the site knows what its node is for. */
export function judgeRequired({ own, members }: RequiredFacts): Judgement {
  const told = [...own, ...members];
  return told.length > 0
    ? ok(named(told))
    : warn(
        'only the defaults: a boot in which nothing of what this node is for runs would be good',
        'set required.units in /etc/goodboot/config.yaml, or WantedBy=goodboot-required.target in your units',
      );
}

/** Reports are kept until they are accepted: a collector that is away is no fault of the node. */
export function judgeCollector({ url, answer }: CollectorFacts): Judgement {
  const cure = 'see report.collector in goodboot config show --origins, and the network check';
  if ('failure' in answer) return warn(`${url} does not answer: ${answer.failure}`, cure);
  return answer.status >= 500 ? warn(`${url} answers with HTTP status ${answer.status}`, cure) : ok(`${url} answers`);
}

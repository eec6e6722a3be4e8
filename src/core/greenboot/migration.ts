import { formatDuration } from '../duration.ts';
import type { GreenbootSettings } from './settings.ts';

/** What is at a path, as far as a migration changes it. */
export type Place =
  | { readonly kind: 'absent' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly content: string };

/** One change: what was there, and what is there after it. Undone by going from `after` to `before`. */
export interface Change {
  readonly path: string;
  readonly before: Place;
  readonly after: Place;
}

export const samePlace = (one: Place, other: Place): boolean => JSON.stringify(one) === JSON.stringify(other);

export const DROP_IN = '/etc/goodboot/config.d/60-greenboot.yaml';
const UNITS = '/etc/systemd/system';

/** Every unit of greenboot and of greenboot-rs. A unit of a site that is called alike is not theirs. */
export const GREENBOOT_UNITS: readonly string[] = [
  'greenboot-grub2-set-counter.service',
  'greenboot-grub2-set-success.service',
  'greenboot-healthcheck.service',
  'greenboot-loading-message.service',
  'greenboot-rollback.service',
  'greenboot-rpm-ostree-grub2-check-fallback.service',
  'greenboot-set-rollback-trigger.service',
  'greenboot-status.service',
  'greenboot-success.target',
  'greenboot-task-runner.service',
  'redboot-auto-reboot.service',
  'redboot-task-runner.service',
  'redboot.target',
];

/** The names that stay, each a link to goodboot's own unit. */
const linksTo = (standIns: string): Readonly<Record<string, string>> => ({
  [`${UNITS}/greenboot-healthcheck.service`]: `${standIns}/greenboot-healthcheck.service`,
  [`${UNITS}/greenboot-healthcheck.service.d/20-goodboot.conf`]: `${standIns}/20-goodboot.conf`,
  [`${UNITS}/goodboot-verdict.service.wants/greenboot-healthcheck.service`]: '../greenboot-healthcheck.service',
  [`${UNITS}/redboot.target`]: `${standIns}/redboot.target`,
});

/** What was found of greenboot on a system. */
export interface Survey {
  /** `shell`: greenboot as bash scripts; `rs`: greenboot-rs; `none`: only its directories, or nothing at all. */
  readonly greenboot: 'shell' | 'rs' | 'none';
  /** Links in /etc that enable its units. */
  readonly enabled: readonly { readonly path: string; readonly target: string }[];
  readonly settings: GreenbootSettings;
  /** A script of MicroShift is there, which waits longer with each attempt. */
  readonly microshift: boolean;
  /** Units that drop-ins of greenboot-healthcheck.service pull in, and those it is only ordered after. */
  readonly pulledIn: readonly string[];
  readonly orderedAfter: readonly string[];
  /** Variables of greenboot in the GRUB environment block. */
  readonly grubenv: Readonly<Record<string, string>>;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** What MicroShift's scripts wait without a configuration: its own base time. */
const MICROSHIFT_WAIT_SECONDS = 600;
const MOST_ATTEMPTS = 10;
const DEFAULT_ATTEMPTS = 3;

/** What is to stand at which path when the migration is done. `standIns`: the directory of goodboot's units with greenboot's names. */
export function wantedPlaces(survey: Survey, standIns: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  // The units of greenboot go last: interrupted, both are there, and greenboot's are skipped by conditions.
  places.set(DROP_IN, { kind: 'file', content: dropIn(survey) });
  for (const [path, target] of Object.entries(linksTo(standIns))) places.set(path, { kind: 'link', target });
  for (const { path } of survey.enabled) places.set(path, { kind: 'absent' });
  return places;
}

const attemptsOf = ({ settings }: Survey): number =>
  Math.min(settings.maxBootAttempts ?? DEFAULT_ATTEMPTS, MOST_ATTEMPTS);

/** The longest that a script of MicroShift waits: its base time, once more for each attempt. Null: the default will do. */
function longestWaitMs(survey: Survey): number | null {
  const { microshiftWaitSeconds } = survey.settings;
  if (microshiftWaitSeconds === null && !survey.microshift) return null;
  return (microshiftWaitSeconds ?? MICROSHIFT_WAIT_SECONDS) * attemptsOf(survey) * SECOND;
}

const yamlDuration = (ms: number): string => `${Math.ceil(ms / MINUTE)}m`;

/** The configuration, as a drop-in. */
export function dropIn(survey: Survey): string {
  const after = [...new Set(['network-online.target', ...survey.pulledIn])];
  const wait = longestWaitMs(survey);
  const lines = [
    '# Written by "goodboot migrate greenboot"; "goodboot migrate greenboot --revert" takes it away again.',
    'apiVersion: goodboot/v1',
    'checks:',
    '  greenboot:',
    '    type: greenboot',
    '    required: true',
    `    after: [${after.join(', ')}]`,
  ];
  if (survey.greenboot === 'rs') lines.push('    subdirectories: false');
  if (wait !== null) {
    lines.push(`    scriptTimeout: ${yamlDuration(wait + MINUTE)}`, `    timeout: ${yamlDuration(wait + 3 * MINUTE)}`);
  }
  const trial = [
    ...(survey.settings.maxBootAttempts === null ? [] : [`  attempts: ${attemptsOf(survey)}`]),
    ...(wait === null ? [] : [`  deadline: ${yamlDuration(Math.max(wait + 6 * MINUTE, 15 * MINUTE))}`]),
  ];
  return `${[...lines, ...(trial.length === 0 ? [] : ['trial:', ...trial])].join('\n')}\n`;
}

/** What will be otherwise than it was, for this system; one sentence each. */
export function differences(survey: Survey): readonly string[] {
  const { greenboot, settings, orderedAfter, grubenv } = survey;
  const wait = longestWaitMs(survey);
  const said = [
    'scripts with the same number run at the same time, numbers in order over all directories; each has a time limit',
    'all required scripts are run and reported, not only up to the first that fails (afterFailure: stop for that)',
    'what a check script leaves running is ended when the check is over: start it with systemd-run',
    'while a new deployment is watched (trial.soak), the required scripts are run again',
  ];
  if (greenboot === 'rs') {
    said.push('a bad boot that is not on trial stays up: it is neither rebooted nor rolled back');
    said.push('scripts may overwrite files with >: they are not run with noclobber');
    said.push('GREENBOOT_MAX_BOOT_ATTEMPTS counts all boots of a bad deployment, where greenboot-rs took one more');
  }
  if (settings.maxBootAttempts !== null && settings.maxBootAttempts > MOST_ATTEMPTS) {
    said.push(`GREENBOOT_MAX_BOOT_ATTEMPTS is ${settings.maxBootAttempts}; goodboot takes ${MOST_ATTEMPTS} at most`);
  }
  if (wait !== null) {
    said.push(`scripts of MicroShift may wait ${formatDuration(wait)}: the time limits were raised for them`);
  }
  const others = orderedAfter.filter((unit) => !survey.pulledIn.includes(unit));
  if (others.length > 0) {
    said.push(
      `greenboot waited for ${others.join(', ')} where they start: name them in checks.greenboot.after if it must`,
    );
  }
  if ('boot_counter' in grubenv) {
    said.push(`boot_counter=${grubenv['boot_counter']} is set: greenboot counts an update; a good verdict ends that`);
  }
  for (const name of ['fallback', 'greenboot_next_deployment_id', 'greenboot_rollback_trigger']) {
    if (name in grubenv) said.push(`${name} is left in grubenv: grub2-editenv - unset ${name} takes it out`);
  }
  return said;
}

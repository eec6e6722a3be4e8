import { nearest } from '../nearest.ts';
import { type ConfProblem, parseConf } from './conf.ts';

export const CONF_PATH = '/etc/greenboot/greenboot.conf';

/** What greenboot.conf says, as far as it means something to goodboot. */
export interface GreenbootSettings {
  /** Names of scripts that are not run, in whichever directory they are. */
  readonly disabled: readonly string[];
  /** Null: not said, or not a number that could be meant. */
  readonly maxBootAttempts: number | null;
  /** MicroShift keeps the time that its checks wait, in seconds, in the same file; null: not said. */
  readonly microshiftWaitSeconds: number | null;
  readonly problems: readonly ConfProblem[];
}

const NO_SETTINGS: GreenbootSettings = {
  disabled: [],
  maxBootAttempts: null,
  microshiftWaitSeconds: null,
  problems: [],
};

/** Keys that greenboot itself or its scripts read: others are site's own, and fine, unless they look like one of these. */
const KEYS = [
  'DISABLED_HEALTHCHECKS',
  'GREENBOOT_MAX_BOOT_ATTEMPTS',
  'GREENBOOT_MONITOR_SERVICES',
  'GREENBOOT_WATCHDOG_CHECK_ENABLED',
  'GREENBOOT_WATCHDOG_GRACE_PERIOD',
];
/** Documented by others, and read by nobody. */
const NEVER_READ: Readonly<Record<string, string>> = { GREENBOOT_MAX_BOOTS: 'GREENBOOT_MAX_BOOT_ATTEMPTS' };

/** Reads the text of a greenboot.conf; null: there is none. */
export function readSettings(text: string | null): GreenbootSettings {
  if (text === null) return NO_SETTINGS;
  const { values, problems: found } = parseConf(text);
  const problems = [...found];
  const lineOf = (key: string): number =>
    text.split('\n').findLastIndex((line) => new RegExp(`^[^#]*\\b${key}\\b`).test(line)) + 1;
  const say = (key: string, message: string) => problems.push({ line: lineOf(key), message: `${key}: ${message}` });
  const whole = (key: string): number | null => {
    const value = values.get(key);
    if (value === undefined) return null;
    if (typeof value === 'string' && /^0*[1-9]\d{0,5}$/.test(value)) return Number(value);
    say(key, `${JSON.stringify(value)} is not a number from 1 on, so it does not count`);
    return null;
  };
  const listed = values.get('DISABLED_HEALTHCHECKS') ?? [];
  if (typeof listed === 'string' && /\s/.test(listed.trim())) {
    say('DISABLED_HEALTHCHECKS', 'a list in brackets was wanted; the words are taken as the names');
  }
  const disabled = (typeof listed === 'string' ? listed.split(/\s+/) : listed).filter((name) => name !== '');
  for (const key of values.keys()) {
    if (KEYS.includes(key) || !/^(GREENBOOT_|DISABLED)/.test(key)) continue;
    const meant = NEVER_READ[key] ?? nearest(key, KEYS);
    say(key, `nothing reads this key${meant === null ? '' : ` (did you mean ${meant}?)`}`);
  }
  return {
    disabled: [...new Set(disabled)],
    maxBootAttempts: whole('GREENBOOT_MAX_BOOT_ATTEMPTS'),
    microshiftWaitSeconds: whole('MICROSHIFT_WAIT_TIMEOUT_SEC'),
    problems,
  };
}

/** "3: …; 7: …", for one sentence. */
export const problemText = (problems: readonly ConfProblem[]): readonly string[] =>
  problems.map(({ line, message }) => `${CONF_PATH}:${line}: ${message}`);

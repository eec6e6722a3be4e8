import * as v from 'valibot';
import { parseWindow } from '../core/drill/window.ts';
import { parseDuration } from '../core/duration.ts';
import { messageOf } from '../core/errors.ts';
import type { PlannedCheck } from '../ports/check.ts';
import type { CheckType } from './check-type.ts';

/** The version of the file format, in every file that holds something. */
export const API_VERSION = 'goodboot/v1';

/** Check types by name. Every function here takes it, so that tests and tools can bring their own. */
export type Registry = ReadonlyMap<string, CheckType>;

/** The configuration in effect: every default applied, every duration in milliseconds. */
export interface Settings {
  /** Enabled checks, sorted by name. */
  readonly checks: readonly PlannedCheck[];
  readonly trial: {
    readonly attempts: number;
    readonly soakMs: number;
    readonly deadlineMs: number;
    readonly crashLoop: { readonly reboots: number; readonly windowMs: number };
  };
  readonly onRegression: 'hold' | 'reboot';
  readonly hooks: { readonly timeoutMs: number };
  /** When a drill may begin, as texts that `parseWindow` reads; none: at any time. */
  readonly drill: { readonly windows: readonly string[] };
  readonly bootLoader: 'auto' | 'grub' | 'systemd-boot' | 'noop';
  readonly report: { readonly collector: string | null; readonly group: string | null };
}

/** Names of checks: they become part of unit and file names. */
export const CHECK_NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

/** Options that hold names: a list is short for a map of name to true, so that files add to it and `false` takes one out. */
export const KEYED_OPTIONS: readonly string[] = ['units', 'containers'];

/** A duration as people write it; milliseconds after parsing. */
export const duration = v.pipe(
  v.union([v.string(), v.literal(0)], ({ input }) =>
    typeof input === 'number'
      ? `${input} has no unit: write ${input}s, or another of ms, s, m, h, d`
      : 'a duration such as 30s, 5m or 1h30m was wanted',
  ),
  v.examples(['30s', '5m', '1h30m']),
  v.rawTransform<string | 0, number>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseDuration(String(dataset.value));
    } catch (error) {
      addIssue({ message: messageOf(error) });
      return NEVER;
    }
  }),
);

const names = v.union(
  [v.array(v.string()), v.record(v.string(), v.boolean())],
  'a list of names was wanted, or a map of names to true or false',
);

const shorthand = (what: string) =>
  v.strictObject({
    units: v.optional(
      v.pipe(names, v.description(`Units that ${what} be active: short for a check of type \`units\`.`)),
    ),
    containers: v.optional(
      v.pipe(names, v.description(`Containers that ${what} run: short for a check of type \`containers\`.`)),
    ),
    network: v.optional(
      v.pipe(
        v.union(
          [v.boolean(), v.record(v.string(), v.unknown())],
          'true was wanted, or a map of options of the check type network',
        ),
        v.description('`true`, or the options of a check of type `network`.'),
      ),
    ),
  });

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const collectorUrl = v.pipe(
  v.string(),
  v.check(isWebUrl, 'not an address such as https://collector.example.org'),
  v.check((text) => !hasPassword(text), 'an address without user and password was wanted: secrets do not belong here'),
);

/** As FleetLock allows it. */
const group = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9.-]{1,63}$/, 'the name of a group was wanted: letters, digits, dots and dashes'),
);

const crashLoopSchema = v.strictObject({
  reboots: v.pipe(
    v.optional(whole(2, 100), 3),
    v.description('Unclean reboots within `window` that count as a failed trial.'),
  ),
  window: v.pipe(v.optional(duration, '1h'), v.description('Time over which they are counted.')),
});

const trialSchema = v.strictObject({
  attempts: v.pipe(
    v.optional(whole(1, 10), 3),
    v.description('Boots that a new deployment gets before the node goes back.'),
  ),
  soak: v.pipe(
    v.optional(duration, '5m'),
    v.description('How long a passing trial is watched before it is marked good.'),
  ),
  deadline: v.pipe(
    v.optional(duration, '15m'),
    v.description('Time after which a boot on trial without a verdict is given up.'),
  ),
  crashLoop: v.pipe(
    v.optional(crashLoopSchema, v.getDefaults(crashLoopSchema) as Defaults<typeof crashLoopSchema>),
    v.description('When crashes of a deployment that was marked good are treated as a failed trial.'),
  ),
});

const hooksSchema = v.strictObject({
  timeout: v.pipe(v.optional(duration, '1m'), v.description('Time that one program in green.d or red.d may take.')),
});

const window = v.pipe(
  v.string(),
  v.examples(['Sat,Sun 22:00-04:00', '02:00-04:00']),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseWindow(dataset.value);
    } catch (error) {
      addIssue({ message: messageOf(error) });
    }
  }),
);

const drillSchema = v.strictObject({
  windows: v.pipe(
    v.optional(v.array(window), () => []),
    v.description('When `goodboot drill` may begin: days and a time in UTC. None: at any time.'),
  ),
});

/** Everything except the checks, whose options depend on their types. */
export const settingsSchema = v.strictObject({
  apiVersion: v.pipe(
    v.optional(v.literal(API_VERSION), API_VERSION),
    v.description('Version of this format: `goodboot/v1`.'),
  ),
  required: v.pipe(v.optional(shorthand('must')), v.description('What a good boot needs, in short.')),
  wanted: v.pipe(
    v.optional(shorthand('should')),
    v.description('What a boot should have, in short: a failure is reported, and does not cost the boot.'),
  ),
  checks: v.pipe(
    v.optional(v.record(v.string(), v.unknown())),
    v.description('The checks by name. `false` or `null` instead of a check removes it.'),
  ),
  trial: v.pipe(
    v.optional(trialSchema, v.getDefaults(trialSchema) as Defaults<typeof trialSchema>),
    v.description('How a new deployment is tried.'),
  ),
  onRegression: v.pipe(
    v.optional(v.picklist(['hold', 'reboot']), 'hold'),
    v.description('What a bad verdict does to a deployment that is not on trial: stay up and say so, or reboot.'),
  ),
  hooks: v.pipe(
    v.optional(hooksSchema, v.getDefaults(hooksSchema) as Defaults<typeof hooksSchema>),
    v.description('The programs in green.d and red.d.'),
  ),
  drill: v.pipe(
    v.optional(drillSchema, v.getDefaults(drillSchema) as Defaults<typeof drillSchema>),
    v.description('The rehearsal of a rollback.'),
  ),
  bootLoader: v.pipe(
    v.optional(v.picklist(['auto', 'grub', 'systemd-boot', 'noop']), 'auto'),
    v.description('The boot loader that keeps the mark; `auto` finds it.'),
  ),
  report: v.pipe(
    v.optional(
      v.strictObject({
        collector: v.optional(v.pipe(collectorUrl, v.description('Address of the collector; none: nothing is sent.'))),
        group: v.optional(v.pipe(group, v.description('The group of nodes that this one belongs to.'))),
      }),
      {},
    ),
    v.description('Where reports go.'),
  ),
});

/** Keys that every check has beside the options of its type. `within`, `stable`, `timeout` default as the type says. */
export const commonSchema = v.strictObject({
  type: v.pipe(v.string(), v.description('What is checked.')),
  required: v.pipe(v.optional(v.boolean(), false), v.description('Whether its failure costs the boot.')),
  enabled: v.pipe(v.optional(v.boolean(), true), v.description('`false` leaves the check out, and keeps its options.')),
  within: v.pipe(v.optional(duration), v.description('Time in which it must come to hold.')),
  stable: v.pipe(v.optional(duration), v.description('Time for which it must then keep holding.')),
  timeout: v.pipe(v.optional(duration), v.description('Time that one probe may take.')),
});

// getDefaults types every default as possibly undefined; in these schemas every key has one.
type Defaults<Schema extends v.GenericSchema> = Required<v.InferInput<Schema>>;

function isWebUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
}

function hasPassword(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

import { toJsonSchemaDefs } from '@valibot/to-json-schema';
import * as v from 'valibot';

/** What `--json` prints, one schema for each kind of answer. Human text may change, this may only grow. */

const apiVersion = v.literal('goodboot/v1');
const verdict = v.picklist(['good', 'bad', 'indeterminate']);
const facts = v.record(v.string(), v.unknown());
const milliseconds = v.pipe(v.number(), v.minValue(0));

const outcome = v.variant('state', [
  v.strictObject({ state: v.literal('pass'), facts }),
  v.strictObject({ state: v.literal('fail'), reason: v.string(), facts }),
  v.strictObject({ state: v.literal('skip'), reason: v.string() }),
  v.strictObject({ state: v.literal('error'), reason: v.string(), code: v.string(), facts: v.optional(facts) }),
]);

const checkResult = v.strictObject({
  name: v.string(),
  type: v.string(),
  required: v.boolean(),
  outcome,
  durationMs: milliseconds,
});

const bootLoader = v.strictObject({
  name: v.picklist(['grub', 'systemd-boot', 'noop']),
  detail: v.string(),
  counter: v.nullable(v.number()),
  success: v.nullable(v.boolean()),
});

const problem = v.strictObject({ code: v.string(), message: v.string() });

const configProblem = v.strictObject({
  severity: v.picklist(['error', 'warning']),
  code: v.string(),
  file: v.string(),
  line: v.number(),
  column: v.number(),
  path: v.string(),
  message: v.string(),
  hint: v.string(),
});

const takenAction = v.strictObject({
  action: v.looseObject({ kind: v.string() }),
  result: v.picklist(['done', 'unneeded', 'failed', 'planned', 'impossible']),
  detail: v.string(),
});

/** What the doctor answered last, in short; null: not known. */
const doctorSummary = v.strictObject({
  answer: v.picklist(['yes', 'no', 'not-sure']),
  time: v.string(),
  failed: v.array(v.string()),
  warned: v.array(v.string()),
  unknown: v.array(v.string()),
});

const verdictReport = {
  apiVersion,
  bootId: v.string(),
  time: v.string(),
  durationMs: milliseconds,
  dryRun: v.boolean(),
  deployment: v.nullable(v.strictObject({ id: v.string(), version: v.string() })),
  bootLoader,
  verdict,
  standing: v.picklist(['settled', 'on-trial', 'fallback', 'by-hand']),
  nothingRequired: v.boolean(),
  checks: v.array(checkResult),
  actions: v.array(takenAction),
  problems: v.array(problem),
  doctor: v.nullable(doctorSummary),
};

const plannedCheck = v.strictObject({
  name: v.string(),
  type: v.string(),
  required: v.boolean(),
  withinMs: milliseconds,
  stableMs: milliseconds,
  timeoutMs: milliseconds,
  options: facts,
});

const ended = v.picklist(['clean', 'panic', 'watchdog', 'unclean']);

/** How the boot before ended. `verdict` is left out where it is not known, `unseen` boots since then did not come up. */
const lastBoot = v.strictObject({
  bootId: v.string(),
  ended,
  verdict: v.optional(v.nullable(verdict)),
  unseen: v.number(),
});

/** Shown and changed in src/core/trial.ts and node-state.ts. */
const trial = v.strictObject({
  deployment: v.string(),
  from: v.string(),
  attempts: v.number(),
  counted: v.number(),
  phase: v.picklist(['armed', 'fell-back']),
  baselineFailures: v.nullable(v.array(v.string())),
  trialFailures: v.array(v.string()),
  byHand: v.optional(v.strictObject({ onTrial: v.boolean(), deny: v.boolean() })),
  drill: v.optional(v.literal(true)),
});

const denial = v.strictObject({
  deployment: v.string(),
  image: v.optional(v.string()),
  since: v.string(),
  why: v.string(),
});

/** What is kept of a boot that a trial has spent, as in src/core/evidence.ts. */
const aboutEvidence = {
  v: v.literal(1),
  id: v.string(),
  boots: v.number(),
  deployment: v.string(),
  ended: v.nullable(ended),
  verdict: v.optional(v.nullable(verdict)),
  time: v.string(),
  collectedIn: v.string(),
  journal: v.picklist(['read', 'absent', 'unreadable']),
  trouble: v.string(),
  results: v.array(v.strictObject({ name: v.string(), required: v.boolean(), state: v.string(), reason: v.string() })),
  leftOut: v.number(),
};
const journalLines = v.array(
  v.strictObject({
    time: v.string(),
    priority: v.number(),
    from: v.string(),
    message: v.string(),
    event: v.nullable(v.string()),
  }),
);

/** One step of a decision: its kind, and what it is about. */
const step = v.looseObject({ kind: v.string() });

const finding = v.strictObject({
  id: v.string(),
  title: v.string(),
  state: v.picklist(['pass', 'warn', 'fail', 'unknown', 'skip']),
  why: v.string(),
  cure: v.nullable(v.string()),
  decisive: v.boolean(),
});

/** By the `kind` that each answer carries. */
export const OUTPUT_SCHEMAS = {
  Verdict: v.strictObject({ kind: v.literal('Verdict'), ...verdictReport }),
  Status: v.strictObject({ kind: v.literal('Status'), ...verdictReport, lastBoot: v.nullable(lastBoot) }),
  CheckList: v.strictObject({ apiVersion, kind: v.literal('CheckList'), checks: v.array(plannedCheck) }),
  CheckRun: v.strictObject({
    apiVersion,
    kind: v.literal('CheckRun'),
    bootId: v.string(),
    verdict,
    checks: v.array(checkResult),
  }),
  Mark: v.strictObject({
    apiVersion,
    kind: v.literal('Mark'),
    mark: v.picklist(['good', 'bad']),
    changed: v.boolean(),
    bootLoader,
  }),
  History: v.strictObject({
    apiVersion,
    kind: v.literal('History'),
    file: v.string(),
    records: v.array(
      v.looseObject({ v: v.literal(1), seq: v.number(), time: v.string(), bootId: v.string(), event: v.string() }),
    ),
    damage: v.array(v.string()),
  }),
  Trial: v.strictObject({
    apiVersion,
    kind: v.literal('Trial'),
    trial: v.nullable(trial),
    standing: verdictReport.standing,
    counter: bootLoader.entries.counter,
    next: v.string(),
  }),
  Rollback: v.strictObject({
    apiVersion,
    kind: v.literal('Rollback'),
    dryRun: v.boolean(),
    changed: v.boolean(),
    to: v.string(),
    leaves: v.string(),
    why: v.picklist(['trial', 'unfinished', 'update-waits', 'ran-before', 'never-ran', 'already']),
    drops: v.nullable(v.string()),
    denies: v.boolean(),
    reboots: v.boolean(),
  }),
  EvidenceList: v.strictObject({
    apiVersion,
    kind: v.literal('EvidenceList'),
    directory: v.string(),
    evidence: v.array(v.strictObject(aboutEvidence)),
  }),
  Evidence: v.strictObject({
    apiVersion,
    kind: v.literal('Evidence'),
    evidence: v.strictObject({
      ...aboutEvidence,
      events: journalLines,
      errors: journalLines,
      lines: journalLines,
      crashes: v.array(v.strictObject({ record: v.string(), text: v.string() })),
    }),
  }),
  Denied: v.strictObject({ apiVersion, kind: v.literal('Denied'), denied: v.array(denial) }),
  GrubFragment: v.strictObject({
    apiVersion,
    kind: v.literal('GrubFragment'),
    state: v.picklist(['installed', 'absent', 'unreadable']),
    dryRun: v.boolean(),
    changes: v.array(v.strictObject({ path: v.string(), change: v.picklist(['write', 'remove']) })),
  }),
  Installation: v.strictObject({
    apiVersion,
    kind: v.literal('Installation'),
    version: v.string(),
    prefix: v.picklist(['/usr', '/usr/local']),
    dryRun: v.boolean(),
    changes: v.array(v.strictObject({ path: v.string(), change: v.picklist(['write', 'link', 'remove']) })),
    next: v.array(v.string()),
  }),
  Uninstallation: v.strictObject({
    apiVersion,
    kind: v.literal('Uninstallation'),
    dryRun: v.boolean(),
    removed: v.array(v.string()),
    kept: v.array(v.string()),
  }),
  Migration: v.strictObject({
    apiVersion,
    kind: v.literal('Migration'),
    from: v.literal('greenboot'),
    direction: v.picklist(['migrate', 'revert']),
    dryRun: v.boolean(),
    found: v.strictObject({
      greenboot: v.picklist(['shell', 'rs', 'none']),
      enabled: v.array(v.string()),
      grubenv: v.record(v.string(), v.string()),
    }),
    scripts: v.array(
      v.strictObject({
        path: v.string(),
        kind: v.picklist(['required', 'wanted', 'green', 'red']),
        broken: v.nullable(v.string()),
      }),
    ),
    notRun: v.array(v.strictObject({ path: v.string(), why: v.string() })),
    notes: v.array(v.string()),
    differences: v.array(v.string()),
    changes: v.array(v.strictObject({ path: v.string(), change: v.picklist(['write', 'link', 'remove', 'kept']) })),
  }),
  Doctor: v.strictObject({
    apiVersion,
    kind: v.literal('Doctor'),
    bootId: v.string(),
    time: v.string(),
    answer: v.picklist(['yes', 'no', 'not-sure']),
    findings: v.array(finding),
    changes: v.array(
      v.strictObject({
        change: v.string(),
        undo: v.string(),
        result: v.picklist(['done', 'planned', 'failed']),
        detail: v.string(),
      }),
    ),
  }),
  Drill: v.strictObject({
    apiVersion,
    kind: v.literal('Drill'),
    state: v.picklist(['none', 'planned', 'under-way', 'passed', 'failed', 'interrupted']),
    deployment: v.nullable(v.string()),
    from: v.nullable(v.string()),
    attempts: v.nullable(v.number()),
    started: v.nullable(v.string()),
    ended: v.nullable(v.string()),
    steps: v.array(v.strictObject({ step: v.string(), time: v.string(), tookMs: v.nullable(v.number()) })),
    reasons: v.array(v.string()),
  }),
  Begin: v.strictObject({ apiVersion, kind: v.literal('Begin'), actions: v.array(step) }),
  Arm: v.strictObject({ apiVersion, kind: v.literal('Arm'), actions: v.array(step) }),
  ConfigCheck: v.strictObject({
    apiVersion,
    kind: v.literal('ConfigCheck'),
    valid: v.boolean(),
    files: v.array(v.string()),
    problems: v.array(configProblem),
  }),
  Config: v.strictObject({
    apiVersion,
    kind: v.literal('Config'),
    config: v.unknown(),
    origins: v.record(v.string(), v.string()),
  }),
  Explanation: v.strictObject({
    apiVersion,
    kind: v.literal('Explanation'),
    about: v.picklist(['Error', 'Event', 'CheckType']),
    name: v.string(),
    summary: v.string(),
    detail: v.string(),
  }),
  Error: v.strictObject({
    apiVersion,
    kind: v.literal('Error'),
    code: v.string(),
    message: v.string(),
    hint: v.string(),
  }),
} as const;

/** All of it as one JSON Schema, with a definition for each kind. */
export function outputJsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:goodboot:output:v1',
    title: 'What goodboot --json prints',
    oneOf: Object.keys(OUTPUT_SCHEMAS).map((kind) => ({ $ref: `#/definitions/${kind}` })),
    definitions: toJsonSchemaDefs(OUTPUT_SCHEMAS),
  };
}

import type { Verdict } from './decide.ts';
import type { LastBoot } from './last-boot.ts';
import { reasonOf } from './outcome.ts';
import type { ActionResult, VerdictReport } from './verdict-report.ts';

/** What one check said, as short as the ledger keeps it. The reason is empty for a pass. */
export interface LedgerResult {
  readonly name: string;
  readonly required: boolean;
  readonly state: string;
  readonly reason: string;
}

/** What happened. Each is one line of the ledger, and belongs to one boot. */
export type LedgerEntry = { readonly bootId: string } & (
  | {
      readonly event: 'boot';
      readonly deployment: { readonly id: string; readonly version: string } | null;
      readonly kernel: string;
      readonly bootLoader: string;
      /** Which boot of its trial it is, from 1; left out where it is none, or was not counted. */
      readonly attempt?: number;
      /** Left out where none is known. */
      readonly last?: LastBoot;
    }
  | {
      readonly event: 'verdict';
      readonly verdict: Verdict;
      readonly results: readonly LedgerResult[];
      readonly actions: readonly { readonly kind: string; readonly why?: string; readonly result: ActionResult }[];
    }
  | {
      readonly event: 'mark';
      readonly mark: 'good' | 'bad';
      readonly by: 'verdict' | 'operator';
      readonly result: ActionResult;
    }
  | {
      readonly event: 'trial';
      readonly step: TrialStep;
      readonly deployment: string;
      /** One clause for people: attempts left, why it was withdrawn. */
      readonly detail: string;
    }
);

/** What happened to a trial, or to the list of denied deployments. */
export type TrialStep =
  | 'armed'
  | 'refused'
  | 'withdrawn'
  | 'attempt'
  | 'uncounted'
  | 'fell-back'
  | 'rolled-back'
  | 'rollback-failed'
  | 'ended-good'
  | 'ended-bad'
  | 'environment'
  | 'drilled'
  | 'crash-loop'
  | 'denied'
  | 'allowed'
  | 'dropped'
  | 'rollback-by-hand';

/** A line as it stands in the file. `seq` counts up over all boots; `time` is the wall clock, which may jump. */
export type LedgerRecord = { readonly v: 1; readonly seq: number; readonly time: string } & LedgerEntry;

export interface LedgerContent {
  readonly records: readonly LedgerRecord[];
  /** Highest `seq`, 0 when there is none. */
  readonly lastSeq: number;
  /** Lines of a newer goodboot, from before a rollback: they are not understood, and not damaged either. */
  readonly foreign: number;
  /** Lines that are not whole. They stay in the file. */
  readonly damaged: number;
  /** What stands after the last newline, as a power cut leaves it. `whole`: only the newline is missing. */
  readonly tail: { readonly whole: boolean; readonly bytes: number; readonly text: string } | null;
}

/** Much longer than any sentence; it keeps the longest line within what a reader of the file's end looks at. */
const MAX_REASON = 1000;

/** The ledger's line about a verdict. */
export function verdictEntry({ bootId, verdict, checks, actions }: VerdictReport): LedgerEntry {
  const results = checks.map(({ name, required, outcome }) => {
    return { name, required, state: outcome.state, reason: reasonOf(outcome).slice(0, MAX_REASON) };
  });
  const taken = actions.map(({ action, result }) => {
    return { kind: action.kind, ...('why' in action ? { why: action.why } : {}), result };
  });
  return { event: 'verdict', bootId, verdict, results, actions: taken };
}

/** The text of one line, with its newline. */
export const ledgerLine = (record: LedgerRecord): string => `${JSON.stringify(record)}\n`;

/** Reads a ledger, or the end of one (`fromMiddle`: the first line may be a part, and is left out). Never throws. */
export function parseLedger(bytes: Buffer, fromMiddle = false): LedgerContent {
  const end = bytes.lastIndexOf('\n') + 1;
  const start = fromMiddle ? bytes.indexOf('\n') + 1 : 0;
  const lines = bytes.toString('utf8', start, end).split('\n').slice(0, -1);
  const text = bytes.toString('utf8', end);
  const last = text === '' ? null : readLine(text);
  const read = [...lines.map(readLine), ...(last === null || last === 'damaged' ? [] : [last])];
  const stamps = read.filter((line) => line !== 'damaged');
  return {
    records: stamps.filter(isRecord),
    lastSeq: stamps.reduce((highest, { seq }) => Math.max(highest, seq), 0),
    foreign: stamps.filter((stamp) => !isRecord(stamp)).length,
    damaged: read.length - stamps.length,
    tail: last === null ? null : { whole: last !== 'damaged', bytes: bytes.length - end, text },
  };
}

/** What every version of goodboot writes into a line. */
type Stamp = Readonly<Record<string, unknown>> & { readonly v: number; readonly seq: number };

function readLine(line: string): Stamp | 'damaged' {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) && isStamp(value) ? value : 'damaged';
  } catch {
    return 'damaged';
  }
}

type Values = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;
const isStamp = (value: Values): value is Stamp =>
  Number.isSafeInteger(value['v']) && Number.isSafeInteger(value['seq']) && typeof value['time'] === 'string';

/** What the lines of this version have beyond their stamp, as far as its readers rely on it. */
const SHAPES: Readonly<Record<string, (line: Values) => boolean>> = {
  boot: (line) =>
    typeof line['kernel'] === 'string' &&
    typeof line['bootLoader'] === 'string' &&
    (line['last'] === undefined || (isObject(line['last']) && isLastBoot(line['last']))),
  verdict: (line) =>
    ['good', 'bad', 'indeterminate'].includes(String(line['verdict'])) &&
    [line['results'], line['actions']].every((list) => Array.isArray(list) && list.every(isObject)),
  trial: (line) => ['step', 'deployment', 'detail'].every((key) => typeof line[key] === 'string'),
  mark: (line) => ['good', 'bad'].includes(String(line['mark'])) && typeof line['result'] === 'string',
};

const isLastBoot = ({ bootId, ended, unseen }: Values): boolean =>
  typeof bootId === 'string' && typeof ended === 'string' && typeof unseen === 'number';

function isRecord(line: Values): line is LedgerRecord {
  const { v, event, bootId } = line;
  const shape = typeof event === 'string' && Object.hasOwn(SHAPES, event) ? SHAPES[event] : undefined;
  return v === 1 && typeof bootId === 'string' && shape?.(line) === true;
}

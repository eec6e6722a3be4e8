import { GoodbootError } from '../core/errors.ts';
import { type LedgerContent, type LedgerEntry, type LedgerRecord, ledgerLine, parseLedger } from '../core/ledger.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';

/** Where the ledger is; the part before it has `.1` behind its name. */
export const LEDGER = '/var/lib/goodboot/ledger.jsonl';

/** A file that would grow over this is put aside as `.1`: some thousand boots. */
const ROTATE_BYTES = 4 * 1024 * 1024;
/** Read of each file, from its end. Only something else than goodboot makes one longer than that. */
const READ_BYTES = 2 * ROTATE_BYTES;
/** Longest line, and what is looked at before one is written. */
const LINE_BYTES = 1024 * 1024;
/** A torn line up to this length is cut off, since its text is reported whole; a longer one stays, as a damaged line. */
const CUT_BYTES = 64 * 1024;

/** The node's durable record of boots, verdicts and actions. */
export interface Ledger {
  /** What it held when it was opened, oldest first. */
  readonly records: readonly LedgerRecord[];
  /** What was wrong with it then, a sentence each. */
  readonly damage: readonly string[];
  /**
   * Adds one line, durably, after mending what a power cut left at the end.
   * @throws GoodbootError LEDGER_UNREADABLE, LEDGER_UNWRITABLE
   */
  append(entry: LedgerEntry): Promise<LedgerRecord>;
}

/**
 * Opens the ledger. Only reads, so that a person without privileges can look at the history.
 * @throws GoodbootError LEDGER_UNREADABLE
 */
export async function openLedger(files: Files, clock: Clock): Promise<Ledger> {
  const parts = [
    { path: `${LEDGER}.1`, ...(await load(files, `${LEDGER}.1`, READ_BYTES)) },
    { path: LEDGER, ...(await load(files, LEDGER, READ_BYTES)) },
  ];
  let lastSeq = Math.max(...parts.map((part) => part.lastSeq));
  return {
    records: parts.flatMap((part) => part.records),
    damage: parts.flatMap(damageOf),
    append: async (entry) => {
      // Looked at anew: another goodboot may have written, or the last write failed half way.
      const now = await load(files, LEDGER, LINE_BYTES);
      lastSeq = Math.max(lastSeq, now.lastSeq) + 1;
      const record: LedgerRecord = { v: 1, seq: lastSeq, time: new Date(clock.now()).toISOString(), ...entry };
      const line = ledgerLine(record);
      const length = Buffer.byteLength(line);
      if (length > LINE_BYTES) throw unwritable(`a line of ${length} bytes, at most ${LINE_BYTES} were wanted`);
      await mend(files, now);
      try {
        if (now.sizeBytes + length > ROTATE_BYTES) await files.rename(LEDGER, `${LEDGER}.1`);
        await files.append(LEDGER, line);
      } catch (error) {
        throw unwritable(error);
      }
      return record;
    },
  };
}

type Loaded = LedgerContent & { readonly sizeBytes: number; readonly skippedBytes: number };

/** The last `maxBytes` of a ledger file. One that does not exist is empty. */
async function load(files: Files, path: string, maxBytes: number): Promise<Loaded> {
  try {
    const info = await files.info(path);
    if (info === null) return { ...parseLedger(Buffer.alloc(0)), sizeBytes: 0, skippedBytes: 0 };
    if (info.kind !== 'file') throw new Error(`a file was wanted, it is of kind ${info.kind}`);
    const skippedBytes = Math.max(0, info.sizeBytes - maxBytes);
    const bytes = (await files.readBytes(path, maxBytes, skippedBytes)) ?? Buffer.alloc(0);
    return { ...parseLedger(bytes, skippedBytes > 0), sizeBytes: skippedBytes + bytes.length, skippedBytes };
  } catch (cause) {
    throw new GoodbootError('LEDGER_UNREADABLE', `ledger ${path}`, { cause });
  }
}

function damageOf({ path, damaged, tail, skippedBytes }: Loaded & { readonly path: string }): readonly string[] {
  return [
    ...(skippedBytes > 0 ? [`${path}: the first ${skippedBytes} bytes were not read, it is too large`] : []),
    ...(damaged > 0 ? [`${path}: ${damaged} damaged lines were passed over`] : []),
    ...(tail?.whole === false
      ? [`${path}: the last line is torn: ${JSON.stringify(tail.text.slice(0, CUT_BYTES))}`]
      : []),
  ];
}

async function mend(files: Files, { tail, sizeBytes }: Loaded): Promise<void> {
  if (tail === null) return;
  try {
    if (tail.whole || tail.bytes > CUT_BYTES) await files.append(LEDGER, '\n');
    else await files.truncate(LEDGER, sizeBytes - tail.bytes);
  } catch (error) {
    throw unwritable(error);
  }
}

const unwritable = (why: unknown): GoodbootError =>
  typeof why === 'string'
    ? new GoodbootError('LEDGER_UNWRITABLE', `ledger ${LEDGER}: ${why}`)
    : new GoodbootError('LEDGER_UNWRITABLE', `ledger ${LEDGER}`, { cause: why });

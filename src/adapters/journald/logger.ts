import pino from 'pino';
import { type JournalFields, makeSend } from './writer.ts';

/** syslog priority by pino level: trace, debug, info, warn, error, fatal. */
const PRIORITIES: Readonly<Record<number, number>> = { 10: 7, 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };
/** What pino puts into each line, and journald is told otherwise. */
const NOT_FIELDS: ReadonlySet<string> = new Set(['level', 'msg', 'err']);

export interface LoggerOptions {
  /** False: stderr, whether there is a journal or not. */
  readonly journal: boolean;
  readonly level: pino.LevelWithSilent;
}

/** pino, with the journal (or stderr) as its destination. Written at once, in this thread: nothing is lost at exit. */
export function makeLogger({ journal, level }: LoggerOptions): pino.Logger {
  const send = journal ? makeSend() : makeSend(null);
  const destination = { write: (line: string) => send(fieldsOfLine(line)) };
  return pino({ level, base: null, timestamp: false }, destination);
}

/** The journal fields of one line of pino: `durationUsec` is GOODBOOT_DURATION_USEC, an error's code GOODBOOT_ERROR_CODE. */
export function fieldsOfLine(line: string): JournalFields {
  // pino writes one JSON object with these three; everything else comes from the caller.
  const entry = JSON.parse(line) as { level: number; msg?: string; err?: { code?: unknown; message?: string } };
  const message = [entry.msg, entry.err?.message].filter((part) => part !== undefined).join(': ');
  const fields: Record<string, string | number> = { MESSAGE: message, PRIORITY: PRIORITIES[entry.level] ?? 6 };
  if (typeof entry.err?.code === 'string') fields['GOODBOOT_ERROR_CODE'] = entry.err.code;
  for (const [key, value] of Object.entries(entry)) {
    if (!NOT_FIELDS.has(key)) fields[fieldName(key)] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return fields;
}

const fieldName = (key: string): string =>
  `GOODBOOT_${key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()}`.slice(0, 64);

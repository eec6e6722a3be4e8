import { existsSync, writeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { journalFields } from '../../core/events.ts';
import type { Journal } from '../../ports/journal.ts';
import { libsystemd } from './libsystemd.ts';
import { readJournal } from './reader.ts';

/** Fields of one entry. Names are upper case; journald takes no name that starts with an underscore. */
export type JournalFields = Readonly<Record<string, string | number>>;

const SOCKET = '/run/systemd/journal/socket';
/** Two pointers: where a field is, and how long it is. */
const IOVEC_BYTES = 16;

/** The fields as journald takes them: `NAME=value` each, values of any bytes. */
export function encodeFields(fields: JournalFields): readonly Buffer[] {
  return Object.entries(fields).map(([name, value]) => Buffer.from(`${name}=${value}`));
}

/** One entry as a line for stderr: systemd reads the priority in front of it. A terminal is shown the text alone. */
export function stderrLine({ MESSAGE = '', PRIORITY = 6 }: JournalFields, terminal: boolean): string {
  // Each line is an entry of its own there.
  const text = String(MESSAGE).replace(/\s*\n\s*/g, ' ');
  return terminal ? `${text}\n` : `<${PRIORITY}>${text}\n`;
}

/** Sends entries to journald, or to stderr where there is none or `socket` is null. Never throws. */
export function makeSend(socket: string | null = SOCKET): (fields: JournalFields) => void {
  // The library says "sent" also when nobody listens, so the socket is looked for.
  let native = socket !== null && existsSync(socket);
  return (fields) => {
    const all = { SYSLOG_IDENTIFIER: 'goodboot', ...fields };
    if (native) {
      const trouble = sendNative(all);
      if (trouble === null) return;
      native = false;
      toStderr({ MESSAGE: `the journal cannot be written (${trouble}), events go to stderr`, PRIORITY: 4 });
    }
    toStderr(all);
  };
}

/** The journal of this machine. */
export function makeJournal(): Journal {
  const send = makeSend();
  return {
    event: (name, fields) => send(journalFields(name, fields)),
    read: async (query) => readJournal(query),
  };
}

/** Null, or why it was not sent. */
function sendNative(fields: JournalFields): string | null {
  try {
    const { ffi, sd_journal_sendv } = libsystemd();
    const buffers = encodeFields(fields);
    const vector = Buffer.alloc(IOVEC_BYTES * buffers.length);
    buffers.forEach((buffer, index) => {
      vector.writeBigUInt64LE(ffi.getRawPointer(buffer), index * IOVEC_BYTES);
      vector.writeBigUInt64LE(BigInt(buffer.length), index * IOVEC_BYTES + 8);
    });
    const result = sd_journal_sendv(vector, buffers.length);
    return result < 0 ? getSystemErrorName(result) : null;
  } catch (error) {
    return error instanceof GoodbootError ? `${messageOf(error)} [${error.code}]` : messageOf(error);
  }
}

function toStderr(fields: JournalFields): void {
  try {
    writeSync(2, stderrLine(fields, process.stderr.isTTY === true));
  } catch {
    // Nobody is left to be told, and reporting must not change a verdict.
  }
}

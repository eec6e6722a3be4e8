import { GoodbootError } from '../../core/errors.ts';
import type { PastBoots, PastEntry, PastQuery } from '../../ports/past-boots.ts';
import type { Processes } from '../../ports/processes.ts';

/** A few hundred entries with long messages. What is over it are the oldest. */
const MAX_BYTES = 2 * 1024 * 1024;
const FIELDS = ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', '_COMM', '_SYSTEMD_UNIT', 'GOODBOOT_EVENT'];
const ONLY = { errors: '--priority=err', goodboot: '--identifier=goodboot' } as const;

/**
 * Earlier boots by journalctl(1), a process that can be ended: their journals are what a crash has left, and may be
 * damaged, or on a disk that hangs.
 */
export function makePastBoots(processes: Processes): PastBoots {
  const journalctl = async (args: readonly string[], timeoutMs: number): Promise<string> => {
    const options = { timeoutMs, maxOutputBytes: MAX_BYTES };
    const ran = await processes.run(['journalctl', '--quiet', '--no-pager', ...args], options);
    if (ran.timedOut) throw new GoodbootError('PROGRAM_TIMEOUT', `journalctl: no end after ${timeoutMs} ms`);
    if (ran.exitCode === 0) return ran.stdout;
    const said = ran.stderr.trim().split('\n', 1)[0] || `ended by ${ran.signal ?? `exit status ${ran.exitCode}`}`;
    throw new GoodbootError('PROGRAM_FAILED', `journalctl: ${said}`);
  };
  return {
    ids: async (timeoutMs) => parseBootList(await journalctl(['--list-boots'], timeoutMs)),
    entries: async ({ bootId, last, only }: PastQuery, timeoutMs) => {
      const args = ['--output=json', `--output-fields=${FIELDS.join()}`, '--reverse', `--lines=${last}`];
      const text = await journalctl([...args, ...(only ? [ONLY[only]] : []), `_BOOT_ID=${bootId}`], timeoutMs);
      return parseEntries(text);
    },
  };
}

/** The ids in what `journalctl --list-boots` prints: offset, id, times. Oldest first. */
export const parseBootList = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*-?\d+ ([0-9a-f]{32}) /gm)].map(([, id]) => id!);

/** Entries of `journalctl --output=json --reverse`, one a line, put in order. A line that was cut off is left out. */
export function parseEntries(text: string): readonly PastEntry[] {
  return text
    .split('\n')
    .flatMap((line) => {
      try {
        // One object of fields; journald writes nothing else here.
        return line === '' ? [] : [entryOf(JSON.parse(line) as Readonly<Record<string, unknown>>)];
      } catch {
        return [];
      }
    })
    .reverse();
}

function entryOf(fields: Readonly<Record<string, unknown>>): PastEntry {
  const text = (name: string) => textOf(fields[name]);
  return {
    time: new Date(Number(text('__REALTIME_TIMESTAMP')) / 1000).toISOString(),
    priority: Number(text('PRIORITY') ?? 6),
    from: text('SYSLOG_IDENTIFIER') ?? text('_COMM') ?? text('_SYSTEMD_UNIT') ?? '',
    message: text('MESSAGE') ?? '(too long for journalctl)',
    event: text('GOODBOOT_EVENT'),
  };
}

/** A value that is no UTF-8 text comes as a list of bytes, one that occurs several times as a list of values. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  return typeof value[0] === 'number' ? Buffer.from(value).toString('utf8') : textOf(value[0]);
}

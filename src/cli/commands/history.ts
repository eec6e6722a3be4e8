import type { Command } from 'commander';
import { makeClock } from '../../adapters/clock/clock.ts';
import { makeFiles } from '../../adapters/files/files.ts';
import { GoodbootError } from '../../core/errors.ts';
import { lastBootText } from '../../core/last-boot.ts';
import type { LedgerRecord } from '../../core/ledger.ts';
import { shortId } from '../../core/short-id.ts';
import { LEDGER, openLedger } from '../../node/ledger.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { shortTime, table } from '../render/table.ts';
import { VERDICT_COLOUR } from '../render/verdict.ts';
import type { Terminal } from '../terminal.ts';
import { warnOn } from './say-problems.ts';

export function addHistoryCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('history')
    .option('-n, --lines <number>', 'how many of the newest lines', wholeNumber, 20)
    .description('what this node remembers: boots, verdicts, marks')
    .addHelpText('after', '\nExamples:\n  goodboot history -n 5\n  goodboot history --json')
    .action(async ({ lines }: { lines: number }, command: Command) => {
      const files = makeFiles(rootOf(command));
      const { records, damage } = await openLedger(files, makeClock());
      for (const sentence of damage) warnOn(terminal)(sentence);
      const newest = records.slice(-lines);
      const json = { apiVersion: 'goodboot/v1', kind: 'History', file: files.resolve(LEDGER), records: newest, damage };
      const rows = newest.map((record) => [
        shortTime(record.time),
        record.bootId.slice(0, 8) || '-',
        ...told(record, terminal),
      ]);
      terminal.answer(json, rows.length === 0 ? 'nothing yet: no boot of this node was judged\n' : table(rows));
      done(0);
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new GoodbootError('USAGE', `--lines ${text}: a whole number from 1 was wanted`);
  return Number(text);
}

/** What happened, how it went, and why. */
function told(record: LedgerRecord, { paint }: Terminal): readonly [string, string, string] {
  switch (record.event) {
    case 'boot':
      return ['boot', record.bootLoader, bootText(record)];
    case 'verdict': {
      const cost = record.results.filter(({ state, required }) => required && (state === 'fail' || state === 'error'));
      const actions = record.actions.map(({ kind, result }) => `${kind} ${result}`).join(', ');
      const reasons = cost.map(({ name, reason }) => `${name}: ${reason}`);
      return ['verdict', paint(VERDICT_COLOUR[record.verdict], record.verdict), [actions, ...reasons].join('; ')];
    }
    case 'mark':
      return ['mark', record.mark, `by the ${record.by}, ${record.result}`];
    case 'trial':
      return ['trial', record.step, `${shortId(record.deployment)}: ${record.detail}`];
  }
}

function bootText({ deployment, kernel, attempt, last }: Extract<LedgerRecord, { event: 'boot' }>): string {
  const told = [
    `${deployment?.version ?? 'no deployment'}, kernel ${kernel}`,
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(last === undefined ? [] : [`the boot before ${lastBootText(last)}`]),
  ];
  return told.join('; ');
}

import type { Command } from 'commander';
import { GoodbootError } from '../../core/errors.ts';
import type { Evidence, EvidenceLine } from '../../core/evidence.ts';
import { shortId } from '../../core/short-id.ts';
import { EVIDENCE, readEvidence } from '../../node/evidence.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { shortTime, table } from '../render/table.ts';
import { openSession } from '../session.ts';
import { warnOn } from './say-problems.ts';

const EXAMPLES = '\nExamples:\n  goodboot trial evidence\n  goodboot trial evidence 3f2a';

export function addEvidenceCommand(trial: Command, { terminal, done }: Setup): void {
  trial
    .command('evidence')
    .argument('[boot]', 'id of a boot, or its beginning')
    .description('what is left of the boots that trials have spent: checks, last lines, last words of the kernel')
    .addHelpText('after', EXAMPLES)
    .action(async (boot: string | undefined, _options, command: Command) => {
      const { files } = await openSession(rootOf(command), warnOn(terminal));
      const all = await readEvidence(files);
      if (boot === undefined) {
        const evidence = all.map(({ events: _, errors: _errors, lines: _lines, crashes: _crashes, ...about }) => about);
        const json = { apiVersion: 'goodboot/v1', kind: 'EvidenceList', directory: files.resolve(EVIDENCE), evidence };
        terminal.answer(json, all.length === 0 ? 'nothing is kept: no trial has spent a boot\n' : table(all.map(row)));
      } else {
        const found = all.filter(({ id }) => id.startsWith(boot));
        const [one] = found;
        if (one === undefined) throw new GoodbootError('EVIDENCE_UNKNOWN', `boot ${boot}`);
        if (found.length > 1) throw new GoodbootError('USAGE', `boot ${boot}: ${found.length} ids begin with that`);
        terminal.answer({ apiVersion: 'goodboot/v1', kind: 'Evidence', evidence: one }, shown(one));
      }
      done(0);
    });
}

const row = (evidence: Evidence): readonly string[] => [
  evidence.id.startsWith('before-') ? evidence.id.slice(0, 15) : evidence.id.slice(0, 8),
  shortId(evidence.deployment),
  evidence.boots === 1 ? 'one boot' : `${evidence.boots} boots`,
  `ended: ${evidence.ended ?? 'not known'}`,
  `verdict: ${verdictOf(evidence)}`,
  `journal: ${evidence.journal}`,
];

const verdictOf = ({ verdict }: Evidence): string => (verdict === undefined ? 'not known' : (verdict ?? 'none'));

const JOURNAL = {
  read: 'read',
  absent: 'there is none: it never came to userspace, or its journal was not kept',
  unreadable: 'it could not be read',
} as const;

function shown(evidence: Evidence): string {
  const { id, boots, deployment, ended, journal, trouble, results, events, errors, lines, crashes } = evidence;
  const head = table([
    ['boot', boots === 1 ? id : `${boots} boots that left no id (${id})`],
    ['deployment', deployment],
    ['ended', ended ?? 'not known'],
    ['verdict', verdictOf(evidence)],
    ['journal', `${JOURNAL[journal]}${trouble === '' ? '' : `: ${trouble}`}`],
    ['collected', `${shortTime(evidence.time)} by boot ${evidence.collectedIn}`],
    ...(evidence.leftOut === 0 ? [] : [['left out', `the oldest ${evidence.leftOut} lines`]]),
  ]);
  const checks = results.map(({ name, required, state, reason }) => [
    `  ${state}`,
    name,
    required ? 'required' : 'wanted',
    reason,
  ]);
  return [
    head,
    section('checks', table(checks)),
    section('what goodboot wrote', journalText(events)),
    section('last errors', journalText(errors)),
    section('last lines', journalText(lines)),
    ...crashes.map(({ record, text }) => section(record, indented(text))),
  ].join('');
}

const section = (title: string, text: string): string => (text === '' ? '' : `\n${title}:\n${text}`);

/** Control characters of a program, or a kernel, of that boot must not reach the terminal. */
const plain = (text: string): string => text.replaceAll(/[^\P{Cc}\n]+/gu, ' ');

const indented = (text: string): string => `${plain(text).trimEnd().replaceAll(/^/gm, '  ')}\n`;

const journalText = (lines: readonly EvidenceLine[]): string =>
  table(
    lines.map(({ time, from, message }) => [`  ${shortTime(time)}`, plain(from), plain(message).replaceAll('\n', ' ')]),
  );

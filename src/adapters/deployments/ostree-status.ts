import { shortId } from '../../core/short-id.ts';
import { answers, flagIn, idIn, notUnderstood, optionalTextIn, parseAnswer, textIn } from './answer.ts';
import type { Listed } from './backend.ts';

const WHO = 'ostree admin status';
/** `* fedora 0f…1a.0 (rollback)`; details follow, further to the right. */
const ENTRY = /^(?<booted>[* ]) (?<stateroot>\S+) (?<id>[0-9a-f]{64})\.\d+(?<marks>(?: \([a-z -]+\))*)$/;
/** One that is held back from being written at shutdown is a staged one too. */
const STAGED = /\((?:staged|finalization locked)\)/;
const DETAIL = /^ {4}(?:(?<key>[A-Za-z]+): (?<value>.*))?/;

/** The deployments in what `ostree admin status --json` prints (from 2025.3). @throws GoodbootError PROGRAM_OUTPUT */
export function parseOstreeJson(text: string): readonly Listed[] {
  return answers(WHO, parseAnswer(WHO, text)['deployments']).map((entry) => {
    const id = idIn(WHO, entry, 'checksum');
    return {
      id,
      version: optionalTextIn(entry, 'version') ?? shortId(id),
      booted: flagIn(WHO, entry, 'booted'),
      staged: flagIn(WHO, entry, 'staged'),
      pinned: flagIn(WHO, entry, 'pinned'),
      imageDigest: null,
      layered: false,
      stateroot: textIn(WHO, entry, 'stateroot'),
    };
  });
}

/** The deployments in what `ostree admin status` prints for people (2022.7 to 2026.4). @throws GoodbootError PROGRAM_OUTPUT */
export function parseOstreeText(text: string): readonly Listed[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 1 && lines[0] === 'No deployments.') return [];
  const entries: Listed[] = [];
  for (const line of lines) {
    const last = entries.at(-1);
    const detail = DETAIL.exec(line)?.groups;
    if (detail === undefined) entries.push(entryOf(line));
    else if (last === undefined) throw notUnderstood(WHO, `a detail of nothing: "${line}"`);
    else entries[entries.length - 1] = withDetail(last, detail['key'], detail['value'] ?? '');
  }
  if (entries.length === 0) throw notUnderstood(WHO, 'it printed nothing');
  return entries;
}

function entryOf(line: string): Listed {
  const { booted, stateroot, id, marks } = ENTRY.exec(line)?.groups ?? {};
  if (id === undefined || stateroot === undefined) throw notUnderstood(WHO, `not a deployment: "${line}"`);
  return {
    id,
    version: shortId(id),
    booted: booted === '*',
    staged: STAGED.test(marks ?? ''),
    pinned: false,
    imageDigest: null,
    layered: false,
    stateroot,
  };
}

function withDetail(entry: Listed, key: string | undefined, value: string): Listed {
  if (key === 'Version') return { ...entry, version: value };
  return key === 'Pinned' ? { ...entry, pinned: value === 'yes' } : entry;
}

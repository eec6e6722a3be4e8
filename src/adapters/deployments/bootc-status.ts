import { shortId } from '../../core/short-id.ts';
import {
  type Answer,
  answer,
  answers,
  flagIn,
  idIn,
  notUnderstood,
  optionalTextIn,
  parseAnswer,
  textIn,
} from './answer.ts';
import { bootedStateroot, type Listed } from './backend.ts';

/** What bootc is asked with: the form that it promises to keep. */
export const BOOTC_STATUS = ['bootc', 'status', '--format=json', '--format-version=1'] as const;
const WHO = 'bootc status';

export interface BootcStatus {
  /** In boot order as far as bootc tells it: what stands before or behind is not told of deployments that are in no slot. */
  readonly entries: readonly Listed[];
  /** What is booted came from a container image, and was not changed by rpm-ostree since: it is bootc's to manage. */
  readonly isBootcHost: boolean;
}

/** @throws GoodbootError PROGRAM_OUTPUT */
export function parseBootcStatus(text: string): BootcStatus {
  const host = parseAnswer(WHO, text);
  const version = textIn(WHO, host, 'apiVersion');
  if (!/^org\.containers\.bootc\/v1(?:alpha1)?$/.test(version)) throw notUnderstood(WHO, `apiVersion is "${version}"`);
  const status = answer(WHO, host['status']);
  const slot = (name: string, booted = false): readonly Listed[] =>
    (status[name] ?? null) === null ? [] : [entryOf(answer(WHO, status[name]), { booted, staged: name === 'staged' })];
  const [staged, booted, rollback] = [slot('staged'), slot('booted', true), slot('rollback')];
  const others = answers(WHO, status['otherDeployments'] ?? []);
  const inOrder = status['rollbackQueued'] === true ? [rollback, booted] : [booted, rollback];
  return {
    entries: [staged, ...inOrder, others.map((entry) => entryOf(entry, { booted: false, staged: false }))].flat(),
    isBootcHost: booted.some(({ imageDigest }) => imageDigest !== null),
  };
}

function entryOf(entry: Answer, slot: Pick<Listed, 'booted' | 'staged'>): Listed {
  const image = (entry['image'] ?? null) === null ? {} : answer(WHO, entry['image']);
  const composefs = (entry['composefs'] ?? null) === null ? null : answer(WHO, entry['composefs']);
  const ostree = composefs === null ? answer(WHO, entry['ostree']) : {};
  const id = composefs === null ? idIn(WHO, ostree, 'checksum') : idIn(WHO, composefs, 'verity');
  return {
    id,
    version: optionalTextIn(image, 'version') ?? shortId(id),
    ...slot,
    pinned: flagIn(WHO, entry, 'pinned'),
    imageDigest: optionalTextIn(image, 'imageDigest'),
    // It tells no image of what rpm-ostree has layered.
    layered: false,
    stateroot: composefs === null ? textIn(WHO, ostree, 'stateroot') : '',
  };
}

/**
 * The deployment that `bootc rollback` would make the default: it swaps the booted one and the first other of its
 * stateroot, whichever is first, and drops a staged one besides: there must be none. Null: it would refuse.
 */
export function rollbackLeadsTo(entries: readonly Listed[]): string | null {
  const { same, at } = bootedStateroot(entries);
  const other = same.findIndex(({ booted }) => !booted);
  // It also refuses to swap with what did not come from an image.
  if (at < 0 || other < 0 || same[other]!.imageDigest === null) return null;
  return other < at ? same[at]!.id : same[other]!.id;
}

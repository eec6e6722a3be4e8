import type { Verdict } from './decide.ts';
import type { End, LastBoot } from './last-boot.ts';
import type { StartedBy, Trial } from './trial.ts';

/** A deployment that this node rolled back from: never booted into again until it is allowed. */
export interface Denial {
  /** Its identity; or the digest of an image, which denies whatever is made from that. */
  readonly deployment: string;
  /** `sha256:…` of the image that it was, with nothing put on top: the same image may come back under another identity. */
  readonly image?: string;
  /** ISO 8601. */
  readonly since: string;
  readonly why: string;
}

/** One boot as its beginning found it. */
export interface SeenBoot {
  readonly bootId: string;
  readonly deployment: string | null;
  readonly startedBy: StartedBy;
  /** Wall clock, milliseconds since 1970: it may be wrong, and only counts what lies close together. */
  readonly timeMs: number;
  /** The boot loader proved that it counts. */
  readonly proven: boolean;
  /**
   * How it ended; null: it is the one that runs. These two words are all that an older goodboot knows, which may have to
   * count crashes after a rollback: what made an end unclean stands beside.
   */
  readonly ended: 'clean' | 'unclean' | null;
  readonly cause?: 'panic' | 'watchdog';
  /** The newest verdict on it, null where there was none; left out where that is not known. */
  readonly verdict?: Verdict | null;
}

/** How a boot ended; null: it is the one that runs. */
export const endOfBoot = ({ ended, cause }: SeenBoot): End | null =>
  ended === 'unclean' ? (cause ?? 'unclean') : ended;

/**
 * What the node must remember to act right: small, and replaced as a whole in one durable step. The ledger says how it
 * came to be; this says what is.
 */
export interface NodeState {
  readonly v: 1;
  readonly trial: Trial | null;
  readonly denied: readonly Denial[];
  /** The newest boots, oldest first. */
  readonly boots: readonly SeenBoot[];
  /** A person went back to it, and the reboot into it is still to come: it is no update, and nothing may take its place. */
  readonly chosen?: string | null;
}

export const EMPTY_STATE: NodeState = { v: 1, trial: null, denied: [], boots: [] };

/** More than any crash loop looks back. */
const BOOTS_KEPT = 32;

export const stateText = (state: NodeState): string => `${JSON.stringify(state, null, 1)}\n`;

/** Null when the text is not a state of this version; what it says is then unknown, not empty. */
export function parseState(text: string): NodeState | null {
  try {
    const value: unknown = JSON.parse(text);
    return isState(value) ? value : null;
  } catch {
    return null;
  }
}

/** Adds the boot that runs, with how the one before it ended. A boot that is there already changes nothing. */
export function withBoot(
  state: NodeState,
  boot: Pick<SeenBoot, 'bootId' | 'deployment' | 'startedBy' | 'timeMs' | 'proven'>,
  last: Pick<LastBoot, 'ended' | 'verdict'>,
): NodeState {
  if (state.boots.at(-1)?.bootId === boot.bootId) return state;
  const before = state.boots.map((seen) => (seen.ended === null ? { ...seen, ...asSeen(last) } : seen));
  const chosen = state.chosen === undefined || state.chosen === boot.deployment ? {} : { chosen: state.chosen };
  const { chosen: _, ...rest } = state;
  return { ...rest, ...chosen, boots: [...before, { ...boot, ended: null }].slice(-BOOTS_KEPT) };
}

const asSeen = ({
  ended,
  verdict,
}: Pick<LastBoot, 'ended' | 'verdict'>): Pick<SeenBoot, 'ended' | 'cause' | 'verdict'> => ({
  ended: ended === 'clean' ? 'clean' : 'unclean',
  ...(ended === 'clean' || ended === 'unclean' ? {} : { cause: ended }),
  ...(verdict === undefined ? {} : { verdict }),
});

/** The boot was not started by the boot loader, as its counter shows. */
export const withoutLoader = (state: NodeState, bootId: string): NodeState => ({
  ...state,
  boots: state.boots.map((seen) => (seen.bootId === bootId ? { ...seen, startedBy: 'kexec' } : seen)),
});

/**
 * Unclean ends of a deployment in a row, up to now, within the window. Another deployment or a clean end breaks the row,
 * and so does a boot that lies in the future: the clock went back, and what lies close together is not known.
 */
export function crashesOf(state: NodeState, deployment: string, window: { sinceMs: number; nowMs: number }): number {
  let count = 0;
  for (const { ended, deployment: seen, timeMs } of state.boots.toReversed()) {
    if (ended === null) continue;
    if (seen !== deployment || ended !== 'unclean' || timeMs < window.sinceMs || timeMs > window.nowMs) break;
    count += 1;
  }
  return count;
}

/** Another deployment ended unclean that many times in a row, as far as is remembered. */
export function crashedElsewhere({ boots }: NodeState, deployment: string, times: number): boolean {
  let [count, last] = [0, ''];
  for (const boot of boots) {
    const id = boot.deployment ?? '';
    count = boot.ended !== 'unclean' ? 0 : id === last ? count + 1 : 1;
    last = id;
    if (count >= times && id !== deployment) return true;
  }
  return false;
}

/** A deployment by all the names that it can be denied by. */
export interface Named {
  readonly id: string;
  /** The digest of the image that it was made from, where there is one. */
  readonly imageDigest: string | null;
}

/** The name by which a deployment is denied: its identity, or else the digest of its image. Null: it is not denied. */
export function deniedAs({ denied }: Pick<NodeState, 'denied'>, { id, imageDigest }: Named): string | null {
  const names = denied.flatMap(namesOf);
  if (names.includes(id)) return id;
  return imageDigest !== null && names.includes(imageDigest) ? imageDigest : null;
}

/** Identities of those that are denied, by whichever name. */
export const deniedIds = (state: Pick<NodeState, 'denied'>, deployments: readonly Named[]): readonly string[] =>
  deployments.filter((each) => deniedAs(state, each) !== null).map(({ id }) => id);

const namesOf = ({ deployment, image }: Denial): readonly string[] =>
  image === undefined ? [deployment] : [deployment, image];

/** A deployment that is denied already stays as it is, unless its image was not known then. */
export function deny(state: NodeState, denial: Denial): NodeState {
  const { deployment, image } = denial;
  const known = state.denied.find((each) => namesOf(each).includes(deployment));
  if (known === undefined) return { ...state, denied: [...state.denied, denial] };
  if (image === undefined || namesOf(known).includes(image)) return state;
  return { ...state, denied: state.denied.map((each) => (each === known ? { ...each, image } : each)) };
}

/** Takes away every denial of that name, and of what was denied together with it: an identity and its image go together. */
export function allow(state: NodeState, name: string): NodeState {
  const together = new Set(
    state.denied
      .map(namesOf)
      .filter((names) => names.includes(name))
      .flat(),
  );
  const denied = state.denied.filter((each) => !namesOf(each).some((other) => together.has(other)));
  return together.size === 0 ? state : { ...state, denied };
}

/** Opens a trial; while one is open, nothing changes. */
export const openTrial = (state: NodeState, trial: Trial): NodeState =>
  state.trial === null ? { ...state, trial } : state;

/** Changes the trial of that deployment, or closes it (null). When another or none is open, nothing changes. */
export function changeTrial(state: NodeState, deployment: string, change: Partial<Trial> | null): NodeState {
  const { trial } = state;
  if (trial?.deployment !== deployment) return state;
  return { ...state, trial: change === null ? null : { ...trial, ...change } };
}

/** A person went back, and the order of deployments says so: nothing is on trial any more. */
export function wentBackByHand(state: NodeState, timeMs: number): NodeState {
  const { trial, boots } = state;
  if (trial?.byHand === undefined) return state;
  const denial = { deployment: trial.deployment, since: new Date(timeMs).toISOString(), why: 'rolled back by hand' };
  const { denied } = trial.byHand.deny && trial.drill !== true ? deny(state, denial) : state;
  const isBooted = boots.at(-1)?.deployment === trial.from;
  return { ...state, trial: null, denied, chosen: isBooted ? null : trial.from };
}

/** Names that failed on trial are gathered over its boots. */
export function withTrialFailures(state: NodeState, failed: readonly string[]): NodeState {
  const { trial } = state;
  if (trial === null || failed.every((name) => trial.trialFailures.includes(name))) return state;
  return { ...state, trial: { ...trial, trialFailures: [...new Set([...trial.trialFailures, ...failed])].sort() } };
}

type Values = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Values =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

function isState(value: unknown): value is NodeState {
  if (!isObject(value) || value['v'] !== 1) return false;
  const { trial, denied, boots, chosen } = value;
  return (
    (chosen === undefined || chosen === null || isText(chosen)) &&
    (trial === null || (isObject(trial) && isTrial(trial))) &&
    Array.isArray(denied) &&
    denied.every((denial) => isObject(denial) && isText(denial['deployment'])) &&
    Array.isArray(boots) &&
    boots.every((boot) => isObject(boot) && isText(boot['bootId']) && typeof boot['timeMs'] === 'number')
  );
}

function isTrial({ deployment, from, attempts, counted, phase, byHand, ...failures }: Values): boolean {
  const { baselineFailures, trialFailures } = failures;
  return (
    (byHand === undefined || isObject(byHand)) &&
    isText(deployment) &&
    isText(from) &&
    deployment !== from &&
    Number.isSafeInteger(attempts) &&
    Number.isSafeInteger(counted) &&
    (phase === 'armed' || phase === 'fell-back') &&
    (baselineFailures === null || isTexts(baselineFailures)) &&
    isTexts(trialFailures)
  );
}

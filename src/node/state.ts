import { GoodbootError } from '../core/errors.ts';
import { EMPTY_STATE, type NodeState, parseState, stateText } from '../core/node-state.ts';
import type { Files } from '../ports/files.ts';

export const STATE = '/var/lib/goodboot/state.json';

/**
 * The node's memory. A file that is not there is an empty one; one that cannot be understood is an error, since nobody
 * can tell what it said.
 * @throws GoodbootError STATE_UNREADABLE
 */
export async function loadState(files: Files): Promise<NodeState> {
  let text: string | null;
  try {
    text = await files.readText(STATE);
  } catch (cause) {
    throw new GoodbootError('STATE_UNREADABLE', STATE, { cause });
  }
  if (text === null) return EMPTY_STATE;
  const state = parseState(text);
  if (state === null) throw new GoodbootError('STATE_UNREADABLE', `${STATE}: ${text.length} bytes that are no state`);
  return state;
}

/** Whoever changes the state holds the lock of this file: the state itself is replaced, and a lock with it. */
const LOCK = '/var/lib/goodboot/state.lock';
/** A change is one small write. More than this is a disk that hangs. */
const LOCK_WAIT_MS = 30_000;

/** The state before a change and after it: the same object where there was nothing to change. */
export interface StateChange {
  readonly before: NodeState;
  readonly after: NodeState;
}

/**
 * The one way to change the state. `change` is pure, may be called twice, and is given what the disk holds at that moment,
 * whoever wrote it; answering the state that it was given means that there is nothing to do, and then nothing is written.
 * Durable when it resolves: after a power cut there is the old state or the new.
 * @throws GoodbootError STATE_UNREADABLE, FILE_LOCKED, FILE_UNWRITABLE, LIBRARY_MISSING
 */
export async function updateState(files: Files, change: (state: NodeState) => NodeState): Promise<StateChange> {
  // Most often there is nothing to do, and nobody to wait for.
  const seen = await loadState(files);
  if (change(seen) === seen) return { before: seen, after: seen };
  return files.exclusively(LOCK, LOCK_WAIT_MS, async () => {
    const before = await loadState(files);
    const after = change(before);
    if (after !== before) await files.replace(STATE, stateText(after), 0o600);
    return { before, after };
  });
}

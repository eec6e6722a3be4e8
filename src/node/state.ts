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

/** Durable when it resolves: after a power cut there is the old state or the new. @throws GoodbootError FILE_UNWRITABLE */
export const saveState = (files: Files, state: NodeState): Promise<void> =>
  files.replace(STATE, stateText(state), 0o600);

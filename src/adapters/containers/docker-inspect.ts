import type { ContainerState } from '../../ports/containers.ts';
import { answer, answers, countIn, healthOf, notUnderstood, parseJson, textIn } from './answer.ts';

/** Ids in the answer to `GET /containers/json`. @throws GoodbootError PROGRAM_OUTPUT */
export const parseDockerIds = (who: string, text: string): readonly string[] =>
  answers(who, parseJson(who, text)).map((entry) => {
    const id = textIn(who, entry, 'Id');
    // It goes into a path: nothing but an id may.
    if (!/^[0-9a-f]+$/.test(id)) throw notUnderstood(who, 'Id is not an id in the answer');
    return id;
  });

/** The container in the answer to `GET /containers/ID/json`. @throws GoodbootError PROGRAM_OUTPUT */
export function parseDockerContainer(who: string, text: string): ContainerState {
  const entry = answer(who, parseJson(who, text));
  const state = answer(who, entry['State']);
  const health = state['Health'] == null ? null : textIn(who, answer(who, state['Health']), 'Status');
  const config = answer(who, entry['Config'] ?? {});
  const startedAtMs = Date.parse(textIn(who, state, 'StartedAt'));
  if (Number.isNaN(startedAtMs)) throw notUnderstood(who, 'StartedAt is not a time in the answer');
  return {
    name: textIn(who, entry, 'Name').replace(/^\//, ''),
    status: textIn(who, state, 'Status'),
    health: health === null || health === 'none' ? null : healthOf(health),
    restarts: countIn(who, entry, 'RestartCount'),
    // The year 1, below zero, stands for never.
    startedAtMs: startedAtMs > 0 ? startedAtMs : null,
    exitCode: countIn(who, state, 'ExitCode'),
    image: typeof config['Image'] === 'string' ? config['Image'] : '',
    unit: null,
  };
}

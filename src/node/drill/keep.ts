import { type Drill, parseDrill } from '../../core/drill/drill.ts';
import type { DrillResult } from '../../core/drill/result.ts';
import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';

/** The drill that is not over; goodboot-drill.service looks after it as long as it is there. */
export const DRILL = '/var/lib/goodboot/drill.json';
export const LAST_DRILL = '/var/lib/goodboot/last-drill.json';
/** Held by whoever begins a drill or brings one to its end. */
export const DRILL_LOCK = '/var/lib/goodboot/drill.lock';
/** Longer than a look at what is there, shorter than a drill takes to begin. */
export const LOCK_WAIT_MS = 10_000;

/** Null: no drill is under way. @throws GoodbootError FILE_UNREADABLE */
export async function openDrill(files: Files): Promise<Drill | null> {
  const text = await files.readText(DRILL);
  if (text === null) return null;
  const drill = parseDrill(text);
  if (drill === null) throw new GoodbootError('FILE_UNREADABLE', `${DRILL}: ${text.length} bytes that are no drill`);
  return drill;
}

export const keepDrill = (files: Files, drill: Drill): Promise<void> =>
  files.replace(DRILL, `${JSON.stringify(drill, null, 1)}\n`);

/** The attempts of the drill that a deployment is made for; null: it is an update, or it cannot be told. */
export async function drillAttempts(files: Files, deployment: string): Promise<number | null> {
  const drill = parseDrill((await files.readText(DRILL).catch(() => null)) ?? '');
  return drill?.deployment === deployment ? drill.attempts : null;
}

/** How the last drill went; null: none was brought to an end here. @throws GoodbootError FILE_UNREADABLE */
export async function lastDrill(files: Files): Promise<DrillResult | null> {
  const text = await files.readText(LAST_DRILL);
  if (text === null) return null;
  try {
    const result = JSON.parse(text) as DrillResult;
    if (result.apiVersion !== 'goodboot/v1' || result.kind !== 'Drill') throw new Error('of another version');
    return result;
  } catch (cause) {
    throw new GoodbootError('FILE_UNREADABLE', `${LAST_DRILL}: not the result of a drill`, { cause });
  }
}

/** Keeps the result first: cut in between, the drill is looked at once more, and comes to the same. */
export async function closeDrill(files: Files, result: DrillResult): Promise<void> {
  await files.replace(LAST_DRILL, `${JSON.stringify(result, null, 1)}\n`);
  await files.remove(DRILL);
}

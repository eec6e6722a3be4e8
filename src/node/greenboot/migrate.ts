import { GoodbootError, messageOf } from '../../core/errors.ts';
import { type Change, type Place, samePlace } from '../../core/greenboot/migration.ts';
import type { Files } from '../../ports/files.ts';

/** What was changed, and what was there before: in /etc, so that it goes wherever the changes go. */
export const RECORD = '/etc/goodboot/migrated-from-greenboot.json';

/** A change, and what became of it. `kept`: somebody else has changed the place since, and it is left alone. */
export interface Told {
  readonly path: string;
  readonly change: 'write' | 'link' | 'remove' | 'kept';
}

/** The changes that lead to these places from what is there now. @throws GoodbootError FILE_UNREADABLE */
export async function changesTo(files: Files, wanted: ReadonlyMap<string, Place>): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for (const [path, after] of wanted) {
    const before = await placeAt(files, path);
    if (!samePlace(before, after)) changes.push({ path, before, after });
  }
  return changes;
}

/**
 * Makes the changes. First it is written down how to undo them all, so that nothing is lost when it is interrupted;
 * asking again goes on where it was.
 * @throws GoodbootError FILE_*, MIGRATION_INVALID
 */
export async function apply(files: Files, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const recorded = new Map((await readRecord(files)).map((change) => [change.path, change]));
  // What was there before the first migration is what a person wants back.
  for (const change of changes) {
    recorded.set(change.path, { ...change, before: recorded.get(change.path)?.before ?? change.before });
  }
  await files.makeDirectory('/etc/goodboot');
  await files.replace(RECORD, `${JSON.stringify({ v: 1, changes: [...recorded.values()] }, null, 2)}\n`);
  for (const { path, after } of changes) await put(files, path, after);
}

/** What undoing would do. @throws GoodbootError FILE_*, MIGRATION_INVALID */
export async function undoing(
  files: Files,
): Promise<{ readonly changes: readonly Change[]; readonly kept: readonly string[] }> {
  const changes: Change[] = [];
  const kept: string[] = [];
  for (const { path, before, after } of (await readRecord(files)).toReversed()) {
    const now = await placeAt(files, path);
    if (samePlace(now, before)) continue;
    if (samePlace(now, after)) changes.push({ path, before: after, after: before });
    else kept.push(path);
  }
  return { changes, kept };
}

/** Undoes it, and forgets it last. */
export async function revert(files: Files, changes: readonly Change[]): Promise<void> {
  for (const { path, after } of changes) await put(files, path, after);
  await files.remove(RECORD);
}

export const isMigrated = async (files: Files): Promise<boolean> => (await files.info(RECORD)) !== null;

export const toldOf = ({ path, after }: Change): Told => ({
  path,
  change: after.kind === 'absent' ? 'remove' : after.kind === 'file' ? 'write' : 'link',
});

async function placeAt(files: Files, path: string): Promise<Place> {
  const info = await files.info(path);
  if (info === null) return { kind: 'absent' };
  if (info.kind === 'link') return { kind: 'link', target: (await files.readLink(path)) ?? '' };
  if (info.kind === 'file') return { kind: 'file', content: (await files.readText(path)) ?? '' };
  throw new GoodbootError('FILE_UNREADABLE', `${path}: neither a file nor a link`);
}

async function put(files: Files, path: string, place: Place): Promise<void> {
  if (place.kind === 'absent') return await files.remove(path);
  await files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
  if (place.kind === 'file') await files.replace(path, place.content);
  else await files.link(place.target, path);
}

async function readRecord(files: Files): Promise<readonly Change[]> {
  const text = await files.readText(RECORD);
  if (text === null) return [];
  const invalid = (why: string) => new GoodbootError('MIGRATION_INVALID', `${RECORD}: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(messageOf(error));
  }
  if (!isRecord(value)) throw invalid('not the record of a migration');
  return value.changes;
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object';

const isRecord = (value: unknown): value is { readonly changes: readonly Change[] } =>
  isObject(value) && value['v'] === 1 && Array.isArray(value['changes']) && value['changes'].every(isChange);

const isChange = (value: unknown): value is Change =>
  isObject(value) && typeof value['path'] === 'string' && isPlace(value['before']) && isPlace(value['after']);

function isPlace(value: unknown): value is Place {
  if (!isObject(value)) return false;
  const { kind, target, content } = value;
  return (
    kind === 'absent' ||
    (kind === 'link' && typeof target === 'string') ||
    (kind === 'file' && typeof content === 'string')
  );
}

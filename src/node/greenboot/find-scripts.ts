import { messageOf } from '../../core/errors.ts';
import type { Entry, ScriptDirectory, ScriptKind } from '../../core/greenboot/scripts.ts';
import { CONF_PATH, type GreenbootSettings, problemText, readSettings } from '../../core/greenboot/settings.ts';
import type { FileInfo, Files } from '../../ports/files.ts';

/** As deep as anybody would nest scripts; a loop of links ends there. */
const MAX_DEPTH = 4;
/** A configuration of three keys; what is longer is none. */
const MAX_CONF_BYTES = 64 * 1024;

export interface Unreadable {
  readonly kind: ScriptKind;
  readonly why: string;
}

export interface FoundScripts {
  readonly entries: readonly Entry[];
  /** What could not be looked at, with the reason: scripts may be missing. */
  readonly unreadable: readonly Unreadable[];
}

/** Everything in the directories, in their order and then by name. A directory that does not exist holds nothing. */
export async function findScripts(
  files: Files,
  directories: readonly ScriptDirectory[],
  { subdirectories }: { readonly subdirectories: boolean },
): Promise<FoundScripts> {
  const found = await Promise.all(
    directories.map((directory) => look(files, directory, directory.path, subdirectories ? MAX_DEPTH : 1)),
  );
  return { entries: found.flatMap(({ entries }) => entries), unreadable: found.flatMap((each) => each.unreadable) };
}

async function look(files: Files, directory: ScriptDirectory, path: string, depth: number): Promise<FoundScripts> {
  let names: readonly string[] | null;
  try {
    names = await files.list(path);
    if (names === null && (await files.info(path)) !== null) throw new Error(`${path}: is no directory`);
  } catch (error) {
    return blind(directory, error);
  }
  const parts = await Promise.all((names ?? []).map((name) => one(files, directory, `${path}/${name}`, depth)));
  return { entries: parts.flatMap(({ entries }) => entries), unreadable: parts.flatMap((each) => each.unreadable) };
}

async function one(files: Files, directory: ScriptDirectory, path: string, depth: number): Promise<FoundScripts> {
  try {
    const info = await files.info(path, 'follow');
    if (info?.kind === 'directory') {
      if (depth > 1) return await look(files, directory, path, depth - 1);
      return { entries: [], unreadable: [] };
    }
    const executable = info !== null && (info.mode & 0o111) !== 0;
    return { entries: [{ path, directory, is: await kindOf(files, path, info), executable }], unreadable: [] };
  } catch (error) {
    return blind(directory, error);
  }
}

const blind = ({ kind }: ScriptDirectory, error: unknown): FoundScripts => ({
  entries: [],
  unreadable: [{ kind, why: `scripts may be missing: ${messageOf(error)}` }],
});

async function kindOf(files: Files, path: string, info: FileInfo | null): Promise<Entry['is']> {
  if (info === null || info.kind === 'other') {
    const target = await files.readLink(path);
    // Below another root there is no /dev.
    if (target === '/dev/null') return 'null-device';
    return info === null ? 'nothing' : 'other';
  }
  return info.kind === 'file' ? 'file' : 'other';
}

/** greenboot.conf, read and not executed. Trouble with it is a note: it is not the fault of this boot. */
export async function readConf(
  files: Files,
): Promise<{ readonly settings: GreenbootSettings; readonly notes: readonly string[] }> {
  try {
    const bytes = await files.readBytes(CONF_PATH, MAX_CONF_BYTES);
    const isWhole = bytes === null || bytes.length <= MAX_CONF_BYTES;
    const settings = readSettings(bytes === null ? null : new TextDecoder().decode(bytes.subarray(0, MAX_CONF_BYTES)));
    const tooLong = isWhole ? [] : [`${CONF_PATH}: longer than ${MAX_CONF_BYTES} bytes, the rest is not read`];
    return { settings, notes: [...problemText(settings.problems), ...tooLong] };
  } catch (error) {
    return { settings: readSettings(null), notes: [`it is as if it were not there: ${messageOf(error)}`] };
  }
}

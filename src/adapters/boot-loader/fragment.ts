import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { FRAGMENT_NAME, withBlock, withoutBlock } from './fragment-block.ts';
import { commandsOf, sourcedBy } from './grub-script.ts';
import { makeWritable, mountOf } from './mount.ts';

/** Fedora's place, then everybody else's. */
const DIRECTORIES = ['/boot/grub2', '/boot/grub'] as const;
/** The files that an administrator may write, the better one first: some systems read user.cfg before others count. */
const HOOKS = ['custom.cfg', 'user.cfg'] as const;
const MAX_BYTES = 256 * 1024;
/** GRUB has no users, and a password may stand there. */
const MODE = 0o600;
const SYNC_TIMEOUT_MS = 20_000;

/** Whether the grub.cfg of this machine runs the fragment, as far as its text tells. */
export type FragmentState = 'installed' | 'absent' | 'unreadable';

/** One file to write, or to remove (null). */
export interface FragmentChange {
  readonly path: string;
  readonly content: string | null;
}

/** Follows grub.cfg through the files that it reads. Only a boot proves that GRUB really does the same. */
export async function fragmentState(files: Files): Promise<FragmentState> {
  try {
    const directory = await findDirectory(files);
    return directory !== null && (await runsFragment(files, directory, 'grub.cfg')) ? 'installed' : 'absent';
  } catch (error) {
    if (error instanceof GoodbootError) return 'unreadable';
    throw error;
  }
}

/**
 * What to change, in this order, so that GRUB reads this fragment, or none any more (null). Empty: it is so already.
 * @throws GoodbootError BOOT_LOADER_UNSUPPORTED, FILE_UNREADABLE
 */
export async function planFragment(files: Files, wanted: string | null): Promise<readonly FragmentChange[]> {
  const directory = await findDirectory(files);
  if (directory === null) {
    if (wanted === null) return [];
    throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `no grub.cfg in ${DIRECTORIES.join(' or ')}`);
  }
  const grubCfg = `${directory}/grub.cfg`;
  const script = (await readScript(files, grubCfg)) ?? '';
  const hook = wanted !== null && !hasFragment(script) ? hookOf(script, grubCfg) : null;
  const changes: FragmentChange[] = [];
  for (const name of HOOKS) {
    const path = `${directory}/${name}`;
    const text = (await readScript(files, path)) ?? '';
    const content = name === hook ? withBlock(text) : withoutBlock(text);
    if (content === text) continue;
    await refuseUnlikely(files, path);
    if (name === hook && !sourcedBy(content).includes(FRAGMENT_NAME)) {
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `${path}: a quote or a brace is left open`, {
        hint: 'close it: GRUB would not see what is added after it',
      });
    }
    changes.push({ path, content: content === '' ? null : content });
  }
  const fragment = { path: `${directory}/${FRAGMENT_NAME}`, content: hook === null ? null : wanted };
  if ((await readScript(files, fragment.path)) === fragment.content) return changes;
  // What is read is there before the line that reads it, and goes after it.
  return hook === null ? [...changes, fragment] : [fragment, ...changes];
}

/**
 * Makes the changes. A /boot that is read-only is made writable for that moment, in this process's own mount namespace.
 * @throws GoodbootError FILE_UNWRITABLE, GRUBENV_UNWRITABLE, PROGRAM_*
 */
export async function applyFragment(
  changes: readonly FragmentChange[],
  { files, processes, warn }: { files: Files; processes: Processes; warn: (sentence: string) => void },
): Promise<void> {
  const [first] = changes;
  if (first === undefined) return;
  const directory = files.resolve(first.path.replace(/\/[^/]*$/, ''));
  const apply = async () => {
    for (const { path, content } of changes) {
      await (content === null ? files.remove(path) : files.replace(path, content, MODE));
    }
    // GRUB does not replay a journal: what it shall find must be in its place.
    const argv = ['sync', '--file-system', directory] as const;
    const { exitCode } = await processes.run(argv, { timeoutMs: SYNC_TIMEOUT_MS });
    if (exitCode !== 0) warn(`${directory} could not be synced: shut down cleanly before relying on it`);
  };
  try {
    return await apply();
  } catch (error) {
    if (!(error instanceof GoodbootError) || errnoOf(error.cause) !== 'EROFS') throw error;
  }
  const putBack = await makeWritable(await mountOf(directory), processes);
  try {
    await apply();
  } finally {
    const warning = await putBack();
    if (warning !== null) warn(warning);
  }
}

async function findDirectory(files: Files): Promise<string | null> {
  for (const directory of DIRECTORIES) if ((await files.info(`${directory}/grub.cfg`)) !== null) return directory;
  return null;
}

async function runsFragment(files: Files, directory: string, name: string, seen = new Set<string>()): Promise<boolean> {
  if (seen.has(name)) return false;
  seen.add(name);
  const text = await readScript(files, `${directory}/${name}`);
  if (text === null) return false;
  if (hasFragment(text)) return true;
  for (const next of sourcedBy(text)) if (await runsFragment(files, directory, next, seen)) return true;
  return false;
}

/** The fragment is known by what it proves itself with, also where bootupd has put it into grub.cfg. */
const hasFragment = (script: string): boolean =>
  commandsOf(script).some(([name, word]) => name === 'set' && word === 'goodboot_fragment=1');

function hookOf(script: string, grubCfg: string): string {
  const sourced = sourcedBy(script);
  const hook = HOOKS.find((name) => sourced.includes(name));
  if (hook !== undefined) return hook;
  throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `${grubCfg} reads neither ${HOOKS.join(' nor ')}`, {
    hint: `make it anew (grub2-mkconfig -o ${grubCfg}), or add: if [ -f $prefix/custom.cfg ]; then source $prefix/custom.cfg; fi`,
  });
}

/** A link would be replaced, not what it leads to; and what is no text would not be the same again when it is written. */
async function refuseUnlikely(files: Files, path: string): Promise<void> {
  const refuse = (why: string) =>
    new GoodbootError('BOOT_LOADER_UNSUPPORTED', `${path}: ${why}`, { hint: `make ${path} a plain text file` });
  const info = await files.info(path);
  if (info === null) return;
  if (info.kind !== 'file') throw refuse('a regular file was wanted');
  const bytes = await files.readBytes(path, MAX_BYTES);
  if (bytes !== null && !Buffer.from(bytes.toString('utf8')).equals(bytes)) throw refuse('it is not UTF-8');
}

async function readScript(files: Files, path: string): Promise<string | null> {
  const bytes = await files.readBytes(path, MAX_BYTES);
  if (bytes === null || bytes.length <= MAX_BYTES) return bytes?.toString('utf8') ?? null;
  throw new GoodbootError('FILE_UNREADABLE', `${path}: more than ${MAX_BYTES} bytes`);
}

import { posix } from 'node:path';
import { errnoOf, GoodbootError, messageOf } from '../core/errors.ts';
import type { Files } from '../ports/files.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { MAX_FILE_BYTES } from './parse.ts';
import { fault, type Problem, warning, wholeFile } from './problem.ts';

export const VENDOR_FILE = '/usr/lib/goodboot/config.yaml';
export const SITE_FILE = '/etc/goodboot/config.yaml';
/** Highest first: a name in one masks the same name in those after it. */
export const DROP_IN_DIRECTORIES = ['/etc/goodboot/config.d', '/run/goodboot/config.d', '/usr/lib/goodboot/config.d'];

/** Links that are followed from one file; more of them are a loop. */
const MAX_LINKS = 8;

/** A file of the search path: its bytes, or why it has none. Empty content says nothing, and still masks. */
export interface Source {
  readonly file: string;
  readonly content: Uint8Array | Problem;
}

/** Files that stand for one another, highest first: the first that is valid counts. Slots are merged in order. */
export interface Slot {
  readonly name: string;
  readonly sources: readonly Source[];
}

/** The built-in copy of the vendor file, for a machine that has none. */
export const BUILT_IN: Source = { file: 'built-in', content: new TextEncoder().encode(DEFAULT_CONFIG) };

/** Everything on the search path, lowest slot first, and what is ignored there. Never throws: trouble is a problem. */
export async function search(
  files: Files,
): Promise<{ readonly slots: readonly Slot[]; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const dropIns = new Map<string, Source[]>();
  for (const directory of DROP_IN_DIRECTORIES) {
    for (const name of await listDirectory(files, directory, problems)) {
      const file = posix.join(directory, name);
      if (isDropInName(name)) dropIns.set(name, [...(dropIns.get(name) ?? []), await readSource(files, file)]);
      else problems.push(ignored(file));
    }
  }
  const vendor = await readSource(files, VENDOR_FILE, null);
  const site = await readSource(files, SITE_FILE, null);
  const slots = [
    { name: 'vendor', sources: vendor === null ? [BUILT_IN] : [vendor, BUILT_IN] },
    { name: 'site', sources: site === null ? [] : [site] },
    ...[...dropIns].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, sources]) => ({ name, sources })),
  ];
  return { slots, problems };
}

export const isDropInName = (name: string): boolean => name.endsWith('.yaml') && !name.startsWith('.');

export const ignored = (file: string): Problem =>
  warning('CONFIG_IGNORED', wholeFile(file), 'ignored: a drop-in is named *.yaml, and does not start with a dot');

/** Reads one file. `absent` is the answer when there is none; by default that is a problem. */
export function readSource(files: Files, file: string): Promise<Source>;
export function readSource(files: Files, file: string, absent: null): Promise<Source | null>;
export async function readSource(files: Files, file: string, absent?: null): Promise<Source | null> {
  const unreadable = (message: string): Source => ({
    file,
    content: fault('CONFIG_UNREADABLE', wholeFile(file), message),
  });
  try {
    let path = file;
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const info = await files.info(path);
      if (info === null && path === file && absent === null) return null;
      if (info === null)
        return unreadable(path === file ? 'does not exist' : `a link to ${path}, which does not exist`);
      if (info.kind === 'file' && info.sizeBytes > MAX_FILE_BYTES) return unreadable(tooLarge(info.sizeBytes));
      if (info.kind === 'file') return await readContent(files, file, path);
      if (info.kind !== 'link')
        return unreadable(`${path === file ? '' : `a link to ${path}, `}${NOT_A_FILE[info.kind]}, a file was wanted`);
      const target = await files.readLink(path);
      if (target === '/dev/null') return { file, content: new Uint8Array() };
      path = posix.resolve(posix.dirname(path), target ?? '');
    }
    return unreadable(`more than ${MAX_LINKS} links follow one another`);
  } catch (error) {
    return unreadable(whyUnreadable(error));
  }
}

const NOT_A_FILE = { directory: 'a directory', other: 'a socket, device or pipe' } as const;

async function readContent(files: Files, file: string, path: string): Promise<Source> {
  const content = await files.readBytes(path, MAX_FILE_BYTES);
  if (content === null) throw new GoodbootError('CONFIG_UNREADABLE', 'vanished while it was read');
  if (content.length > MAX_FILE_BYTES) throw new GoodbootError('CONFIG_UNREADABLE', tooLarge(content.length));
  return { file, content };
}

async function listDirectory(files: Files, directory: string, problems: Problem[]): Promise<readonly string[]> {
  let why = 'it is not a directory';
  try {
    const names = await files.list(directory);
    if (names !== null) return names;
    if ((await files.info(directory)) === null) return [];
  } catch (error) {
    why = whyUnreadable(error);
  }
  problems.push(fault('CONFIG_UNREADABLE', wholeFile(directory), `its files are left out: ${why}`));
  return [];
}

const tooLarge = (bytes: number): string => `${bytes} bytes or more, at most ${MAX_FILE_BYTES} were wanted`;

/** The errno where there is one: the path stands in front of the message already. */
function whyUnreadable(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return errnoOf(cause) ?? messageOf(error);
}

import { commitOf, linkIn } from '../../core/deployment-link.ts';
import { parseEntryText } from '../../core/menu-entry.ts';
import type { Files } from '../../ports/files.ts';
import { ukiCommandLine } from './uki.ts';

/** A boot menu entry as a file: `NAME.conf` of the Boot Loader Specification, or a unified kernel image `NAME.efi`. */
export interface LoaderEntry {
  readonly path: string;
  readonly file: string;
  /** The name without counter, ending included: the same before and after an attempt. */
  readonly name: string;
  /** Attempts left and done, from `NAME+LEFT-DONE.conf`; null: its boots are not counted. */
  readonly tries: { readonly left: number; readonly done: number } | null;
}

/** As systemd-boot reads it: the last `+`, whole numbers, nothing between them and the ending. */
const COUNTED = /^(?<stem>.*)\+(?<left>\d{1,9})(?:-(?<done>\d{1,9}))?(?<ending>\.(?:conf|efi))$/i;
const ENTRY = /\.(?:conf|efi)$/i;
const MAX_ENTRY_BYTES = 64 * 1024;

/** Null for a file that is no entry. */
export function parseEntry(path: string): LoaderEntry | null {
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (!ENTRY.test(file)) return null;
  const { stem, left, done, ending } = COUNTED.exec(file)?.groups ?? {};
  if (stem === undefined || ending === undefined) return { path, file, name: file, tries: null };
  return { path, file, name: stem + ending, tries: { left: Number(left), done: Number(done ?? 0) } };
}

/** The entries in a directory; none when it does not exist. @throws GoodbootError FILE_UNREADABLE */
export async function entriesIn(files: Files, directory: string): Promise<readonly LoaderEntry[]> {
  const names = (await files.list(directory)) ?? [];
  return names.flatMap((name) => parseEntry(`${directory}/${name}`) ?? []);
}

/** Whether an entry starts a deployment, whatever the entry is called. @throws GoodbootError FILE_UNREADABLE */
export async function leadsTo(files: Files, path: string, deployment: string): Promise<boolean> {
  const isImage = /\.efi$/i.test(path);
  const text = isImage ? await ukiCommandLine(files, path) : await readEntry(files, path);
  if (text === null) return false;
  const link = isImage ? linkIn(text) : parseEntryText(text).ostree;
  if (link !== null) return (await commitBehind(files, link)) === deployment;
  // A composefs image is named by its digest: as composefs=, or in the path of a kernel image.
  return new RegExp(`(?<![0-9a-f])${deployment}(?![0-9a-f])`).test(text) && /^[0-9a-f]{64,128}$/.test(deployment);
}

async function readEntry(files: Files, path: string): Promise<string | null> {
  return (await files.readBytes(path, MAX_ENTRY_BYTES))?.toString('utf8') ?? null;
}

/** The commit of the deployment that a link of ostree leads to. The system's own root is below /sysroot when it runs. */
async function commitBehind(files: Files, link: string): Promise<string | null> {
  const target = (await files.readLink(link)) ?? (await files.readLink(`/sysroot${link}`));
  return target === null ? null : commitOf(target);
}

import type { GrubStart, Stub } from '../../core/doctor/facts.ts';
import { errnoOf } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { GrubView } from '../../ports/grub.ts';
import { grubCanWrite, isDevice, type Place, placeOf } from './can-count.ts';
import { startedFrom } from './firmware.ts';
import { fragmentState } from './fragment.ts';
import { sourcedBy } from './grub-script.ts';
import { looksForPassword, readPassword } from './password.ts';
import { readStub } from './stub.ts';

/** Fedora's place, then everybody else's. */
const DIRECTORIES = ['/boot/grub2', '/boot/grub'] as const;
/** Where an EFI system partition is mounted. */
const SYSTEM_PARTITIONS = ['/boot/efi', '/efi', '/boot'] as const;
const MAX_BYTES = 256 * 1024;

/** Tells where a directory lies. Only of the running machine: of a tree, the answer would be about this machine's disk. */
export type Locate = (path: string) => Promise<Place>;

/** GRUB's files below a root. `locate` null: where they lie cannot be asked. */
export function makeGrubView(
  files: Files,
  locate: Locate | null = files.resolve('/') === '/' ? placeOf : null,
): GrubView {
  return {
    async fragment() {
      const fragment = await fragmentState(files);
      const directory = await findDirectory(files);
      const scripts = directory === null ? [] : await scriptsOf(files, directory);
      const start = directory === null ? ({ kind: 'bios' } as const) : await startOf(files, directory, locate);
      const times = await Promise.all(scripts.map(async ({ path }) => (await files.info(path))?.modifiedMs ?? null));
      const changedMs = times.length === 0 || times.includes(null) ? null : Math.max(...times.map(Number));
      return { directory, fragment, start, changedMs };
    },
    async place(path) {
      if (locate === null) return { place: null, isLinkedAway: false };
      const { type, source } = await locate(files.resolve(path));
      const isLink = (await files.info(path))?.kind === 'link';
      const directory = isLink ? await locate(files.resolve(path.replace(/\/[^/]*$/, ''))) : null;
      const isLinkedAway = directory !== null && directory.source !== source;
      return { place: { type, source, canWrite: grubCanWrite(type, source) }, isLinkedAway };
    },
    async password() {
      const directory = await findDirectory(files);
      const scripts = directory === null ? [] : await scriptsOf(files, directory);
      return readPassword(files, looksForPassword(scripts.map(({ text }) => text)), scripts[0]?.text ?? '');
    },
  };
}

async function findDirectory(files: Files): Promise<string | null> {
  for (const directory of DIRECTORIES) if ((await files.info(`${directory}/grub.cfg`)) !== null) return directory;
  return null;
}

interface Script {
  readonly path: string;
  readonly text: string;
}

/** grub.cfg and every file beside it that it reads, in that order. */
async function scriptsOf(files: Files, directory: string): Promise<readonly Script[]> {
  const found: Script[] = [];
  const walk = async (name: string): Promise<void> => {
    const path = `${directory}/${name}`;
    if (found.some((script) => script.path === path)) return;
    const text = (await files.readBytes(path, MAX_BYTES))?.toString('utf8') ?? null;
    if (text === null) return;
    found.push({ path, text });
    for (const next of sourcedBy(text)) await walk(next);
  };
  await walk('grub.cfg');
  return found;
}

/** Follows GRUB from the firmware to that directory. */
async function startOf(files: Files, directory: string, locate: Locate | null): Promise<GrubStart> {
  const partition = await findSystemPartition(files);
  const isEfi = (await files.info('/sys/firmware/efi')) !== null;
  // A partition for machines of the other kind, as images for both have it, starts nothing on this one.
  if (!isEfi && (locate !== null || partition === null)) return { kind: 'bios' };
  if (partition === null) return { kind: 'unseen', why: 'the EFI system partition is not mounted' };
  const stubs = await stubsOn(files, partition);
  if (stubs.length === 0) return { kind: 'unseen', why: `there is no grub.cfg in ${partition}/EFI` };
  const from = await startedFrom(files);
  const started = stubs.filter(({ home }) => `efi/${home.toLowerCase()}` === from);
  const place = locate === null ? null : await locate(files.resolve(directory));
  const looked = (started.length > 0 ? started : stubs).map((stub) => lookAt(stub, directory, place));
  return { kind: 'stubs', stubs: await Promise.all(looked) };
}

async function findSystemPartition(files: Files): Promise<string | null> {
  for (const path of SYSTEM_PARTITIONS) if ((await files.list(`${path}/EFI`)) !== null) return path;
  return null;
}

interface StubFile {
  readonly home: string;
  readonly file: string;
  readonly text: string;
  /** What bootupd puts beside it. */
  readonly aside: string | null;
}

async function stubsOn(files: Files, partition: string): Promise<readonly StubFile[]> {
  const stubs: StubFile[] = [];
  for (const home of (await files.list(`${partition}/EFI`)) ?? []) {
    const file = `${partition}/EFI/${home}/grub.cfg`;
    const text = (await files.readBytes(file, MAX_BYTES))?.toString('utf8');
    if (text === undefined) continue;
    const aside = await files.readBytes(`${partition}/EFI/${home}/bootuuid.cfg`, MAX_BYTES);
    stubs.push({ home, file, text, aside: aside?.toString('utf8') ?? null });
  }
  return stubs;
}

async function lookAt({ file, text, aside }: StubFile, directory: string, place: Place | null): Promise<Stub> {
  const { search, directories, isWhole } = readStub(text, (name) => (name === 'bootuuid.cfg' ? aside : null));
  if (isWhole) return { file, leads: 'elsewhere', why: 'is all that GRUB reads' };
  if (directories.length === 0) return { file, leads: 'unknown', why: 'leads to no file that is understood' };
  const to = `leads to ${directories.join(' or ')}`;
  // Of a tree it is not known whether /boot will be a file system of its own.
  const wanted = place === null ? [directory, directory.replace(/^\/boot/, '')] : [place.inside];
  if (!directories.some((each) => wanted.includes(each))) return { file, leads: 'elsewhere', why: to };
  if (place === null) return { file, leads: 'here', why: to };
  if (search === null) return { file, leads: 'unknown', why: `${to}, on a disk that is not named` };
  const where = `${to} on the file system with the ${search.by} ${search.value}`;
  try {
    const isHere = await isDevice(place.source, search.by, search.value);
    // Several file systems may have a label, and which of them GRUB finds first is not known.
    if (isHere === true) return { file, leads: 'here', why: where };
    const isOther = isHere === false && search.by === 'uuid';
    return {
      file,
      leads: isOther ? 'elsewhere' : 'unknown',
      why: isHere === null ? `${where}, which is not there` : where,
    };
  } catch (error) {
    return { file, leads: 'unknown', why: `${where}: ${errnoOf(error) ?? 'failed'}` };
  }
}

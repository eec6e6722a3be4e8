import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { emptied, killCgroup, removeCgroups } from './cgroup.ts';
import { must, run, withLock } from './run.ts';

/** Every machine's files are in a directory of its own here: upper, work, root (the merged view), console.log. */
const LAB = join(tmpdir(), 'goodboot-lab');

/** A file to be put into the root before boot. The default mode is 0644. */
export type NewFile = string | Buffer | { readonly content: string | Buffer; readonly mode: number };

export const directoryOf = (name: string): string => join(LAB, name);

/** Mounts a writable root over read-only lower layers (uppermost first), on a tmpfs of its own. Gives its path. */
export async function mountRoot(name: string, lowers: readonly string[]): Promise<string> {
  const directory = directoryOf(name);
  await mkdir(directory, { recursive: true });
  await must(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'goodboot-lab', directory]);
  const [upper, work, root] = ['upper', 'work', 'root'].map((part) => join(directory, part));
  for (const part of [upper, work, root]) await mkdir(part!);
  const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work}`;
  await must(['mount', '-t', 'overlay', '-o', options, 'goodboot-lab', root!]);
  return root!;
}

/** Writes files below a root, with their directories. */
export async function putFiles(root: string, files: Readonly<Record<string, NewFile>>): Promise<void> {
  for (const [path, file] of Object.entries(files)) {
    const { content, mode } = typeof file === 'string' || Buffer.isBuffer(file) ? { content: file, mode: 0o644 } : file;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), mode); // whatever the umask is
  }
}

/** Ends a machine, whatever state it is in, and removes all that it left on this host. */
export async function clear(name: string): Promise<void> {
  killCgroup(name);
  await emptied(name);
  await run(['umount', '--recursive', '--lazy', directoryOf(name)]); // not mounted: nothing to do
  await rm(directoryOf(name), { recursive: true, force: true });
  await rm(`/run/systemd/nspawn/propagate/${name}`, { recursive: true, force: true }); // nspawn was killed
  await removeCgroups(name);
}

let count = 0;

/** A machine name that no living process uses; the owner's pid is in it. */
export const newName = (): string => `goodboot-${process.pid}-${++count}`;

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/** Clears the machines of processes that died before they could. */
export async function sweep(): Promise<void> {
  await withLock(join(LAB, 'lock'), async () => {
    for (const name of await readdir(LAB)) {
      const owner = /^goodboot-(\d+)-\d+$/.exec(name)?.[1];
      if (owner !== undefined && !isAlive(owner)) await clear(name);
    }
  });
}

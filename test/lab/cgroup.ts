import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MOUNT = '/sys/fs/cgroup';

/** Where cgroup v2 is: at the top, or (hybrid layout) beside the v1 hierarchies. */
const UNIFIED = existsSync(`${MOUNT}/cgroup.controllers`) ? MOUNT : `${MOUNT}/unified`;

/** The v1 hierarchy without controllers in which a hybrid host's systemd counts processes. */
const NAMED = existsSync(`${MOUNT}/systemd`) ? [`${MOUNT}/systemd`] : [];

/** A machine's own cgroup in each hierarchy that systemd-nspawn uses, v2 first. */
export const cgroupsOf = (name: string): readonly string[] => [UNIFIED, ...NAMED].map((mount) => join(mount, name));

export async function makeCgroups(name: string): Promise<void> {
  for (const directory of cgroupsOf(name)) await mkdir(directory, { recursive: true });
}

/** Kills all processes of the machine, nspawn and PID 1 too, in one write. Synchronous: it also serves at exit. */
export function killCgroup(name: string): void {
  const file = join(UNIFIED, name, 'cgroup.kill');
  if (existsSync(file)) writeFileSync(file, '1');
}

/** Waits until no process is left in the machine's cgroup. */
export async function emptied(name: string, timeoutMs = 10_000): Promise<void> {
  const file = join(UNIFIED, name, 'cgroup.events');
  for (const end = Date.now() + timeoutMs; existsSync(file); await delay(5)) {
    if (/^populated 0$/m.test(await readFile(file, 'utf8'))) return;
    if (Date.now() > end) throw new Error(`${file}: still populated after ${timeoutMs} ms`);
  }
}

/** Removes the machine's cgroups, innermost first. */
export async function removeCgroups(name: string): Promise<void> {
  const remove = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) await remove(join(directory, entry.name));
    await rmdir(directory);
  };
  for (const directory of cgroupsOf(name)) if (existsSync(directory)) await remove(directory);
}

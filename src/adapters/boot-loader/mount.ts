import { constants } from 'node:fs';
import { open, readFile, readlink } from 'node:fs/promises';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { Processes } from '../../ports/processes.ts';

/** One line of /proc/self/mountinfo, as far as it is needed here. */
export interface Mount {
  readonly id: number;
  readonly mountPoint: string;
  /** Options of this mount: `ro` here means read-only through this mount alone. */
  readonly options: readonly string[];
  /** Options of the file system itself, the same in every mount of it. */
  readonly superOptions: readonly string[];
}

/** Time for one mount(8): a disk that hangs longer has no business in a boot. */
const MOUNT_TIMEOUT_MS = 20_000;

/** Flags that a remount clears when they are not given anew. Those on access times stay by themselves. */
const MOUNT_FLAGS: ReadonlySet<string> = new Set(['nosuid', 'nodev', 'noexec', 'nosymfollow']);

/** The lines of a mountinfo file; what is not such a line is left out. */
export function parseMountInfo(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ', 2);
    const [id, , , , mountPoint, options] = left?.split(' ') ?? [];
    const superOptions = right?.split(' ')[2];
    if (mountPoint === undefined || options === undefined || superOptions === undefined) continue;
    mounts.push({
      id: Number(id),
      // The kernel writes space, tab, newline and backslash as three octal digits.
      mountPoint: mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
      options: options.split(','),
      superOptions: superOptions.split(','),
    });
  }
  return mounts;
}

/**
 * The mount through which a file is reached. The kernel is asked about the open file, not the path: links, and
 * mounts over mounts, are then no question.
 */
export async function mountOf(path: string): Promise<Mount> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const id = Number(/^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${file.fd}`, 'utf8'))?.[1]);
  const mount = await mountById(id);
  if (mount === undefined) throw new Error(`mount ${id} of ${path} is not in /proc/self/mountinfo`);
  return mount;
}

/** True when a file is on a read-only mount, and PID 1 has the same mounts. A file that cannot be looked at is none. */
export async function isReadOnlyForAll(path: string): Promise<boolean> {
  try {
    const { options, superOptions } = await mountOf(path);
    const { own, first } = await namespaces();
    return (options.includes('ro') || superOptions.includes('ro')) && own === first;
  } catch {
    return false;
  }
}

/**
 * Makes a read-only mount writable, in this process's own mount namespace only. What it resolves to puts back
 * exactly what was there, and answers null, or one sentence that says what is left behind.
 * @throws GoodbootError GRUBENV_UNWRITABLE
 */
export async function makeWritable(mount: Mount, processes: Processes): Promise<() => Promise<string | null>> {
  const { mountPoint } = mount;
  await refuseSharedNamespace(mountPoint);
  const flags = mount.options.filter((option) => MOUNT_FLAGS.has(option));
  const scope = mount.superOptions.includes('ro') ? 'superblock' : 'mount';
  const remount = (what: 'mount' | 'superblock', access: 'ro' | 'rw') =>
    runMount(processes, mountPoint, ['remount', ...(what === 'mount' ? ['bind'] : []), access, ...flags]);
  const refusal = await remount(scope, 'rw');
  if (refusal !== null) {
    throw new GoodbootError('GRUBENV_UNWRITABLE', `${mountPoint} is read-only and cannot be made writable: ${refusal}`);
  }
  return async () => {
    try {
      const trouble = await remount(scope, 'ro');
      // A remount of the superblock takes the mount's own flag along, which may have been `rw`.
      if (!mount.options.includes('ro')) await remount('mount', 'rw');
      const now = await mountById(mount.id);
      if (now !== undefined && optionsOf(now) === optionsOf(mount)) return null;
      return `${mountPoint} could not be put back as it was: ${trouble ?? 'its options are different now'}`;
    } catch (error) {
      return `${mountPoint} could not be put back as it was: ${messageOf(error)}`;
    }
  };
}

const optionsOf = ({ options, superOptions }: Mount): string => `${options} - ${superOptions}`;

async function mountById(id: number): Promise<Mount | undefined> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')).find((mount) => mount.id === id);
}

/** The mount namespaces of this process and of PID 1; null where it may not be looked at. */
async function namespaces(): Promise<{ readonly own: string | null; readonly first: string | null }> {
  const [own, first] = await Promise.all(['self', '1'].map((pid) => readlink(`/proc/${pid}/ns/mnt`).catch(() => null)));
  return { own: own ?? null, first: first ?? null };
}

/** A remount that the whole machine sees is never made, and not on a guess either. */
async function refuseSharedNamespace(mountPoint: string): Promise<void> {
  const { own, first } = await namespaces();
  if (first === null) {
    const message = `${mountPoint} is mounted read-only, and PID 1 does not show whether it shares this mount`;
    throw new GoodbootError('GRUBENV_UNWRITABLE', message, {
      hint: 'run it as root; in a unit, CapabilityBoundingSet= must have CAP_SYS_PTRACE beside CAP_SYS_ADMIN',
    });
  }
  if (first !== own) return;
  throw new GoodbootError('GRUBENV_UNWRITABLE', `${mountPoint} is mounted read-only for the whole machine`, {
    hint: 'run it in a mount namespace of its own, where /boot may be made writable for a moment: unshare --mount goodboot …',
  });
}

/** Null, or why it failed. The options are given whole, so fstab is not asked for more. */
async function runMount(processes: Processes, mountPoint: string, options: readonly string[]): Promise<string | null> {
  const argv = ['mount', '--options-mode', 'ignore', '-o', options.join(','), mountPoint] as const;
  const { exitCode, timedOut, stderr } = await processes.run(argv, { timeoutMs: MOUNT_TIMEOUT_MS });
  if (exitCode === 0) return null;
  if (timedOut) return 'mount did not end in time';
  return stderr.split('\n', 1)[0] || `mount ended with ${exitCode}`;
}

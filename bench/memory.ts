import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cgroupsOf } from '../test/lab/cgroup.ts';
import type { Machine } from '../test/lab/machine.ts';

const EVERY_MS = 4;

/** What has ended meanwhile has no memory. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Memory of all processes in these control groups, MiB: what is shared is shared out among those who have it. */
function residentMiB(directories: string): number {
  const pids = globSync(`${directories}/cgroup.procs`).flatMap((file) => read(file).split('\n').filter(Boolean));
  const kib = pids.map((pid) => Number(/^Pss: +(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}

/**
 * The most memory, MiB, that the processes of some units had at once while `action` ran. Looking costs time: no time is
 * taken of such a run.
 * @param units names below system.slice, and its slices: a pattern of a file name
 */
export async function peakMemory(machine: Machine, units: string, action: () => Promise<unknown>): Promise<number> {
  const directories = join(cgroupsOf(machine.name)[0]!, 'payload/system.slice', units);
  let [peak, isOver] = [0, false];
  const ended = action().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    peak = Math.max(peak, residentMiB(directories));
    await delay(EVERY_MS);
  }
  await ended;
  return peak;
}

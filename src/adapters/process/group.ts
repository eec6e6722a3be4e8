import { errnoOf } from '../../core/errors.ts';

const live = new Set<number>();
process.on('exit', () => {
  for (const pid of live) killGroup(pid, 'SIGKILL');
});

/** From here on the group is killed if this process exits first. Returns what ends that. */
export function adoptGroup(pid: number): () => void {
  live.add(pid);
  return () => live.delete(pid);
}

/** Whether anybody is left in a process group. */
export function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === 'EPERM';
  }
}

/** Signals a process group. Nobody left in it (ESRCH) is success; EPERM (it changed its user) is left to the waiter's bound. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno !== 'ESRCH' && errno !== 'EPERM') throw thrown;
  }
}

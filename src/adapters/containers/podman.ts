import { GoodbootError } from '../../core/errors.ts';
import { findUser, PASSWD_FILES } from '../../core/passwd.ts';
import type { ContainerList } from '../../ports/containers.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes, RunOptions } from '../../ports/processes.ts';
import { notUnderstood } from './answer.ts';
import { parsePodmanPs } from './podman-ps.ts';

/** One process tells all that is needed, health and restarts too; `podman inspect` would be a second. */
const ARGV = ['podman', 'ps', '--all', '--format', 'json'] as const;
/** A container takes 1 to 2 KB of it, more with long labels: room for some thousands. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Far above the 40 ms that it takes: podman may have to wait for its own locks while images are pulled. */
const TIMEOUT_MS = 60_000;

export interface PodmanQuery {
  readonly processes: Processes;
  readonly files: Files;
  /** Null: root. */
  readonly user: string | null;
  readonly signal: AbortSignal;
}

/** What podman of root or of a user runs. A user needs no login session, but its runtime directory: who has none runs nothing. */
export async function listPodman({ processes, files, user, signal }: PodmanQuery): Promise<ContainerList> {
  const who = `podman of ${user ?? 'root'}`;
  const owner = user === null ? asRoot() : await asUser(files, user);
  if ('none' in owner) return owner;
  // A directory that any user may be in: podman refuses to start in one that it cannot read.
  const ran = await processes.run(ARGV, {
    ...owner,
    signal,
    cwd: '/',
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  if (ran.timedOut || signal.aborted) throw new GoodbootError('PROGRAM_TIMEOUT', `${who}: no answer in time`);
  if (ran.exitCode !== 0) throw new GoodbootError('PROGRAM_FAILED', `${who}: ${lastLine(ran.stderr)}`);
  if (ran.truncated) throw notUnderstood(who, `the answer is longer than ${MAX_OUTPUT_BYTES} bytes`);
  return parsePodmanPs(who, ran.stdout);
}

type Owner = Pick<RunOptions, 'uid' | 'gid' | 'env'>;

function asRoot(): Owner {
  // Anybody else's podman would answer for its own containers.
  if (process.geteuid?.() !== 0)
    throw new GoodbootError('NEEDS_ROOT', "podman of root: only root can see root's containers");
  return { env: { HOME: '/root' } };
}

async function asUser(files: Files, name: string): Promise<Owner | { readonly none: string }> {
  const texts = await Promise.all(PASSWD_FILES.map((path) => files.readText(path)));
  const user = findUser(texts.join('\n'), name);
  if (user === null) return { none: `there is no user ${name}` };
  const runtime = `/run/user/${user.uid}`;
  if ((await files.info(runtime)) === null) {
    return { none: `${name} has no ${runtime}, so is neither logged in nor lingering` };
  }
  return { uid: user.uid, gid: user.gid, env: { HOME: user.home, XDG_RUNTIME_DIR: runtime } };
}

/** Podman warns about much before it says what went wrong. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) || 'it failed and said nothing';

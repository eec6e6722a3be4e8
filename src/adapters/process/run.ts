import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { Processes, RunOptions, RunResult } from '../../ports/processes.ts';
import { capture } from './capture.ts';
import { adoptGroup, isGroupAlive, killGroup } from './group.ts';

/** Where programs are looked for: no directory that anybody but root can write. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_OUTPUT_BYTES = 64 * 1024;
/** Time from SIGTERM to SIGKILL, and then for the kernel to take the program away (it cannot during stuck I/O). */
const GRACE_MS = 2000;
/** Longest time that one timer takes; above it Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Time for output that is still in the pipes when the program has ended. */
const DRAIN_MS = 200;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
type End = Pick<RunResult, 'exitCode' | 'signal' | 'timedOut'>;

/**
 * Runs real programs. Whatever a program started in its process group is killed when it ends, so that nothing is left
 * behind; a daemon that made a session of its own is left to the unit's control group.
 */
export function makeProcesses(): Processes {
  return { run };
}

async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  if (options.signal?.aborted) {
    throw new GoodbootError('PROGRAM_TIMEOUT', `${argv[0]}: not started, the time was over before`);
  }
  const startedMs = performance.now();
  const { child, pid } = await start(argv, options);
  const maxBytes = options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const stdout = capture(child.stdout, maxBytes);
  const stderr = capture(child.stderr, maxBytes);
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => options.onOutput?.(chunk, name));
  }
  const end = await ended(child, pid, options);
  return {
    argv,
    ...end,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated() || stderr.truncated(),
    durationMs: performance.now() - startedMs,
  };
}

async function start(
  argv: readonly [string, ...string[]],
  options: RunOptions,
): Promise<{ child: Child; pid: number }> {
  const [program, ...args] = argv;
  const { cwd, uid, gid } = options;
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...(options.env ?? inherited()), LC_ALL: 'C', PATH },
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    await once(child, 'spawn');
    // A program that does not read what it is given is no trouble of ours (EPIPE).
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(options.input ?? '');
    return { child, pid: child.pid! };
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT')
      throw new GoodbootError('PROGRAM_FAILED', `${program}: cannot be started`, { cause });
    // The kernel says ENOENT for three different things.
    if (cwd !== undefined && !existsSync(cwd)) {
      throw new GoodbootError('PROGRAM_FAILED', `${program}: its directory ${cwd} does not exist`, { cause });
    }
    const what = existsSync(program) && program.includes('/') ? 'its interpreter is not installed' : 'no such program';
    throw new GoodbootError('PROGRAM_MISSING', `${program}: ${what}`, { cause });
  }
}

/** Without the socket of this unit: podman would tell systemd that a container is ready, and wait for it to listen. */
function inherited(): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, ...others } = process.env;
  return others;
}

/** Waits for the end, and brings it about when the time is over. Resolves in any case, also when a kill fails. */
function ended(child: Child, pid: number, options: RunOptions): Promise<End> {
  return new Promise((resolve) => {
    let timedOut = false;
    let timer = setTimeout(stop, Math.min(options.timeoutMs, MAX_TIMER_MS));
    const letGo = adoptGroup(pid);
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted) stop();
    child.once('exit', () => {
      // A timeout ends all of it in any case.
      if (options.keepChildren !== true || timedOut) killGroup(pid, 'SIGKILL');
      // A number that nothing has any more may become another's.
      if (options.keepChildren !== true || timedOut || !isGroupAlive(pid)) letGo();
      clearTimeout(timer);
      timer = setTimeout(finish, DRAIN_MS);
    });
    child.once('close', finish);

    function stop(): void {
      if (timedOut || child.exitCode !== null || child.signalCode !== null) return;
      timedOut = true;
      clearTimeout(timer);
      killGroup(pid, 'SIGTERM');
      timer = setTimeout(() => {
        killGroup(pid, 'SIGKILL');
        timer = setTimeout(finish, GRACE_MS);
      }, GRACE_MS);
    }

    function finish(): void {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
      child.stdin.destroy();
      for (const stream of [child.stdout, child.stderr]) {
        // Its children may go on writing, and would be ended by a pipe that nobody reads; they keep nobody waiting.
        if (options.keepChildren === true && !timedOut) (stream as Socket).unref();
        else stream.destroy();
      }
      child.unref();
      resolve({ exitCode: child.exitCode, signal: child.signalCode, timedOut });
    }
  });
}

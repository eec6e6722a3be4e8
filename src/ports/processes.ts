export interface RunOptions {
  /** The program and all its children are ended after this time: SIGTERM, then SIGKILL. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Kept of each of stdout and stderr; what is over it is read and dropped, and `truncated` says so. Default 64 KiB. */
  readonly maxOutputBytes?: number;
  /** Replaces the environment; `LC_ALL=C` and a fixed `PATH` are always set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Given to the program on stdin; without it stdin is empty. */
  readonly input?: string;
  readonly cwd?: string;
  /** Given each piece of output as it comes, beside what is kept. */
  readonly onOutput?: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
  /** What the program leaves running is ended with this process, not with the program; `onOutput` is given what it says. */
  readonly keepChildren?: boolean;
  readonly uid?: number;
  readonly gid?: number;
}

/** How a program ended. Exactly one of `exitCode` and `signal` is set, except after a failed kill. */
export interface RunResult {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** Runs programs: an argument array, never a shell line; own process group; bounded time and output. */
export interface Processes {
  /**
   * Resolves however the program ended; a background child that keeps a pipe open is not waited for.
   * @throws GoodbootError PROGRAM_MISSING when there is no such program, PROGRAM_FAILED when it cannot be started
   */
  run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult>;
}

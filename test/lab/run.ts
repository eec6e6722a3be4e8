import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface RunOptions {
  /** The whole process group is killed after this time, and the call rejects. */
  readonly timeoutMs?: number;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs a program to its end, whatever its exit status (128 + n for a signal n is not told apart: it is -1). */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { timeoutMs = 10_000, input = '', env = {} } = options;
  const [file = '', ...args] = argv;
  // Its own process group: a kill also reaches what nsenter started in the machine.
  const child = spawn(file, args, { detached: true, env: { PATH, LC_ALL: 'C', HOME: '/root', ...env } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  child.stdin.on('error', () => undefined); // it may end without reading its input
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    reject(new Error(`${argv.join(' ')}: no end after ${timeoutMs} ms\n${output.stdout}${output.stderr}`));
  }, timeoutMs);
  child.on('error', reject);
  child.on('close', (code) => resolve({ exitCode: code ?? -1, ...output }));
  return promise.finally(() => clearTimeout(timer));
}

/** As `run`, but anything other than exit status 0 is an error with what the program said. Gives stdout. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await run(argv, options);
  if (ran.exitCode === 0) return ran.stdout;
  throw new Error(`${argv.join(' ')}: exit status ${ran.exitCode}\n${ran.stdout}${ran.stderr}`);
}

/** Runs `action` while this process alone holds the lock. The kernel frees it when the process dies. */
export async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  // cat echoes the first line only once flock has the lock, and ends, freeing it, when its stdin closes.
  const holder = spawn('flock', ['--exclusive', '--timeout', '600', file, 'cat']);
  const { promise: held, resolve, reject } = Promise.withResolvers<unknown>();
  holder.stdout.once('data', resolve);
  holder.on('error', reject);
  holder.on('close', () => reject(new Error(`${file}: the lock was not free within 600 s`)));
  holder.stdin.write('held\n');
  try {
    await held;
    return await action();
  } finally {
    holder.stdin.end();
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeProcesses } from '../../src/adapters/process/run.ts';

const processes = makeProcesses();
const PROGRAMS = join(import.meta.dirname, '../fixtures/programs');
const sh = (name: string, ...args: string[]): [string, ...string[]] => ['/bin/sh', join(PROGRAMS, name), ...args];

let directory: string;
/** An argument of `sleep` that nothing else on the machine has. */
let seconds: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodboot-processes-'));
  seconds = `300.${process.pid}${Math.floor(Math.random() * 1e9)}`;
});

afterEach(async () => {
  for (const pid of sleepers()) process.kill(pid, 'SIGKILL');
  await rm(directory, { recursive: true });
});

function sleepers(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandLine(pid).includes(seconds)).map(Number);
}

/** Empty for a process that is gone, or dead and not yet collected. */
function commandLine(pid: string): string[] {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return argv[0] === 'sleep' ? argv : [];
  } catch {
    return [];
  }
}

const nobodyIsLeft = () => vi.waitFor(() => expect(sleepers()).toEqual([]), { timeout: 2000 });

describe('a program that ends by itself', () => {
  it('is given its arguments as they are, with no shell in between', async () => {
    const result = await processes.run(['printf', '%s|', 'a b', '$HOME', '; id', '*'], { timeoutMs: 5000 });
    expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: false, truncated: false, stderr: '' });
    expect(result.stdout).toBe('a b|$HOME|; id|*|');
  });

  it.each([0, 1, 20, 255])('has its exit status %i in the result', async (status) => {
    const result = await processes.run(['sh', '-c', `echo out; echo err >&2; exit ${status}`], { timeoutMs: 5000 });
    expect(result).toMatchObject({ exitCode: status, signal: null, stdout: 'out\n', stderr: 'err\n' });
  });

  it.each(['SIGSEGV', 'SIGKILL', 'SIGTERM'] as const)('has %s in the result when that ended it', async (signal) => {
    const result = await processes.run(['sh', '-c', `kill -${signal.slice(3)} $$`], { timeoutMs: 5000 });
    expect(result).toMatchObject({ exitCode: null, signal, timedOut: false });
  });

  it('is waited for when it closes its output before it ends', async () => {
    expect(await processes.run(sh('close-output.sh'), { timeoutMs: 5000 })).toMatchObject({ exitCode: 7, stdout: '' });
  });

  it('reads what it is given on its standard input, and need not read it', async () => {
    const input = 'a\u20ac\n'.repeat(100_000);
    const read = await processes.run(['wc', '-c'], { timeoutMs: 5000, input });
    expect(read).toMatchObject({ exitCode: 0, stdout: '500000\n' });
    expect(await processes.run(['true'], { timeoutMs: 5000, input })).toMatchObject({ exitCode: 0 });
  });

  it('finds nothing on its standard input', async () => {
    expect(await processes.run(['cat'], { timeoutMs: 5000 })).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('the surroundings of a program', () => {
  it('are the given environment, with LC_ALL and PATH that cannot be replaced', async () => {
    const env = { A: '1', LC_ALL: 'de_DE.UTF-8', PATH: '/tmp' };
    const { stdout } = await processes.run(['env'], { timeoutMs: 5000, env });
    expect(stdout.trim().split('\n').sort()).toEqual([
      'A=1',
      'LC_ALL=C',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  it('are the wanted directory and user, without the groups of root', async () => {
    const script = 'pwd; id -u; id -g; id -G';
    const result = await processes.run(['sh', '-c', script], { timeoutMs: 5000, cwd: '/usr', uid: 65534, gid: 65533 });
    expect(result.stdout.trim().split('\n')).toEqual(['/usr', '65534', '65533', '65533']);
  });
});

describe('a program that cannot be started', () => {
  const run = (argv: [string, ...string[]], cwd?: string) =>
    processes.run(argv, cwd === undefined ? { timeoutMs: 5000 } : { timeoutMs: 5000, cwd });

  it('is PROGRAM_MISSING when no such program is in PATH', async () => {
    await expect(run(['goodboot-no-such-program'])).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      message: 'goodboot-no-such-program: no such program',
    });
  });

  it('is PROGRAM_MISSING, with another reason, when its interpreter is not installed', async () => {
    const path = join(directory, 'script');
    await writeFile(path, '#!/no/such/interpreter\n', { mode: 0o755 });
    await expect(run([path])).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      message: `${path}: its interpreter is not installed`,
    });
  });

  it('is PROGRAM_FAILED when it may not be run', async () => {
    const path = join(directory, 'plain');
    await writeFile(path, 'text');
    await expect(run([path])).rejects.toMatchObject({ code: 'PROGRAM_FAILED', cause: { code: 'EACCES' } });
  });

  it('is PROGRAM_FAILED, and names the directory, when that does not exist', async () => {
    await expect(run(['true'], '/no/such/dir')).rejects.toMatchObject({
      code: 'PROGRAM_FAILED',
      message: 'true: its directory /no/such/dir does not exist',
    });
  });

  it('is PROGRAM_FAILED when an argument cannot be handed over', async () => {
    await expect(run(['true', 'a\0b'])).rejects.toMatchObject({ code: 'PROGRAM_FAILED' });
  });
});

describe('output', () => {
  it('over the limit is read and dropped, and the result says so', async () => {
    const result = await processes.run(sh('flood.sh'), { timeoutMs: 15_000, maxOutputBytes: 1000 });
    expect(result).toMatchObject({ exitCode: 0, truncated: true, stdout: 'x'.repeat(1000), stderr: 'flooded\n' });
  });

  it('of exactly the limit is not truncated', async () => {
    const result = await processes.run(['printf', '12345'], { timeoutMs: 5000, maxOutputBytes: 5 });
    expect(result).toMatchObject({ truncated: false, stdout: '12345' });
  });

  it('is never cut through a character', async () => {
    const result = await processes.run(['printf', 'ab\u20ac'], { timeoutMs: 5000, maxOutputBytes: 4 });
    expect(result).toMatchObject({ truncated: true, stdout: 'ab' });
  });
});

describe('a program whose time is over', () => {
  it('is ended by SIGTERM', async () => {
    const result = await processes.run(['sleep', seconds], { timeoutMs: 100 });
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGTERM', timedOut: true });
    expect(result.durationMs).toBeLessThan(1900);
    await nobodyIsLeft();
  });

  it('is timed out also when it answers SIGTERM with exit status 0', async () => {
    const { over, running } = await untilReady('polite.sh');
    over.abort();
    expect(await running).toMatchObject({ exitCode: 0, timedOut: true });
    await nobodyIsLeft();
  });

  it('is ended by SIGKILL two seconds later when it ignores SIGTERM', async () => {
    const { over, running } = await untilReady('ignore-term.sh');
    const abortedMs = performance.now();
    over.abort();
    expect(await running).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true });
    expect(performance.now() - abortedMs).toBeGreaterThan(1900);
    await nobodyIsLeft();
  });

  it('takes its children with it, also those that ignore SIGTERM', async () => {
    const { over, running } = await untilReady('grandchild.sh');
    expect(sleepers()).toHaveLength(1);
    over.abort();
    expect(await running).toMatchObject({ signal: 'SIGTERM', timedOut: true });
    await nobodyIsLeft();
  });

  it('is not waited for without end when it cannot be killed', async () => {
    const script = join(PROGRAMS, 'run-without-kill.ts');
    const argv: [string, ...string[]] = ['setpriv', '--bounding-set=-kill', '--', process.execPath, script, seconds];
    const result = await processes.run(argv, { timeoutMs: 15_000 });
    expect(result).toMatchObject({ exitCode: 0, timedOut: false });
    expect(JSON.parse(result.stdout)).toMatchObject({ exitCode: null, signal: null, timedOut: true });
    expect(sleepers()).toHaveLength(1);
  });

  it('is not even started when it was over before', async () => {
    const signal = AbortSignal.abort();
    await expect(processes.run(['sleep', seconds], { timeoutMs: 5000, signal })).rejects.toMatchObject({
      code: 'PROGRAM_TIMEOUT',
    });
    expect(sleepers()).toEqual([]);
  });

  async function untilReady(name: string) {
    const ready = join(directory, 'ready');
    const over = new AbortController();
    const running = processes.run(sh(name, seconds, ready), { timeoutMs: 60_000, signal: over.signal });
    await vi.waitFor(() => expect(sleepers().length > 0 && readFileSync(ready)).toBeTruthy(), { timeout: 5000 });
    return { over, running };
  }
});

describe('what a program leaves behind', () => {
  it('is killed when the program ends, and does not hold up the result', async () => {
    const result = await processes.run(sh('leave-behind.sh', seconds), { timeoutMs: 10_000 });
    expect(result).toMatchObject({ exitCode: 0, timedOut: false, stdout: 'done\n' });
    expect(result.durationMs).toBeLessThan(5000);
    await nobodyIsLeft();
  });

  it('does not hold up the result when it made a session of its own, with the pipe in its hands', async () => {
    const result = await processes.run(sh('escape.sh', seconds, join(directory, 'ready')), { timeoutMs: 10_000 });
    expect(result).toMatchObject({ exitCode: 0, timedOut: false, stdout: 'done\n' });
    expect(result.durationMs).toBeLessThan(5000);
    expect(sleepers()).toHaveLength(1);
  });

  it('lives on when that is wanted, and what it says is still told, until goodboot itself exits', async () => {
    const said: string[] = [];
    const script = `sleep ${seconds} & (sleep 0.5; echo late) & echo first`;
    const result = await processes.run(['sh', '-c', script], {
      timeoutMs: 10_000,
      maxOutputBytes: 0,
      keepChildren: true,
      onOutput: (chunk, stream) => said.push(`${stream} ${Buffer.from(chunk)}`),
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: '', truncated: true });
    expect(said).toEqual(['stdout first\n']);
    await vi.waitFor(() => expect(said).toEqual(['stdout first\n', 'stdout late\n']), { timeout: 5000 });
    expect(sleepers()).toHaveLength(1);
  });

  it('that was to live on goes with the program when that did not end in time', async () => {
    const script = `sleep ${seconds} & wait`;
    const result = await processes.run(['sh', '-c', script], { timeoutMs: 300, keepChildren: true });
    expect(result).toMatchObject({ timedOut: true });
    await nobodyIsLeft();
  });

  it.each([
    ['is killed', 'ignore-term.sh', false],
    ['is killed, though it was to live on longer than its program,', 'leave-behind.sh', true],
  ])('%s when goodboot itself exits first', async (_, program, keepChildren) => {
    const script = join(PROGRAMS, 'exit-while-running.ts');
    const argv = [script, ...sh(program, seconds, join(directory, 'ready'))];
    const env = keepChildren ? { KEEP_CHILDREN: 'yes' } : {};
    expect(await processes.run([process.execPath, ...argv], { timeoutMs: 10_000, env })).toMatchObject({ exitCode: 0 });
    await nobodyIsLeft();
  });
});

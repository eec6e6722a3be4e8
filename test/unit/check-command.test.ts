import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { check } from '../../checks/command/check.ts';
import { type CommandOptions, type } from '../../checks/command/options.ts';
import { lastLine, tail } from '../../checks/command/words.ts';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import { findUser } from '../../src/core/passwd.ts';
import type { CheckContext } from '../../src/ports/check.ts';

let root: string;

beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'goodboot-command-'));
});

afterEach(() => fs.rm(root, { recursive: true }));

function run(options: v.InferInput<typeof type.schema>, signal = AbortSignal.timeout(10_000), filesRoot = '/') {
  const ports: Record<string, unknown> = {
    clock: makeClock(),
    files: makeFiles(filesRoot),
    processes: makeProcesses(),
  };
  const use = (async (name: string) => ports[name]) as CheckContext<CommandOptions>['use'];
  return check.run({ options: v.parse(type.schema, options), use, signal, stableMs: 0 });
}

const script = (text: string): [string, ...string[]] => ['sh', '-c', text];

describe('the command check', () => {
  it('passes when the program ends with 0, and keeps what it said', async () => {
    expect(await run({ argv: script('echo fine; echo noted >&2') })).toEqual({
      state: 'pass',
      facts: { exitStatus: 0, signal: null, stdout: 'fine\n', stderr: 'noted\n', truncated: false },
    });
  });

  it.each([
    { argv: script('exit 3'), reason: 'sh ended with exit status 3; exit status 0 was wanted' },
    {
      argv: script('echo out; echo "disk on fire" >&2; echo >&2; exit 1'),
      reason: 'sh ended with exit status 1 and said "disk on fire"; exit status 0 was wanted',
    },
    {
      argv: script('echo out; exit 1'),
      reason: 'sh ended with exit status 1 and said "out"; exit status 0 was wanted',
    },
    { argv: script('kill -SEGV $$'), reason: 'sh was ended by SIGSEGV; exit status 0 was wanted' },
    { argv: script('exit 0'), success: [1, 2], reason: 'sh ended with exit status 0; exit status 1 or 2 was wanted' },
  ])('fails when $reason', async ({ reason, ...options }) => {
    expect(await run(options)).toMatchObject({ state: 'fail', reason });
  });

  it('passes with another exit status that is declared as success', async () => {
    expect(await run({ argv: script('exit 2'), success: [1, 2] })).toMatchObject({ state: 'pass' });
  });

  it('skips with an exit status that is declared so', async () => {
    expect(await run({ argv: script('echo "no modem here"; exit 77'), skip: [77] })).toEqual({
      state: 'skip',
      reason: 'sh does not apply here: it ended with exit status 77 and said "no modem here"',
    });
  });

  it('fails when the program does not end within the time of the probe, also if it does not want to be ended', async () => {
    const pidFile = join(root, 'pid');
    const over = new AbortController();
    const outcome = run({ argv: script(`trap '' TERM; echo $$ > ${pidFile}; sleep 301`) }, over.signal);
    await vi.waitFor(async () => expect(await fs.readFile(pidFile, 'utf8')).toMatch(/\n/), { timeout: 5000 });
    const abortedMs = performance.now();
    over.abort();
    expect(await outcome).toMatchObject({
      state: 'fail',
      reason: expect.stringMatching(/^sh did not end within \d+(\.\d+)? m?s$/),
    });
    expect(performance.now() - abortedMs).toBeLessThan(1000);
    // It is ended all the same, a little later.
    const group = -Number(await fs.readFile(pidFile, 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(group, 0)).toThrow('ESRCH'), { timeout: 5000 });
  });

  it('cannot tell when there is no such program', async () => {
    await expect(run({ argv: ['goodboot-no-such-program'] })).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  });

  it('keeps only the end of long output', async () => {
    const outcome = await run({ argv: script('seq 100000; exit 1') });
    expect(outcome).toMatchObject({
      reason: 'sh ended with exit status 1 and said "100000"; exit status 0 was wanted',
      facts: { stdout: expect.stringMatching(/\n99999\n100000\n$/) },
    });
    expect(JSON.stringify(outcome).length).toBeLessThan(2048);
  });

  it('gives the program the wanted directory and environment, and nothing else', async () => {
    const outcome = await run({ argv: script('pwd; env | sort'), cwd: '/usr', env: { A: 'b c' } });
    expect(outcome).toMatchObject({
      facts: {
        stdout: '/usr\nA=b c\nLC_ALL=C\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/usr\n',
      },
    });
  });

  it.each(['etc', 'usr/lib'])('runs as the wanted user of /%s/passwd', async (place) => {
    await fs.mkdir(join(root, place), { recursive: true });
    await fs.writeFile(join(root, place, 'passwd'), 'root:x:0:0:::\napp:x:65531:65532:App:/var/app:/bin/sh\n');
    const argv = script('echo $(id -u) $(id -G) $HOME $USER $LOGNAME');
    const outcome = await run({ argv, user: 'app' }, undefined, root);
    expect(outcome).toMatchObject({ state: 'pass', facts: { stdout: '65531 65532 /var/app app app\n' } });
  });

  it('cannot tell when there is no such user', async () => {
    await expect(run({ argv: ['true'], user: 'app' }, undefined, root)).rejects.toMatchObject({
      message: 'user app: is not in /etc/passwd or /usr/lib/passwd',
    });
  });
});

describe('the options of the command check', () => {
  it.each([
    { argv: [] },
    { argv: [''] },
    { argv: ['./relative'] },
    { argv: ['bin/relative'] },
    { argv: ['true', 'a\0b'] },
    { argv: 'true' },
    { argv: ['true'], success: [] },
    { argv: ['true'], success: [256] },
    { argv: ['true'], cwd: 'relative' },
    { argv: ['true'], env: { 'A=B': '' } },
    { argv: ['true'], timeout: '5s' },
  ])('refuse %j', (options) => {
    expect(v.safeParse(type.schema, options).success).toBe(false);
  });

  it.each([['/usr/bin/true'], ['true', '-x', 'a/b']])('take a program as %j', (...argv) => {
    expect(v.safeParse(type.schema, { argv }).success).toBe(true);
  });
});

describe('what a program said', () => {
  it.each([
    { output: '', line: null },
    { output: ' \n\t\n', line: null },
    { output: 'one\ntwo\n\n', line: 'two' },
    { output: '10%\r20%\r30%', line: '30%' },
    { output: '\u001b[31mred\u001b[0m\u0007 alert\u0000\n', line: 'red  alert' },
    { output: 'x'.repeat(161), line: `${'x'.repeat(159)}\u2026` },
  ])('is quoted by its last line, without control characters: $line', ({ output, line }) => {
    expect(lastLine(output)).toBe(line);
  });

  it.each([
    { text: 'abc', maxBytes: 3, end: 'abc' },
    { text: 'abcd', maxBytes: 3, end: 'bcd' },
    { text: 'a\u20acb', maxBytes: 3, end: 'b' },
    { text: 'a\u20acb', maxBytes: 4, end: '\u20acb' },
  ])('is cut to $maxBytes bytes between characters: $end', ({ text, maxBytes, end }) => {
    expect(tail(text, maxBytes)).toBe(end);
  });
});

it.each([
  { line: 'app:x:10:20:gecos:/home:/bin/sh', user: { uid: 10, gid: 20, home: '/home' } },
  { line: 'app2:x:10:20:gecos:/home:/bin/sh', user: null },
  { line: 'app:x:ten:20:gecos:/home:/bin/sh', user: null },
  { line: 'app:x:10', user: null },
  { line: 'app:x:4294967295:20::/:', user: null },
])('a user is found in $line: $user', ({ line, user }) => {
  expect(findUser(`root:x:0:0:::\n${line}\n`, 'app')).toEqual(user);
});

import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultsOf } from '../helpers/fault-table.ts';
import { must, run } from '../lab/run.ts';

const WHY = resolve(import.meta.dirname, '../../dist/libexec/why');
/** A real program of this machine, in the place of goodboot: it starts, and its last bytes are its table of sections. */
const PROGRAM = await readFile('/usr/bin/true');
const MACHINE = (await must(['uname', '-m'])).trim();
const [OTHER, OTHER_TYPE] = MACHINE === 'aarch64' ? (['x86_64', 62] as const) : (['aarch64', 183] as const);

type Change = (program: Buffer) => Buffer;
const patched =
  (change: (copy: Buffer) => void): Change =>
  (program) => {
    const copy = Buffer.from(program);
    change(copy);
    return copy;
  };
const ofMachine = (type: number) => patched((copy) => copy.writeUInt16LE(type, 18));

interface Row {
  readonly name: string;
  readonly program?: Buffer | string | null;
  readonly mode?: number;
  /** Of systemd: result, exit code, exit status. */
  readonly ended?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What there is beside the shell. */
  readonly tools?: readonly string[];
  readonly says: string;
}

const REFUSED = 'exit-code exited 203';
const NO_START = 'goodboot does not start, so nobody judges this boot: ';
const AGAIN = 'download and install it again';

const ROWS: readonly Row[] = [
  {
    name: 'the program is not there',
    program: null,
    says: `${NO_START}/usr/bin/goodboot is not there: install goodboot, or see what should be mounted there`,
  },
  { name: 'the program is empty', program: '', says: `${NO_START}/usr/bin/goodboot is empty: ${AGAIN}` },
  {
    name: 'the program lost its mode',
    mode: 0o644,
    says: `${NO_START}/usr/bin/goodboot must not be executed: chmod 755 it, and see that it is not mounted noexec`,
  },
  {
    name: 'a page of a web server was downloaded',
    program: '<!DOCTYPE html>\n',
    says: `${NO_START}/usr/bin/goodboot is no program for this machine: ${AGAIN}`,
  },
  {
    name: 'it is built for another machine',
    program: ofMachine(OTHER_TYPE)(PROGRAM),
    says: `${NO_START}/usr/bin/goodboot is built for ${OTHER}, and this machine is ${MACHINE}: install the one for ${MACHINE}`,
  },
  {
    name: 'it is built for a machine that goodboot is not made for',
    program: ofMachine(243)(PROGRAM),
    says: `${NO_START}/usr/bin/goodboot is built for machine type 243, and this machine is ${MACHINE}: install the one for ${MACHINE}`,
  },
  ...[PROGRAM.length - 1, 9000, 64, 30].map((bytes) => ({
    name: `the download ended after ${bytes} of ${PROGRAM.length} bytes`,
    program: PROGRAM.subarray(0, bytes),
    says: `${NO_START}/usr/bin/goodboot is cut off, or damaged: ${AGAIN}`,
  })),
  {
    name: 'a library is missing',
    ended: 'exit-code exited 127',
    program: patched((copy) => copy.write('libq.so.6', copy.indexOf('libc.so.6\0')))(PROGRAM),
    says: `${NO_START}ROOT/usr/bin/goodboot: error while loading shared libraries: libq.so.6: cannot open shared object file: No such file or directory: install what is missing, or all of goodboot again`,
  },
  {
    name: 'its runtime is missing',
    program: '#!/usr/libexec/goodboot/node --option\n',
    says: `${NO_START}/usr/libexec/goodboot/node is not there: install goodboot, or see what should be mounted there`,
  },
  {
    name: 'its runtime is cut off',
    program: '#!/usr/libexec/goodboot/node --option\n',
    files: { '/usr/libexec/goodboot/node': 'a' },
    says: `${NO_START}/usr/libexec/goodboot/node is no program for this machine: ${AGAIN}`,
  },
  {
    name: 'it is damaged in its middle',
    ended: 'signal killed SEGV',
    program: '#!/bin/sh\nkill -SEGV $$\n',
    says: `${NO_START}SIGSEGV ends it, so it or a library is damaged: ${AGAIN}`,
  },
  {
    name: 'it ends at once',
    ended: 'exit-code exited 1',
    program: '#!/bin/sh\necho SyntaxError: x; echo more; exit 1\n',
    says: `${NO_START}exit status 1, SyntaxError: x: ${AGAIN}`,
  },
  {
    name: 'there is nothing but the shell, which could tell nothing without running it',
    ended: '',
    program: '#!/bin/sh\nexit 1\n',
    tools: [],
    says: '',
  },
  {
    name: 'there is nothing but the shell',
    program: 'echo run as a script\n',
    tools: [],
    says: `${NO_START}the kernel refuses /usr/bin/goodboot, as one for another machine, or a damaged one: ${AGAIN}`,
  },
  {
    name: 'it crashed, and starts',
    ended: 'core-dump dumped SEGV',
    says: 'goodboot verdict was ended (core-dump SEGV), so nobody judges this boot, although goodboot does start',
  },
  { name: 'systemd does not tell how it ended, and it starts', ended: '', says: '' },
  {
    name: 'it hung',
    ended: 'timeout killed TERM',
    says: 'goodboot verdict did not end in its time, so nobody judges this boot: systemd has ended it',
  },
  {
    name: 'memory ran out',
    ended: 'oom-kill killed KILL',
    says: 'goodboot verdict was ended when memory ran out, so nobody judges this boot',
  },
  {
    name: 'it hangs before it does anything',
    program: '#!/bin/sh\nexec sleep 300\n',
    ended: 'signal killed SEGV',
    // As the real one, but with no time to lose.
    files: {
      '/tools/timeout': '#!/bin/sh\n[ "$1 $2 $3" = "-k 2 20" ] && shift 3 && exec /usr/bin/timeout -k 1 0.3 "$@"\n',
    },
    tools: ['readlink', 'sleep'],
    says: `${NO_START}it hangs, so it or a library is damaged: ${AGAIN}`,
  },
  {
    name: 'its sandbox cannot be made',
    ended: 'exit-code exited 226',
    says: 'systemd cannot set up goodboot-verdict.service, so nobody judges this boot: step 226 failed, see systemd.exec(5)',
  },
  {
    name: 'a unit that it needs has failed',
    ended: 'success  ',
    says: 'systemd cannot set up goodboot-verdict.service, so nobody judges this boot: something that it needs has failed, such as the mount of /var: see systemctl --failed',
  },
  {
    name: '/var is not mounted',
    ended: 'resources  ',
    says: 'systemd cannot set up goodboot-verdict.service, so nobody judges this boot: /var/tmp is not there: is /var mounted and writable?',
  },
  {
    name: 'systemd lacks something else',
    ended: 'resources  ',
    files: { '/var/tmp/x': '' },
    says: 'systemd cannot set up goodboot-verdict.service, so nobody judges this boot: see its lines in the journal',
  },
  {
    name: 'this boot was judged, and then the program went away',
    program: null,
    files: { '/run/goodboot/verdict.json': '{}' },
    says: 'goodboot does not start, so this boot is not judged again: /usr/bin/goodboot is not there: install goodboot, or see what should be mounted there',
  },
  ...[20, 21, 64, 69, 70, 78].map((status) => ({
    name: `goodboot has said itself what it found: exit status ${status}`,
    ended: `exit-code exited ${status}`,
    program: null,
    says: '',
  })),
];

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-why-'));
  await mkdir(join(root, 'run/goodboot'), { recursive: true });
  await put('/run/systemd/journal/stdout', '');
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, content: string | Buffer, mode = 0o755): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
}

async function link(to: string, path: string): Promise<void> {
  await rm(join(root, path), { force: true });
  await symlink(to, join(root, path));
}

/** What it says. */
async function why(shell: readonly string[], row: Partial<Row>): Promise<string> {
  const { program = PROGRAM, mode, ended = REFUSED, files = {}, tools = ['od', 'uname', 'readlink'] } = row;
  await link('/bin', 'bin');
  if (program !== null) await put('/usr/bin/goodboot', program, mode);
  for (const [path, content] of Object.entries(files)) await put(path, content);
  await mkdir(join(root, 'tools'), { recursive: true });
  for (const tool of tools) await link(`/usr/bin/${tool}`, `tools/${tool}`);
  const [result, code, status] = ended.split(' ');
  const told =
    ended === '' ? {} : { MONITOR_SERVICE_RESULT: result, MONITOR_EXIT_CODE: code, MONITOR_EXIT_STATUS: status };
  const env = Object.entries({ PATH: join(root, 'tools'), ...told }).map(([name, value]) => `${name}=${value}`);
  const { exitCode, stdout, stderr } = await run(['env', '-i', ...env, ...shell, WHY, root]);
  expect([exitCode, stdout]).toEqual([0, '']);
  return stderr.replaceAll(root, 'ROOT');
}

const lineOf = (text: string) => (text === '' ? '' : `<3>${text}\n`);

describe.each([
  ['dash', ['/bin/dash']],
  ['bash', ['/bin/bash', '-p']],
  ['bash as sh', ['/bin/bash', '--posix']],
])('why nobody judges a boot, in %s', (_shell, argv) => {
  test.each(ROWS)('$name', async (row) => {
    expect(await why(argv, row)).toBe(lineOf(row.says));
  });
});

test('the page for people has each of these lines, and no other', () => {
  const faults = faultsOf('goodboot does not start');
  const whole = (line: RegExp) => new RegExp(`^${line.source}$`);
  const lines = ROWS.flatMap(({ says }) => (says === '' || says.includes('not judged again') ? [] : [says]));
  expect(lines.filter((says) => !faults.some(({ line }) => whole(line).test(says)))).toEqual([]);
  expect(faults.filter(({ line }) => !lines.some((says) => whole(line).test(says)))).toEqual([]);
});

const SH = ['/bin/sh'];

test('a program that is reached through a link is named by its own name', async () => {
  await put('/usr/libexec/goodboot/goodboot', '');
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink('../libexec/goodboot/goodboot', join(root, 'usr/bin/goodboot'));
  expect(await why(SH, { program: null })).toBe(lineOf(`${NO_START}/usr/libexec/goodboot/goodboot is empty: ${AGAIN}`));
  await rm(join(root, 'usr/libexec/goodboot/goodboot'));
  expect(await why(SH, { program: null })).toContain('/usr/libexec/goodboot/goodboot is not there');
});

test('the same is said once in each boot, something else is said again', async () => {
  expect(await why(SH, { program: '' })).toContain('is empty');
  expect(await why(SH, { program: '' })).toBe('');
  expect(await why(SH, { program: 'x' })).toContain('is no program');
});

test('with a journal, nothing else is written to', async () => {
  await why(SH, { program: '', files: { '/dev/kmsg': '', '/dev/console': '' } });
  for (const device of ['kmsg', 'console']) expect(await readFile(join(root, 'dev', device), 'utf8')).toBe('');
});

describe('without a journal', () => {
  const bad = { ended: 'exit-code exited 20', program: null };
  const status = {
    '/run/motd.d/boot-status': 'Boot Status is RED - Health Check FAILURE!\n  required units: app failed\n',
  };
  beforeEach(() => rm(join(root, 'run/systemd/journal/stdout')));

  test.each([
    ["the kernel's log has it", ['/dev/kmsg', '/dev/console'], '/dev/kmsg', '<3>'],
    ['the console has it where there is no log of the kernel', ['/dev/console'], '/dev/console', ''],
  ])('%s', async (_name, devices, device, priority) => {
    const files = { ...status, ...Object.fromEntries(devices.map((path) => [path, ''])) };
    const line =
      'there is no journal; goodboot verdict ended with exit status 20; Boot Status is RED - Health Check FAILURE!; required units: app failed';
    expect(await why(SH, { ...bad, files })).toBe(lineOf(line));
    const told = await Promise.all(devices.map((path) => readFile(join(root, path), 'utf8')));
    expect(told).toEqual(devices.map((path) => (path === device ? `${priority}goodboot: ${line}\n` : '')));
  });

  test('a program that does not start is told there too', async () => {
    await why(SH, { program: '', files: { '/dev/kmsg': '' } });
    expect(await readFile(join(root, 'dev/kmsg'), 'utf8')).toBe(
      `<3>goodboot: ${NO_START}/usr/bin/goodboot is empty: ${AGAIN}\n`,
    );
  });

  test('and without anything that could take it, it fails at nothing', async () => {
    await rm(join(root, 'run'), { recursive: true });
    expect(await why(SH, bad)).toBe(
      lineOf('there is no journal; goodboot verdict ended with exit status 20; goodboot status may say more'),
    );
  });
});

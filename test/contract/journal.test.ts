import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { libsystemd } from '../../src/adapters/journald/libsystemd.ts';
import { fieldsOfLine } from '../../src/adapters/journald/logger.ts';
import { notify } from '../../src/adapters/journald/notify.ts';
import { encodeFields, stderrLine } from '../../src/adapters/journald/writer.ts';

const ADAPTER = resolve(import.meta.dirname, '../../src/adapters/journald');
// With a journal the entry would go there: these programs look for a socket that is nowhere.
const NOWHERE = '/run/goodboot-no-such-socket';

/** Runs TypeScript as a program of its own, since what is tested writes to its stderr. */
async function program(code: string, shell = '"$@"') {
  const argv = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module-typescript',
    '-e',
    code,
  ];
  return promisify(execFile)('sh', ['-c', shell, 'sh', ...argv]);
}

describe('fields are encoded as journald takes them', () => {
  test.each<[string, Parameters<typeof encodeFields>[0], readonly string[]]>([
    ['text and numbers', { MESSAGE: 'hi', PRIORITY: 5 }, ['MESSAGE=hi', 'PRIORITY=5']],
    ['a value with newlines and "="', { MESSAGE: 'a=b\nc' }, ['MESSAGE=a=b\nc']],
    ['UTF-8', { MESSAGE: 'grün 🥾' }, ['MESSAGE=grün 🥾']],
    ['an empty value', { GOODBOOT_REASON: '' }, ['GOODBOOT_REASON=']],
    ['nothing', {}, []],
  ])('%s', (_, fields, want) => {
    expect(encodeFields(fields).map(String)).toEqual(want);
  });
});

describe('where there is no journal', () => {
  test.each([
    ['systemd reads the priority in front of a line', { MESSAGE: 'a', PRIORITY: 3 }, false, '<3>a\n'],
    ['a line is one line', { MESSAGE: 'a\n b\n', PRIORITY: 6 }, false, '<6>a b \n'],
    ['a terminal is shown the text alone', { MESSAGE: 'a', PRIORITY: 3 }, true, 'a\n'],
  ])('%s', (_, fields, terminal, want) => {
    expect(stderrLine(fields, terminal)).toBe(want);
  });

  test('an event goes to stderr', async () => {
    const { stderr, stdout } = await program(`
      import { makeSend } from '${ADAPTER}/writer.ts';
      makeSend('${NOWHERE}')({ MESSAGE: 'This boot is good', PRIORITY: 5 });
    `);
    expect([stderr, stdout]).toEqual(['<5>This boot is good\n', '']);
  });

  test('and nothing is thrown when stderr takes nothing either', async () => {
    const { stdout } = await program(
      `
      import { makeSend } from '${ADAPTER}/writer.ts';
      makeSend('${NOWHERE}')({ MESSAGE: 'x' });
      console.log('still here');
    `,
      '"$@" 2>/dev/full',
    );
    expect(stdout).toBe('still here\n');
  });

  test('log lines go to stderr at and above their level, with what went wrong', async () => {
    const { stderr } = await program(`
      import { makeLogger } from '${ADAPTER}/logger.ts';
      const log = makeLogger({ journal: false, level: 'info' });
      log.debug('not this');
      log.info('up');
      log.child({ check: 'web' }).error(Object.assign(new Error('no answer'), { code: 'DBUS_TIMEOUT' }), 'check web');
    `);
    expect(stderr).toBe('<6>up\n<3>check web: no answer\n');
  });
});

describe('a log line becomes an entry', () => {
  test.each([
    ['its level is the priority', '{"level":40,"msg":"a"}', { MESSAGE: 'a', PRIORITY: 4 }],
    [
      'its values are fields',
      '{"level":30,"msg":"a","durationUsec":5,"check":"w","x-y":{"z":1}}',
      { MESSAGE: 'a', PRIORITY: 6, GOODBOOT_DURATION_USEC: '5', GOODBOOT_CHECK: 'w', GOODBOOT_X_Y: '{"z":1}' },
    ],
    [
      'an error is in the message, its code a field',
      '{"level":50,"msg":"a","err":{"message":"b","code":"INTERNAL"}}',
      { MESSAGE: 'a: b', PRIORITY: 3, GOODBOOT_ERROR_CODE: 'INTERNAL' },
    ],
    ['an error alone is the message', '{"level":50,"err":{"message":"b"}}', { MESSAGE: 'b', PRIORITY: 3 }],
  ])('%s', (_, line, want) => {
    expect(fieldsOfLine(line)).toEqual(want);
  });
});

describe('the service manager', () => {
  /** Waits on a datagram socket, says so, and prints the first message. */
  const LISTEN = `
    socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0] =~ s/^@/\\0/r)) or die;
    $| = 1; print "ready\n"; recv(S, $d, 4096, 0); print $d;
  `;

  test.each([
    ['a path', (directory: string) => `${directory}/notify`],
    ['an abstract name', (directory: string) => `@${directory}/notify`],
  ])('is told at %s, without libsystemd', async (_, nameIn) => {
    const directory = await mkdtemp(join(tmpdir(), 'goodboot-notify-'));
    const socket = nameIn(directory);
    const listener = spawn('perl', ['-MSocket', '-e', LISTEN, socket]);
    await once(listener.stdout, 'data');
    expect(notify('READY=1\nSTATUS=grün', socket)).toBe(true);
    expect(String((await once(listener.stdout, 'data'))[0])).toBe('READY=1\nSTATUS=grün');
    await rm(directory, { recursive: true });
  });

  test.each([
    ['nobody asked to be told', undefined],
    ['nobody listens', NOWHERE],
    ['the name is none', 'vsock:2:1'],
    ['the name is too long', `/${'x'.repeat(200)}`],
  ])('is not told when %s, and that is no error', (_, socket) => {
    expect(process.env['NOTIFY_SOCKET']).toBeUndefined();
    expect(notify('READY=1', socket)).toBe(false);
  });
});

describe('libsystemd', () => {
  test('is loaded once, with every function of the table', () => {
    expect(libsystemd()).toBe(libsystemd());
    expect(Object.keys(libsystemd())).toContain('sd_journal_enumerate_available_data');
  });

  test('that is missing is an error with a code, and events still go to stderr', async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--no-experimental-ffi',
      '--input-type=module-typescript',
      '-e',
      `
      import { libsystemd } from '${ADAPTER}/libsystemd.ts';
      import { notify } from '${ADAPTER}/notify.ts';
      import { makeSend } from '${ADAPTER}/writer.ts';
      console.log(notify('READY=1', '/run'));
      try { libsystemd(); } catch (error) { console.log(error.code); }
      const send = makeSend('/proc/self/exe');
      send({ MESSAGE: 'one', PRIORITY: 5 });
      send({ MESSAGE: 'two', PRIORITY: 5 });
    `,
    ]);
    expect(stdout).toBe('false\nLIBRARY_MISSING\n');
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^<4>the journal cannot be written \(.* \[LIBRARY_MISSING\]\), events go to stderr/),
      '<5>one',
      '<5>two',
      '',
    ]);
  });
});

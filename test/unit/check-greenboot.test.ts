import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { check } from '../../checks/greenboot/check.ts';
import { type GreenbootOptions, type } from '../../checks/greenboot/options.ts';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { hasGreenbootHooks, runGreenbootHooks } from '../../src/node/greenboot/hooks.ts';
import type { CheckContext } from '../../src/ports/check.ts';
import type { ScriptLine } from '../../src/ports/script-log.ts';
import { makeGrubenv } from '../helpers/cli.ts';

const REQUIRED = 'etc/greenboot/check/required.d';
const WANTED = 'etc/greenboot/check/wanted.d';
const USR_REQUIRED = 'usr/lib/greenboot/check/required.d';
const CONF = 'etc/greenboot/greenboot.conf';

let root: string;
let lines: ScriptLine[];

beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'goodboot-greenboot-'));
  lines = [];
});
afterEach(() => fs.rm(root, { recursive: true }));

async function put(files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(dirname(join(root, name)), { recursive: true });
    await fs.writeFile(join(root, name), text.replaceAll('@ROOT@', root), { mode });
  }
}

const ports = (): Record<string, unknown> => ({
  clock: makeClock(),
  files: makeFiles(root),
  processes: makeProcesses(),
  scriptLog: { write: (line: ScriptLine) => lines.push(line) },
});

function run(options: v.InferInput<typeof type.schema> = {}, signal = AbortSignal.timeout(15_000)) {
  const all = ports();
  const use = (async (name: string) => {
    if (name in all) return all[name];
    throw new GoodbootError('SYSTEMD_ABSENT', 'none here');
  }) as CheckContext<GreenbootOptions>['use'];
  return check.run({ options: v.parse(type.schema, options), use, signal, stableMs: 0 });
}

/** What the scripts wrote into one file, a line each, in the order they came to it. */
const trace = async (): Promise<readonly string[]> => {
  const text = await fs.readFile(join(root, 'trace'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
};
const traced = 'echo "$(basename "$0")" >>@ROOT@/trace\n';

describe('what greenboot and greenboot-rs do, each in its way, and what is done here', () => {
  it('*.sh runs without an exec bit, by bash, whatever shell its first line names', async () => {
    await put({ [`${REQUIRED}/10.sh`]: '#!/bin/sh\n[[ $BASH_VERSION ]] && declare -A map && echo ok\n' });
    expect(await run()).toMatchObject({ state: 'pass', facts: { scripts: [{ exitStatus: 0, output: 'ok\n' }] } });
  });

  it('an executable of any language runs; a text without a first line is read by bash', async () => {
    await put({ [`${REQUIRED}/10_perl`]: '#!/usr/bin/perl\nexit 0;\n', [`${REQUIRED}/20_plain`]: 'exit 4\n' }, 0o755);
    expect(await run()).toMatchObject({
      state: 'fail',
      facts: { scripts: [{ outcome: 'pass' }, { exitStatus: 4 }] },
    });
  });

  it('a script of another language that is called *.sh is not read by bash', async () => {
    await put({ [`${REQUIRED}/10.sh`]: '#!/usr/bin/perl\nmy %h = (a => 1); print "perl $h{a}\\n";\n' });
    expect(await run()).toMatchObject({ state: 'pass', facts: { scripts: [{ output: 'perl 1\n' }] } });
  });

  it('files may be overwritten with >: no script runs with noclobber', async () => {
    await put({ [`${REQUIRED}/10.sh`]: 'set -e\nfile=$(mktemp)\necho x >"$file"\nrm "$file"\n' });
    expect(await run()).toMatchObject({ state: 'pass' });
  });

  it('a directory called *.sh is no script, and what is in it is', async () => {
    await put({ [`${REQUIRED}/dir.sh/05.sh`]: traced });
    expect(await run()).toMatchObject({ state: 'pass' });
    expect(await trace()).toEqual(['05.sh']);
    expect(await run({ subdirectories: false })).toMatchObject({ state: 'skip' });
  });

  it('a directory that is a link is looked into', async () => {
    await put({ 'opt/checks/10.sh': 'exit 7\n' });
    await fs.mkdir(join(root, dirname(REQUIRED)), { recursive: true });
    await fs.symlink('/opt/checks', join(root, REQUIRED));
    expect(await run()).toMatchObject({ state: 'fail' });
  });

  it('a script that is a link runs under its own name', async () => {
    await put({ 'usr/libexec/app/health': `echo "\${0##*/}"\n` });
    await fs.mkdir(join(root, REQUIRED), { recursive: true });
    await fs.symlink('../../../../usr/libexec/app/health', join(root, REQUIRED, '40_app.sh'));
    expect(await run()).toMatchObject({ state: 'pass', facts: { scripts: [{ path: `/${REQUIRED}/40_app.sh` }] } });
  });

  it('a required link that leads nowhere is not passed over, and costs nothing when it is only wanted', async () => {
    await fs.mkdir(join(root, REQUIRED), { recursive: true });
    await fs.symlink('nowhere', join(root, REQUIRED, '10.sh'));
    expect(await run()).toMatchObject({
      state: 'error',
      code: 'SCRIPT_NOT_RUN',
      reason: expect.stringContaining('10.sh'),
    });
    await fs.mkdir(join(root, WANTED), { recursive: true });
    await fs.rename(join(root, REQUIRED, '10.sh'), join(root, WANTED, '10.sh'));
    expect(await run()).toMatchObject({ state: 'pass' });
  });

  it('something else in the place of a directory is no empty directory', async () => {
    await put({ [REQUIRED]: 'a file\n', [`${USR_REQUIRED}/10.sh`]: '' });
    expect(await run()).toMatchObject({ state: 'error', code: 'SCRIPT_NOT_RUN' });
  });

  it.each(['a b', 'tab\there', 'new\nline', '1[0]', '*', '$(exit 1)', '-n', 'quote\'"s'])(
    'a name such as %j is no trouble',
    async (name) => {
      await put({ [`${REQUIRED}/${name}.sh`]: 'echo ran\n', [`${REQUIRED}/10.sh`]: 'echo other\n' });
      const outcome = await run();
      expect(outcome).toMatchObject({ state: 'pass' });
      expect(JSON.stringify(outcome)).toContain('"ran\\n"');
    },
  );

  it('missing directories are no failure; no script at all is said', async () => {
    expect(await run()).toMatchObject({ state: 'skip', reason: expect.stringContaining('no script') });
    await put({ [`${WANTED}/10.sh`]: '' });
    expect(await run()).toMatchObject({ state: 'pass' });
  });

  it('/etc and /usr both run, whatever has failed before', async () => {
    await put({
      [`${USR_REQUIRED}/10.sh`]: `${traced}exit 1\n`,
      [`${REQUIRED}/10.sh`]: `${traced}exit 2\n`,
      [`${REQUIRED}/20.sh`]: traced,
      [`${WANTED}/30.sh`]: `${traced}echo "no updates" >&2; exit 3\n`,
    });
    const outcome = await run();
    expect(outcome).toMatchObject({
      state: 'fail',
      reason: `/${USR_REQUIRED}/10.sh ended with exit status 1; /${REQUIRED}/10.sh ended with exit status 2; exit status 0 was wanted`,
    });
    expect(await trace()).toEqual(['10.sh', '10.sh', '20.sh', '30.sh']);
    expect(lines).toContainEqual(
      expect.objectContaining({ name: '30.sh', priority: 4, text: expect.stringMatching(/no updates.*costs nothing/) }),
    );
  });

  it('a site may stop at the first number with a failure', async () => {
    await put({ [`${REQUIRED}/10.sh`]: 'exit 1\n', [`${REQUIRED}/20.sh`]: traced, [`${WANTED}/05.sh`]: 'exit 1\n' });
    const outcome = await run({ afterFailure: 'stop' });
    expect(outcome).toMatchObject({
      facts: { scripts: [{ outcome: 'fail' }, { outcome: 'fail' }, { outcome: 'skip' }] },
    });
    expect(await trace()).toEqual([]);
  });

  it.each([2, 126, 127])('exit status %d is a failure like any other', async (status) => {
    await put({ [`${REQUIRED}/10.sh`]: `exit ${status}\n` });
    expect(await run()).toMatchObject({ state: 'fail', reason: expect.stringContaining(`exit status ${status}`) });
  });

  it('a script that a signal ended is told with the signal', async () => {
    await put({ [`${REQUIRED}/10.sh`]: 'kill -KILL $$\n' });
    expect(await run()).toMatchObject({ reason: expect.stringContaining('was ended by SIGKILL') });
  });

  it('a script that hangs is ended, with all that it started, and costs the others nothing', async () => {
    await put({
      [`${REQUIRED}/10.sh`]: `echo waiting for the app\ntrap '' TERM\nsleep 303 & echo $! >@ROOT@/child; wait; wait\n`,
      [`${REQUIRED}/20.sh`]: traced,
    });
    expect(await run({ scriptTimeout: '500ms' })).toMatchObject({
      state: 'fail',
      reason: expect.stringMatching(/10\.sh did not end within .* and said "waiting for the app"; exit/),
    });
    expect(await trace()).toEqual(['20.sh']);
    const child = Number(await fs.readFile(join(root, 'child'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow('ESRCH'), { timeout: 5000 });
  });

  it('when the time of the whole check is over, it answers at once and names what was not run', async () => {
    await put({ [`${REQUIRED}/10.sh`]: `echo x >@ROOT@/up; trap '' TERM; sleep 304\n`, [`${REQUIRED}/20.sh`]: traced });
    const over = new AbortController();
    const outcome = run({}, over.signal);
    await vi.waitFor(() => fs.access(join(root, 'up')), { timeout: 5000 });
    const abortedMs = performance.now();
    over.abort();
    expect(await outcome).toMatchObject({
      state: 'fail',
      reason: expect.stringMatching(/10\.sh did not end within .*; .*20\.sh was not run: the time was over before/),
    });
    // The runner gives a check no more than a quarter of a second for its last words.
    expect(performance.now() - abortedMs).toBeLessThan(250);
    expect(await trace()).toEqual([]);
  });

  it('what a script leaves running holds up nobody, goes on writing, and is seen by the next', async () => {
    await put({
      [`${REQUIRED}/10.sh`]: '(sleep 0.6; echo late; echo late >@ROOT@/late; sleep 305) & echo $! >@ROOT@/pid\n',
      [`${REQUIRED}/20.sh`]: 'kill -0 "$(cat @ROOT@/pid)"\n',
    });
    const start = performance.now();
    expect(await run()).toMatchObject({ state: 'pass' });
    expect(performance.now() - start).toBeLessThan(5000);
    await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining({ name: '10.sh', text: 'late' })), {
      timeout: 5000,
    });
    // It is ended with the check program.
    process.kill(-(await groupOf(Number(await fs.readFile(join(root, 'pid'), 'utf8')))), 'SIGKILL');
  });

  it('a script that writes without end is read without end, and only its last words are kept', async () => {
    await put({ [`${REQUIRED}/10.sh`]: 'seq 100000\necho done >&2\nexit 1\n' });
    const outcome = await run();
    expect(outcome).toMatchObject({ reason: expect.stringContaining('said "done"') });
    expect(JSON.stringify(outcome).length).toBeLessThan(8192);
    expect(lines.filter(({ name }) => name === '10.sh').length).toBeGreaterThan(100_000);
  });
});

async function groupOf(pid: number): Promise<number> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

describe('the order', () => {
  it('of one number is none: they wait for each other', async () => {
    const meet = (me: string, other: string) =>
      `touch @ROOT@/${me}; for i in $(seq 400); do [ -e @ROOT@/${other} ] && exit 0; sleep 0.02; done; exit 1\n`;
    await put({ [`${REQUIRED}/10_a.sh`]: meet('a', 'b'), [`${WANTED}/10_b.sh`]: meet('b', 'a') });
    expect(await run()).toMatchObject({
      state: 'pass',
      facts: { scripts: [{ outcome: 'pass' }, { outcome: 'pass' }] },
    });
  });

  it('of numbers is kept over all directories', async () => {
    await put({
      [`${WANTED}/05.sh`]: `sleep 0.2; ${traced}`,
      [`${REQUIRED}/10.sh`]: `sleep 0.1; ${traced}`,
      [`${USR_REQUIRED}/20.sh`]: traced,
      [`${USR_REQUIRED}/last.sh`]: traced,
    });
    await run();
    expect(await trace()).toEqual(['05.sh', '10.sh', '20.sh', 'last.sh']);
  });

  it('may be that of the names alone', async () => {
    const alone = (name: string) =>
      `mkdir @ROOT@/lock || exit 1\nsleep 0.05\nrmdir @ROOT@/lock\necho ${name} >>@ROOT@/trace\n`;
    await put({
      [`${REQUIRED}/10_a.sh`]: alone('a'),
      [`${REQUIRED}/10_b.sh`]: alone('b'),
      [`${REQUIRED}/10_c.sh`]: alone('c'),
    });
    expect(await run({ parallel: false })).toMatchObject({ state: 'pass' });
    expect(await trace()).toEqual(['a', 'b', 'c']);
  });
});

describe('greenboot.conf', () => {
  it('disables by name, in every directory, and says which names are nowhere', async () => {
    await put({
      [CONF]: 'exit 0\nDISABLED_HEALTHCHECKS=(\n  "01_dns.sh"\n  02_gone.sh\n)\n',
      [`${REQUIRED}/01_dns.sh`]: 'exit 1\n',
      [`${USR_REQUIRED}/01_dns.sh`]: 'exit 1\n',
      [`${REQUIRED}/50.sh`]: traced,
    });
    expect(await run()).toMatchObject({
      state: 'pass',
      facts: {
        scripts: [{ path: `/${REQUIRED}/50.sh` }],
        notRun: [{ path: `/${USR_REQUIRED}/01_dns.sh` }, { path: `/${REQUIRED}/01_dns.sh` }],
        unknownDisabled: ['02_gone.sh'],
        notes: [expect.stringContaining('greenboot.conf:1: "exit 0"'), expect.stringContaining('02_gone.sh')],
      },
    });
    expect(await run({ disabled: ['50.sh'] })).toMatchObject({ state: 'skip' });
  });

  it('that cannot be read, or is damaged, costs nothing and is said', async () => {
    await put({ [`${CONF}/not-a-file`]: '', [`${REQUIRED}/50.sh`]: '' });
    expect(await run()).toMatchObject({ state: 'pass', facts: { notes: [expect.stringContaining('greenboot.conf')] } });
  });

  it('is still there for scripts that source it', async () => {
    await put({
      [CONF]: 'APP_WAIT=3\n',
      [`${REQUIRED}/50.sh`]: '. @ROOT@/etc/greenboot/greenboot.conf; exit $APP_WAIT\n',
    });
    expect(await run()).toMatchObject({ reason: expect.stringContaining('exit status 3') });
  });
});

describe('scripts as third parties ship them', () => {
  it('wait for a service in a loop, and retry', async () => {
    await put({
      [`${REQUIRED}/40_app_running_check.sh`]: `#!/bin/bash
set -eu -o pipefail
SCRIPT_NAME=$(basename "$0")
trap 'return_code=$?; [ $return_code -eq 0 ] || echo "FAILURE: $SCRIPT_NAME ended with $return_code"' EXIT
[ "$(id -u)" -eq 0 ] || { echo "run it as root"; exit 1; }
(sleep 0.3; touch @ROOT@/ready) &
tries=0
until [ -e @ROOT@/ready ]; do
  tries=$((tries + 1)); [ $tries -lt 200 ] || exit 1
  echo "Waiting for the app, try $tries" ; sleep 0.05
done
echo FINISHED
`,
    });
    expect(await run()).toMatchObject({ state: 'pass' });
    expect(lines).toContainEqual({
      name: '40_app_running_check.sh',
      unit: 'greenboot-healthcheck.service',
      priority: 6,
      text: 'Waiting for the app, try 1',
    });
  });

  it('pipe output through other programs, into the log with their own priority', async () => {
    await put({
      [`${REQUIRED}/50_log.sh`]:
        'log() { while read -r line; do echo "<$1>app: $line"; done; }\necho trouble | log 3\n{ echo one; echo two; } > >(log 5)\nwait\n',
    });
    await run();
    const told = lines.filter(({ text }) => text.startsWith('app:')).map(({ priority, text }) => `${priority} ${text}`);
    expect(told).toEqual(['3 app: trouble', '5 app: one', '5 app: two']);
  });

  it('see a machine as it is: root, all directories, no socket of the unit', async () => {
    vi.stubEnv('NOTIFY_SOCKET', '/run/some.sock');
    await put({
      [`${REQUIRED}/10.sh`]: `id -u; pwd; echo "\${NOTIFY_SOCKET-none}"; [ -t 0 ] || read -r x || echo "no input"\n`,
    });
    const outcome = await run();
    vi.unstubAllEnvs();
    expect(outcome).toMatchObject({ facts: { scripts: [{ output: `${process.getuid?.()}\n/\nnone\nno input\n` }] } });
  });

  it('in red.d see in grubenv that the next boot is the fallback; a failure there is told and no more', async () => {
    await makeGrubenv(join(root, 'boot/grub2/grubenv'), ['boot_counter=0', 'boot_success=0']);
    await put({
      'etc/greenboot/red.d/40_pre_rollback.sh': `#!/bin/bash
if grub-editenv @ROOT@/boot/grub2/grubenv list | grep -q ^boot_counter=0; then touch @ROOT@/restore; fi
`,
      'usr/lib/greenboot/red.d/50.sh': 'exit 9\n',
      'etc/greenboot/green.d/10.sh': 'touch @ROOT@/green\n',
      [CONF]: 'DISABLED_HEALTHCHECKS=(off.sh)\n',
      'etc/greenboot/red.d/off.sh': 'touch @ROOT@/off\n',
    });
    expect(await hasGreenbootHooks(makeFiles(root), 'red')).toBe(true);
    expect(await hasGreenbootHooks(makeFiles('/nonexistent'), 'red')).toBe(false);
    const deps = ports() as unknown as Parameters<typeof runGreenbootHooks>[0];
    const { results } = await runGreenbootHooks(deps, 'red', { timeoutMs: 5000, signal: AbortSignal.timeout(10_000) });
    expect(results).toMatchObject([
      { path: '/etc/greenboot/red.d/40_pre_rollback.sh', outcome: 'pass' },
      { path: '/usr/lib/greenboot/red.d/50.sh', outcome: 'fail', exitStatus: 9 },
    ]);
    expect((await fs.readdir(root)).sort()).toEqual(['boot', 'etc', 'restore', 'usr']);
    expect(lines.every(({ unit }) => unit === 'redboot-task-runner.service')).toBe(true);
  });
});

describe('units that are waited for', () => {
  const withManager = async (start: () => Promise<{ result: string }>) => {
    const all: Record<string, unknown> = { ...ports(), serviceManager: { start } };
    const use = (async (name: string) => all[name]) as CheckContext<GreenbootOptions>['use'];
    const signal = AbortSignal.timeout(5000);
    return check.run({ options: v.parse(type.schema, {}), use, signal, stableMs: 0 });
  };

  it('have started before the first script', async () => {
    await put({ [`${REQUIRED}/10.sh`]: '[ -e @ROOT@/online ]\n' });
    const start = async () => {
      await makeClock().sleep(50, AbortSignal.timeout(5000));
      await fs.writeFile(join(root, 'online'), '');
      return { result: 'done' };
    };
    expect(await withManager(start)).toMatchObject({ state: 'pass', facts: { notes: [] } });
  });

  it('that do not start are a note: the scripts run all the same', async () => {
    await put({ [`${REQUIRED}/10.sh`]: traced });
    expect(await withManager(async () => ({ result: 'failed' }))).toMatchObject({
      state: 'pass',
      facts: { notes: [expect.stringContaining('network-online.target')] },
    });
    expect(await withManager(() => Promise.reject(new GoodbootError('DBUS_TIMEOUT', 'x')))).toMatchObject({
      state: 'pass',
    });
  });
});

describe('the options', () => {
  it.each([
    { scriptTimeout: '0s' },
    { scriptTimeout: 'soon' },
    { after: ['network-online'] },
    { afterFailure: 'reboot' },
    { disabled: ['a/b.sh'] },
    { parallel: 'yes' },
  ])('refuse %j', (options) => {
    expect(v.safeParse(type.schema, options).success).toBe(false);
  });
});

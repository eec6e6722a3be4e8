import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  build,
  type Directory,
  goodbootOn,
  grubenvOf,
  jsonOf,
  makeDirectory,
  makeGrubenv,
  onlyCommand,
} from '../helpers/cli.ts';
import { faultsOf } from '../helpers/fault-table.ts';

beforeAll(build, 60_000);

const DROP_IN = 'run/goodboot/config.d/50-test.yaml';
const machineWith = (argv: readonly string[], how?: { readonly required: boolean }): Promise<Directory> =>
  makeDirectory({ [DROP_IN]: onlyCommand(argv, how) });

/** A machine on which the boot loader counts. */
async function countingMachine(argv: readonly string[]) {
  const machine = await machineWith(argv);
  const grubenv = join(machine.path, 'boot/grub2/grubenv');
  await makeGrubenv(grubenv, ['saved_entry=0', 'boot_counter=2', 'boot_success=0']);
  return { ...machine, grubenv };
}

/** Everything in a directory with its time of change: two that are equal were not touched in between. */
function stateOf({ path }: Directory): Readonly<Record<string, string>> {
  const all = globSync('**', { cwd: path }).toSorted();
  return Object.fromEntries(
    all.map((name) => {
      const info = statSync(join(path, name));
      const content = info.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(path, name)))
            .digest('hex')
        : '';
      return [name, `${info.mode} ${info.isFile() ? info.mtimeMs : ''} ${content}`];
    }),
  );
}

describe.each<[string, readonly string[], string, number]>([
  ['passes', ['true'], 'good', 0],
  ['fails', ['sh', '-c', 'echo no licence >&2; exit 3'], 'bad', 20],
  ['cannot tell', ['/nonexistent'], 'indeterminate', 21],
])('a boot whose required check %s', (_, argv, verdict, exitCode) => {
  test(`is ${verdict}: exit status ${exitCode} of verdict, of check run and of status`, async () => {
    await using machine = await countingMachine(argv);
    const judged = await goodbootOn(machine, ['verdict', '--json']);
    expect(judged.exitCode).toBe(exitCode);
    expect(jsonOf(judged)).toMatchObject({ kind: 'Verdict', verdict, dryRun: false });
    const status = await goodbootOn(machine, ['status', '--json']);
    expect(status.exitCode).toBe(exitCode);
    expect(jsonOf(status)).toMatchObject({ kind: 'Status', verdict });
    const checks = await goodbootOn(machine, ['check', 'run', '--json']);
    expect(checks.exitCode).toBe(exitCode);
    expect(jsonOf(checks)).toMatchObject({ kind: 'CheckRun', verdict });
    const { exitCode: remembered, stdout } = await goodbootOn(machine, ['history']);
    expect(remembered).toBe(0);
    expect(stdout).toMatch(new RegExp(`  verdict  ${verdict} `));
  });

  test('has one line for each check and for what follows', async () => {
    await using machine = await countingMachine(argv);
    const { stdout } = await goodbootOn(machine, ['verdict', '--dry-run']);
    expect(stdout).toMatch(/^ {2}(pass|fail|error) {2,3}probe {2}required {2}\d+ m?s/);
    expect(stdout).toMatch(new RegExp(`^verdict +${verdict} \\(1 check: 1 (pass|fail|error); `, 'm'));
    expect(stdout).toMatch(/^boot loader +grub: \/boot\/grub2\/grubenv \(marked not good, 2 attempts left\)$/m);
    expect(stdout).toMatch(/^would do +(mark-good|hold): /m);
  });
});

describe('a verdict', () => {
  test('that is good marks the boot, in the real block', async () => {
    await using machine = await countingMachine(['true']);
    const { exitCode, stdout } = await goodbootOn(machine, ['verdict']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^action +mark-good: this boot is marked good in \/boot\/grub2\/grubenv$/m);
    expect(await grubenvOf(machine.grubenv)).toBe('saved_entry=0\nboot_success=1\n');
  });

  test.each([['true'], ['false']])('that is tried out changes nothing (%s)', async (program) => {
    await using machine = await countingMachine([program]);
    await goodbootOn(machine, ['history']);
    const before = stateOf(machine);
    expect(Object.keys(before)).toEqual(expect.arrayContaining([DROP_IN, 'boot/grub2/grubenv', 'var/lib']));
    const { stdout } = await goodbootOn(machine, ['verdict', '--dry-run']);
    expect(stdout).toMatch(/^dry run +nothing was marked or recorded$/m);
    expect(stateOf(machine)).toEqual(before);
  });

  test('names a broken file on stderr and among the problems, and is made with all others', async () => {
    await using machine = await makeDirectory({
      [DROP_IN]: onlyCommand(['true']),
      'run/goodboot/config.d/60-broken.yaml': 'apiVersion: goodboot/v1\nonRegresion: hold\n',
    });
    const ran = await goodbootOn(machine, ['verdict', '--dry-run', '--json']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toMatch(/^error: .*60-broken\.yaml:2:1 onRegresion: unknown key/m);
    expect(jsonOf(ran)).toMatchObject({ verdict: 'good', problems: [{ code: 'CONFIG_INVALID' }] });
  });

  test('with no required check says that good means little', async () => {
    await using machine = await machineWith(['true'], { required: false });
    const { exitCode, stdout } = await goodbootOn(machine, ['verdict', '--dry-run']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^note +no required check said anything/m);
  });

  test('is made to its end when nobody reads what it says', async () => {
    await using machine = await countingMachine(['sleep', '0.3']);
    const how = '( "$@"; echo $? >/run/status ) | true; exit "$(cat /run/status)"';
    const { exitCode, stderr } = await goodbootOn(machine, ['verdict'], { how });
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain('EPIPE');
    expect(await grubenvOf(machine.grubenv)).toBe('saved_entry=0\nboot_success=1\n');
  });
});

describe('a machine without a boot loader', () => {
  const [EARLIER, BEFORE] = ['1', '2'].map((n) => n.repeat(32));
  const CONFIG = 'run/goodboot/config.d/60-loader.yaml';
  const faults = faultsOf('goodboot starts, and lacks something');
  const inDocs = faults.find(({ fault }) => fault === '`/boot` is not mounted, and GRUB counted before');
  test.each<[name: string, before: readonly string[], setting: string, exit: number, codes: readonly string[]]>([
    ['had GRUB in the boot before', ['grub'], 'auto', 74, ['GRUBENV_MISSING']],
    ['had GRUB, and had lost it in the boot before', ['grub', 'noop'], 'auto', 74, ['GRUBENV_MISSING']],
    ['had GRUB, and is to do without', ['grub', 'noop'], 'noop', 0, []],
    ['had GRUB, and systemd-boot since', ['grub', 'systemd-boot', 'noop'], 'auto', 0, []],
    ['never had one', ['noop', 'noop'], 'auto', 0, []],
  ])('%s', async (_name, before, setting, exit, codes) => {
    const lines = before.map((bootLoader, at) => {
      const [seq, bootId] = [at + 1, at === 0 ? EARLIER : BEFORE];
      return { v: 1, seq, time: '', event: 'boot', bootId, deployment: null, kernel: '6', bootLoader };
    });
    await using machine = await makeDirectory({
      [DROP_IN]: onlyCommand(['true']),
      [CONFIG]: `apiVersion: goodboot/v1\nbootLoader: ${setting}\n`,
      'var/lib/goodboot/ledger.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    });
    for (const time of ['first', 'again']) {
      const ran = await goodbootOn(machine, ['verdict', '--json']);
      const report = jsonOf(ran);
      const problems = report.kind === 'Verdict' ? report.problems : [];
      expect([time, ran.exitCode, problems.map(({ code }) => code)]).toEqual([time, exit, codes]);
      for (const { message } of problems) expect(message).toMatch(inDocs?.line ?? /the page has no such row/);
    }
  });
});

describe('check run', () => {
  test('weighs a check as required when it is named', async () => {
    await using machine = await machineWith(['false'], { required: false });
    expect((await goodbootOn(machine, ['check', 'run'])).exitCode).toBe(0);
    const named = await goodbootOn(machine, ['check', 'run', 'probe', 'probe']);
    expect(named.exitCode).toBe(20);
    expect(named.stdout).toMatch(/these checks say bad \(1 check: 1 fail\)\n$/);
  });

  test('runs only what is named', async () => {
    await using machine = await makeDirectory({
      [DROP_IN]: onlyCommand(['false']),
      'run/goodboot/config.d/60-more.yaml':
        'apiVersion: goodboot/v1\nchecks: { other: { type: command, argv: ["true"] } }\n',
    });
    expect(jsonOf(await goodbootOn(machine, ['check', 'run', 'other', '--json']))).toMatchObject({
      verdict: 'good',
      checks: [{ name: 'other', required: true, outcome: { state: 'pass' } }],
    });
  });

  test('names the nearest check for one that is not configured', async () => {
    await using machine = await machineWith(['true']);
    const ran = await goodbootOn(machine, ['check', 'run', 'prob']);
    expect(ran).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ran.stderr).toBe('goodboot: no check "prob" is configured [CHECK_UNKNOWN]\nhint: did you mean probe?\n');
  });

  test('leaves no trace', async () => {
    await using machine = await countingMachine(['false']);
    await goodbootOn(machine, ['history']);
    const before = stateOf(machine);
    await goodbootOn(machine, ['check', 'run']);
    expect(stateOf(machine)).toEqual(before);
  });

  test('tells the failure with the last words of the program', async () => {
    await using machine = await machineWith(['sh', '-c', 'echo no licence >&2; exit 3']);
    const { stdout } = await goodbootOn(machine, ['check', 'run']);
    expect(stdout).toContain('sh ended with exit status 3 and said "no licence"; exit status 0 was wanted');
  });
});

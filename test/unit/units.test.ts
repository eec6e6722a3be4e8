import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must, run } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
const SYSTEM = '/usr/lib/systemd/system';
const UNITS = (await readdir(join(REPO, 'units'))).filter((name) =>
  /^goodboot-.*\.(service|target|timer|path)$/.test(name),
);
const instanceOf = (unit: string): string => unit.replace('@.', '@some.');

/** A root with this host's units and the installed project. */
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-units-'));
  await mkdir(join(root, SYSTEM), { recursive: true });
  await cp(SYSTEM, join(root, SYSTEM), { recursive: true, verbatimSymlinks: true });
  await must([process.execPath, join(REPO, 'tools/install.mjs'), root, '--link', '--out', join(REPO, 'test/lab/stub')]);
  // The only program of others that a unit runs.
  await cp('/usr/bin/systemctl', join(root, 'usr/bin/systemctl'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

const verify = (unit: string) =>
  run(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', `--root=${root}`, instanceOf(unit)]);

/** The score of systemd-analyze security, 0 (locked up) to 10 (anything goes), with a drop-in of the unit. */
async function exposure(unit: string, dropIn?: string): Promise<number> {
  const directory = join(root, 'etc/systemd/system', `${unit}.d`);
  if (dropIn) await cp(join(root, dropIn), join(directory, '10-type.conf'), { dereference: true });
  const text = await must(['systemd-analyze', 'security', '--offline=true', '--no-pager', `--root=${root}`, unit]);
  await rm(directory, { recursive: true, force: true });
  return Number(/exposure level for .*: (?<score>[\d.]+)/.exec(text)?.groups?.['score']);
}

describe.each(UNITS)('%s', (unit) => {
  const text = () => readFile(join(root, SYSTEM, unit), 'utf8');

  test('has nothing that systemd-analyze verify finds', async () => {
    expect(await verify(unit)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('names its manual page, which is installed', async () => {
    expect(await text()).toMatch(/^Documentation=man:goodboot\(8\)/m);
    expect((await stat(join(root, 'usr/share/man/man8/goodboot.8'))).size).toBeGreaterThan(0);
  });

  test('is not ordered after multi-user.target', async () => {
    expect(await text()).not.toMatch(/^After=.*multi-user\.target/m);
  });

  test('runs only programs that are installed, or part of systemd, and can be executed', async () => {
    for (const [, program] of (await text()).matchAll(/^Exec\w+=[-+]*(\S+)/gm)) {
      const isSystemd = program!.startsWith('/usr/bin/systemd-');
      expect((await stat(join(isSystemd ? '/' : root, program!))).mode & 0o111).toBe(0o111);
    }
  });

  test('has a reason above every order that it asks for', async () => {
    const lines = (await text()).split('\n');
    for (const [at, line] of lines.entries()) {
      if (!/^(After|Before|Requires|Wants|Conflicts|DefaultDependencies)=/.test(line)) continue;
      const above = lines.slice(0, at).findLast((other) => !/^\w+=/.test(other));
      expect(above, line).toMatch(/^# \S/);
    }
  });
});

test('the stand-ins for units of greenboot have nothing that systemd-analyze verify finds, and are not skipped', async () => {
  const [from, to] = [join(root, 'usr/lib/goodboot/greenboot'), join(root, SYSTEM)];
  for (const name of ['greenboot-healthcheck.service', 'redboot.target']) await cp(join(from, name), join(to, name));
  await mkdir(join(to, 'greenboot-healthcheck.service.d'), { recursive: true });
  await cp(join(from, '20-goodboot.conf'), join(to, 'greenboot-healthcheck.service.d/20-goodboot.conf'));
  for (const name of ['greenboot-healthcheck.service', 'redboot.target']) {
    expect(await verify(name)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  }
});

test('systemd-analyze verify finds a key that does not exist', async () => {
  const broken = join(root, SYSTEM, 'goodboot-broken.service');
  await cp(join(root, SYSTEM, 'goodboot-verdict.service'), broken);
  await must(['sed', '-i', 's/^After=/Afterwards=/', broken]);
  expect(await verify('goodboot-broken.service')).toMatchObject({ stderr: expect.stringContaining('Afterwards') });
});

test.each([
  ['goodboot-verdict.service', null, 2.3],
  ['goodboot-begin.service', null, 5.2],
  ['goodboot-end.service', null, 5.2],
  ['goodboot-arm.service', null, 5.2],
  ['goodboot-check@.service', null, 1.0],
  ['goodboot-check@.service', 'http', 1.3],
  ['goodboot-check@.service', 'tcp', 1.3],
  ['goodboot-check@.service', 'network', 1.5],
  ['goodboot-check@.service', 'time', 1.4],
  ['goodboot-check@.service', 'kernel', 1.8],
  ['goodboot-check@.service', 'filesystem', 3.0],
] as const)('%s with the sandbox of type %s is exposed to at most %d', async (unit, type, most) => {
  const score = await exposure(unit, type === null ? undefined : `/usr/lib/goodboot/sandbox/${type}.conf`);
  expect(score).toBeGreaterThan(0);
  expect(score).toBeLessThanOrEqual(most);
});

test('installing twice gives the same, and leaves no program of an earlier build', async () => {
  const installed = () => must(['find', join(root, 'usr/libexec'), join(root, 'usr/bin'), '-printf', '%P %m %s %l\n']);
  const before = await installed();
  await cp(join(root, 'usr/bin/goodboot'), join(root, 'usr/libexec/goodboot/chunk-of-old.mjs'), { dereference: true });
  await must([process.execPath, join(REPO, 'tools/install.mjs'), root, '--link', '--out', join(REPO, 'test/lab/stub')]);
  expect(await installed()).toBe(before);
  const entry = await readFile(join(root, 'usr/bin/goodboot'), 'utf8');
  expect(entry).toMatch(/^#!\/usr\/libexec\/goodboot\/node --disable-warning=ExperimentalWarning\n[^#]/);
});

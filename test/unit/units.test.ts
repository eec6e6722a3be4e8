import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cyclesIn } from '../../src/core/doctor/answers.ts';
import { installInto } from '../lab/install.ts';
import { must, run } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
const SYSTEM = '/usr/lib/systemd/system';
const UNITS = (await readdir(join(REPO, 'units'))).filter((name) =>
  /^goodboot-.*\.(service|target|timer|path)$/.test(name),
);
/** Those that are pulled in by name, and not made from a template. */
const NAMED = UNITS.filter((name) => !name.includes('@'));
const instanceOf = (unit: string): string => unit.replace('@.', '@some.');

/** A root with this host's units and the installed project, enabled as its preset says. */
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-units-'));
  await mkdir(join(root, SYSTEM), { recursive: true });
  await cp(SYSTEM, join(root, SYSTEM), { recursive: true, verbatimSymlinks: true });
  await installInto(root);
  await must(['systemctl', `--root=${root}`, 'preset', ...NAMED]);
  // The only programs of others that units run.
  await cp('/usr/bin/systemctl', join(root, 'usr/bin/systemctl'));
  await cp('/bin/sh', join(root, 'bin/sh'), { dereference: true });
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** `all`: also what is wrong with the units that these pull in, and an order that cannot be kept. */
const verify = (units: readonly string[], { all = false } = {}) =>
  run([
    ...['systemd-analyze', 'verify', '--man=no', `--recursive-errors=${all ? 'yes' : 'no'}`, `--root=${root}`],
    ...units.map(instanceOf),
  ]);

/** The cycles that systemd finds when it starts these together. Other units of this host may have faults of their own. */
const cycles = async (units: readonly string[]) => cyclesIn((await verify(units, { all: true })).stderr);

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
    expect(await verify([unit])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('waits for nothing that waits for it', async () => {
    expect(await cycles([unit])).toEqual([]);
  });

  test('names its manual page, which is installed', async () => {
    expect(await text()).toMatch(/^Documentation=man:goodboot\(8\)/m);
    expect((await stat(join(root, 'usr/share/man/man8/goodboot.8'))).size).toBeGreaterThan(0);
  });

  test('is not ordered after multi-user.target', async () => {
    expect(await text()).not.toMatch(/^After=.*multi-user\.target/m);
  });

  test('runs only programs that are installed, or part of systemd or its consoles, and can be executed', async () => {
    for (const [, program] of (await text()).matchAll(/^Exec\w+=[-+]*(\S+)/gm)) {
      const isOfOthers = /^\/usr\/(bin\/systemd-|sbin\/agetty$)/.test(program!);
      expect((await stat(join(isOfOthers ? '/' : root, program!))).mode & 0o111).toBe(0o111);
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
    expect(await verify([name])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  }
});

test('systemd-analyze verify finds a key that does not exist', async () => {
  const broken = join(root, SYSTEM, 'goodboot-broken.service');
  await cp(join(root, SYSTEM, 'goodboot-verdict.service'), broken);
  await must(['sed', '-i', 's/^After=/Afterwards=/', broken]);
  expect(await verify(['goodboot-broken.service'])).toMatchObject({ stderr: expect.stringContaining('Afterwards') });
});

/** What a boot starts: everything that is enabled. */
const BOOT = ['default.target', 'boot-complete.target'];

test('a boot has no ordering cycle', async () => {
  expect(await cycles(BOOT)).toEqual([]);
});

test.each([
  ['goodboot-verdict.service', 'boot-complete.target', ['goodboot-verdict.service']],
  ['goodboot-verdict.service', 'boot-complete.target', BOOT],
  ['goodboot-begin.service', 'goodboot-verdict.service', BOOT],
  // So an updater starts only after a drill is over.
  ['goodboot-drill.service', 'boot-complete.target', BOOT],
])('%s after %s would be an ordering cycle, and is found where %j start', async (unit, other, started) => {
  const directory = join(root, 'etc/systemd/system', `${unit}.d`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, '50-cycle.conf'), `[Unit]\nAfter=${other}\n`);
  try {
    expect((await cycles(started)).length).toBeGreaterThan(0);
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** What the page about units promises: for each unit, and each type of check, the most that it is exposed to, and why. */
interface Promised {
  readonly name: string;
  readonly unit: string;
  readonly type: string | undefined;
  readonly most: number;
  readonly why: string;
}

const PROMISED: readonly Promised[] = [
  ...(await readFile(join(REPO, 'docs/explanation/units.md'), 'utf8')).matchAll(
    /^\| (?<name>`(?<unit>[\w@-]+\.service)`(?:, type `(?<type>\w+)`)?) *\| (?<most>\d\.\d) *\| (?<why>.*?) *\|$/gm,
  ),
].map(({ groups = {} }) => ({
  name: groups['name']!.replaceAll('`', ''),
  unit: groups['unit']!,
  type: groups['type'],
  most: Number(groups['most']),
  why: groups['why']!,
}));

describe('how far each unit is locked in', () => {
  // Not installed among the units: a migration links it.
  beforeAll(async () => {
    const name = 'greenboot-healthcheck.service';
    await cp(join(root, 'usr/lib/goodboot/greenboot', name), join(root, SYSTEM, name));
  });

  test('is promised of every service, and of every type of check', async () => {
    const types = (await readdir(join(REPO, 'units/sandbox'))).map((name) => name.replace('.conf', ''));
    const services = (await readdir(join(REPO, 'units'), { recursive: true })).map((path) => path.replace(/.*\//, ''));
    expect(PROMISED.map(({ unit, type }) => `${unit} ${type ?? ''}`).toSorted()).toEqual(
      [
        ...services.filter((name) => /\.service$/.test(name) && !name.includes('check@')).map((name) => `${name} `),
        ...types.map((type) => `goodboot-check@.service ${type}`),
      ].toSorted(),
    );
    for (const { name, most, why } of PROMISED) if (most > 2) expect(why, name).toMatch(/\w+ \w+/);
  });

  const rows: string[] = [];
  afterAll(() => console.log([`${'unit'.padEnd(44)}score  most  why not lower`, ...rows].join('\n')));

  test.each(PROMISED)('$name: at most $most', async ({ name, unit, type, most, why }) => {
    const score = await exposure(unit, type === undefined ? undefined : `/usr/lib/goodboot/sandbox/${type}.conf`);
    rows.push(`${name.padEnd(45)}${score.toFixed(1)}  ${most.toFixed(1)}    ${why}`);
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(most);
    // So that the page says what is so.
    expect(score).toBeGreaterThan(most - 0.3);
  });

  test('is the same for all that change deployments', async () => {
    const sandbox = async (unit: string) => {
      const text = await readFile(join(REPO, 'units', unit), 'utf8');
      return /^PrivateMounts=yes\n(?:(?!\[).*\n?)*/m.exec(text)?.[0].trim();
    };
    const first = await sandbox('goodboot-begin.service');
    expect(first).toContain('CapabilityBoundingSet=');
    for (const name of ['end', 'arm', 'drill']) expect(await sandbox(`goodboot-${name}.service`)).toBe(first);
    // It says why in one place for both.
    const withoutComments = first?.replaceAll(/^#.*\n/gm, '');
    expect(await sandbox('greenboot/greenboot-healthcheck.service')).toBe(withoutComments);
  });
});

test.each([
  ['bash-completion/completions/goodboot', /^complete -F _goodboot goodboot$/m],
  ['zsh/site-functions/_goodboot', /^#compdef goodboot\n/],
  ['fish/vendor_completions.d/goodboot.fish', /^complete -c goodboot -f$/m],
])('the completions of a shell are installed where it looks: %s', async (path, line) => {
  expect(await readFile(join(root, 'usr/share', path), 'utf8')).toMatch(line);
});

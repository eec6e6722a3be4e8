import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { fragmentState } from '../../src/adapters/boot-loader/fragment.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { openPackage } from '../../src/adapters/package/package.ts';
import { loadConfig } from '../../src/config/load.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { planInstall } from '../../src/node/install/install.ts';
import { planUninstall, uninstall } from '../../src/node/install/uninstall.ts';
import { closed, translated } from '../helpers/butane.ts';
import { build, goodboot } from '../helpers/cli.ts';
import { ignite, makeRelease, type Served, serve, validate } from '../lab/ignition.ts';
import { depsBelow, installInto } from '../lab/install.ts';
import { must } from '../lab/run.ts';
import { ensurePolicy, FILE_CONTEXTS } from '../lab/selinux.ts';

const STUB = resolve(import.meta.dirname, '../lab/stub');
const { version } = JSON.parse(await readFile(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
const PROGRAMS = '/libexec/goodboot/bin';
const BUTANE = resolve(import.meta.dirname, '../../dist/butane');
const EXAMPLES = await readdir(BUTANE);
/** The server of the examples. */
const EXAMPLE = 'https://files.example.org/goodboot/';

// Ignition has a bound of its own, which is longer than that of a test.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

let top: string;
let server: Served;
let root: string;
beforeAll(async () => {
  await build();
  await ensurePolicy();
  top = await mkdtemp(join(tmpdir(), 'goodboot-ignition-'));
  await makeRelease(join(top, 'release'), { programs: STUB, version });
  server = await serve(join(top, 'release'));
}, 300_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(top, { recursive: true });
});
beforeEach(async () => {
  root = await newRoot();
});

/** A node as the initial file system of Fedora CoreOS has it, when Ignition runs. */
async function newRoot(): Promise<string> {
  const made = await mkdtemp(join(top, 'root-'));
  for (const path of ['etc', 'usr', 'boot/grub2', 'var/usrlocal']) await mkdir(join(made, path), { recursive: true });
  await symlink('../var/usrlocal', join(made, 'usr/local'));
  const hook = 'if [ -f $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n';
  await writeFile(join(made, 'boot/grub2/grub.cfg'), hook);
  return made;
}

async function printed(...args: readonly string[]): Promise<string> {
  const ran = await goodboot(['provision', '--format', 'ignition', ...args]);
  expect(ran.exitCode, ran.stderr).toBe(0);
  return ran.stdout;
}
const generic = () => printed('--base-url', server.url, '--release', join(top, 'release'));

/** Every file and link below a directory: its path to its mode and content. */
async function tree(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length);
    if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(path)}`;
    else if (entry.isFile())
      found[name] = `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, 'utf8')}`;
  }
  return found;
}

const without = (found: Readonly<Record<string, string>>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(found).filter(([name]) => !names.includes(name)));

describe('a node that Ignition made', () => {
  let node: string;
  beforeAll(async () => {
    node = await newRoot();
    await ignite(await generic(), node);
  });

  test('has what goodboot install would have made', async () => {
    const other = await mkdtemp(join(top, 'installed-'));
    await mkdir(join(other, 'etc'));
    await mkdir(join(other, 'usr/local'), { recursive: true });
    await installInto(other, '/usr/local');
    const record = '/libexec/goodboot/installed.json';
    expect(without(await tree(join(node, 'var/usrlocal')), record)).toEqual(
      without(await tree(join(other, 'usr/local')), record),
    );
    const own = ['/.ignition-result.json', '/systemd/system-preset/20-ignition.preset'];
    expect(without(await tree(join(node, 'etc')), ...own)).toEqual(await tree(join(other, 'etc')));
  });

  test('has every unit of the preset enabled by its first boot', async () => {
    const preset = await readFile(join(node, 'etc/systemd/system-preset/20-ignition.preset'), 'utf8');
    const wanted = openPackage().text('units/90-goodboot.preset');
    expect(preset.trim().split('\n').toSorted()).toEqual(wanted.trim().split('\n').toSorted());
  });

  test('has labels with which systemd may start the programs, and read the units', async () => {
    const labelOf = async (path: string): Promise<string | undefined> => {
      const said = await must(['getfattr', '-h', '--only-values', '-n', 'security.selinux', join(node, path)]);
      return said.replaceAll('\0', '').split(':')[2];
    };
    for (const name of ['goodboot', 'goodboot-check', 'libatomic.so.1']) {
      expect(await labelOf(`var/usrlocal${PROGRAMS}/${name}`), name).toBe('bin_t');
    }
    expect(await labelOf('var/usrlocal/bin/goodboot')).toBe('bin_t');
    expect(await labelOf('etc/systemd/system/goodboot-verdict.service')).toBe('systemd_unit_t');
    expect(await labelOf('etc/goodboot/deadman')).toBe('etc_t');
  });

  test('is known to a later install, and to uninstall, which leaves nothing but what is in /boot', async () => {
    const deps = depsBelow(node);
    const plan = await planInstall(deps, '/usr/local', version);
    expect({ missing: plan.missing, stale: plan.stale, before: plan.before?.version }).toEqual({
      missing: [],
      stale: [],
      before: version,
    });
    await uninstall(deps.files, await planUninstall(deps.files, deps.source));
    const left = (await readdir(node, { recursive: true })).filter((path) => /goodboot/.test(path));
    expect(left).toEqual(['boot/grub2/goodboot.cfg']);
  });
});

test('GRUB will read the fragment, and what was in custom.cfg stays', async () => {
  await writeFile(join(root, 'boot/grub2/custom.cfg'), 'set timeout=3');
  expect(await fragmentState(makeFiles(root))).toBe('absent');
  await ignite(await generic(), root);
  expect(await fragmentState(makeFiles(root))).toBe('installed');
  expect(await readFile(join(root, 'boot/grub2/custom.cfg'), 'utf8')).toMatch(/^set timeout=3\n# goodboot: /);
});

test('a config that is merged makes the same node', async () => {
  const config = join(top, 'release/generic.ign');
  await writeFile(config, await generic());
  await writeFile(join(top, 'token'), 'sesame\n');
  const merged = ['--merge-url', `${server.url}generic.ign`, '--merge-file', config, '--required-unit', 'app.service'];
  await ignite(await printed(...merged, '--enrolment-token-file', join(top, 'token')), root);
  expect(await readFile(join(root, 'usr/local/bin/goodboot'), 'utf8')).toBe(
    await readFile(join(STUB, 'goodboot'), 'utf8'),
  );
  expect(await readFile(join(root, 'etc/goodboot/config.d/20-provision.yaml'), 'utf8')).toContain('app.service');
  const token = join(root, 'etc/credstore/goodboot.enrolment-token');
  expect(await readFile(token, 'utf8')).toBe('sesame');
  expect((await stat(token)).mode & 0o777).toBe(0o600);
  expect((await stat(join(token, '..'))).mode & 0o777).toBe(0o700);
});

test.each(EXAMPLES)('dist/butane/%s makes a node, once it names the config that is merged', async (name) => {
  const config = join(top, 'release/generic.ign');
  await writeFile(config, await generic());
  const hash = createHash('sha512')
    .update(await readFile(config))
    .digest('hex');
  const text = await readFile(join(BUTANE, name), 'utf8');
  const own = text.replace(`${EXAMPLE}generic.ign`, `${server.url}generic.ign`).replace('0'.repeat(128), hash);
  const ignition = JSON.stringify(closed(translated(own)));
  expect(ignition).not.toContain('example.org/goodboot');
  await validate(ignition);
  await ignite(ignition, root);
  expect((await stat(join(root, 'usr/local/bin/goodboot'))).mode & 0o777).toBe(0o755);
  const { problems, sources } = await loadConfig(makeFiles(root), checkTypes);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  const dropIns = sources.filter(({ state }) => state === 'used').map(({ file }) => basename(file));
  expect(dropIns.filter((each) => each.endsWith('.yaml'))).toEqual(text.match(/(?<=config\.d\/)\S+\.yaml$/gm) ?? []);
});

test.each(['/usr/local', '/var/usrlocal'])('a restorecon in %s labels the programs as Ignition did', async (prefix) => {
  const contexts = join(await ensurePolicy(), FILE_CONTEXTS);
  const path = `${prefix}${PROGRAMS}/goodboot`;
  expect(await must(['matchpathcon', '-m', 'file', '-f', contexts, path])).toMatch(/:bin_t:/);
});

test('programs that are not those of the release are refused: the node does not start without them', async () => {
  const config = await generic();
  const name = join(top, 'release', `goodboot-${version}-x86_64.gz`);
  const whole = await readFile(name);
  try {
    await truncate(name, whole.length - 12);
    await expect(ignite(config, root)).rejects.toThrow(/unexpected EOF/);
    await rm(name);
    await makeRelease(join(top, 'release'), { programs: join(import.meta.dirname, '../lab/stub'), version });
    await writeFile(join(top, 'release', `libatomic-${version}-x86_64.so.1`), 'another');
    await expect(ignite(config, root)).rejects.toThrow(/hash verification failed/);
  } finally {
    await makeRelease(join(top, 'release'), { programs: STUB, version });
  }
});

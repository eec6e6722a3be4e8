import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARCHITECTURES, parseRelease, usualRelease } from '../../src/core/provision/release.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';
import { must, run } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
/** Not where an installation has them: nothing may depend on it. */
const PLACE = '/opt/some where';
const LINK = '/usr/local/bin/goodboot';
const CHECK_LINK = '/run/goodboot-check';
const PLAN = JSON.stringify({
  v: 1,
  checks: [
    {
      name: 'clock',
      type: 'time',
      required: true,
      withinMs: 1000,
      stableMs: 0,
      timeoutMs: 1000,
      options: { synchronised: false },
    },
  ],
});

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

let work: string;
let machine: Machine;
const released = (name: string) => join(work, 'release', name);
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'goodboot-release-'));
  const out = join(work, 'release');
  await must([process.execPath, join(REPO, 'tools/release.mjs'), '--fast', '--out', out], { timeoutMs: 280_000 });
  await must([
    'sh',
    '-c',
    `gzip -dc "${out}"/goodboot-*-x86_64.gz >"${work}/goodboot" && chmod 755 "${work}/goodboot"`,
  ]);
  machine = await bootMachine({ goodboot: false });
  const root = `/proc/${machine.leader}/root`;
  await mkdir(join(root, PLACE));
  await cp(join(work, 'goodboot'), join(root, PLACE, 'goodboot'));
  await cp('/usr/lib/x86_64-linux-gnu/libatomic.so.1', join(root, PLACE, 'libatomic.so.1'), { dereference: true });
  await machine.sh('rm /usr/lib/*/libatomic.so.1*');
  await symlink(`${PLACE}/goodboot`, join(root, LINK));
  await symlink(`${PLACE}/goodboot`, join(root, CHECK_LINK));
}, 300_000);
afterAll(async () => {
  await machine?.stop();
  await rm(work, { recursive: true, force: true });
});

describe('a release', () => {
  test('has the sums of all its files', async () => {
    const checked = await must(['sh', '-c', `cd "${work}/release" && sha256sum --check SHA256SUMS && ls`]);
    const [ok, names] = [/^(\S+): OK$/gm, /^(\S+)$/gm].map((line) =>
      [...checked.matchAll(line)].map(([, name]) => name),
    );
    expect(ok!.length).toBe(10);
    expect([...ok!, 'SHA256SUMS'].toSorted()).toEqual(names!.toSorted());
  });

  test.each(ARCHITECTURES)('is what goodboot provision has nodes of %s fetch', async (arch) => {
    const text = await readFile(released('release.json'), 'utf8');
    const { version, architectures } = JSON.parse(text);
    const { goodboot, libatomic } = architectures[arch];
    // Found by its file, and without one by the names that it usually has.
    const usual = usualRelease(version, arch, { goodboot: goodboot.sha256, 'libatomic.so.1': libatomic.sha256 });
    expect(parseRelease(text, arch)).toEqual(usual);
    for (const { file } of Object.values(usual.programs)) expect(existsSync(released(file)), file).toBe(true);
  });

  test('tells what it is', async () => {
    const about = JSON.parse(await readFile(released('release.json'), 'utf8'));
    expect(Object.keys(about)).toEqual([
      ...['architectures', 'commit', 'commitTime', 'extensionEtc', 'runtime', 'version'],
    ]);
    const { x86_64: own } = about.architectures;
    expect(own.goodboot.sha256).toBe(await sha256(join(work, 'goodboot')));
    expect(own.goodboot.zstd.file).toBe(`goodboot-${about.version}-x86_64.zst`);
    const unpacked = await must(['sh', '-c', `zstd -dc "${released(own.goodboot.zstd.file)}" | sha256sum`]);
    expect(unpacked).toBe(`${own.goodboot.sha256}  -\n`);
    expect((await machine.exec([LINK, '--version'])).stdout).toBe(
      `goodboot ${about.version} (${about.commit}, ${about.runtime})\n`,
    );
  });

  test('is the same when it is built again, by somebody else somewhere else', async () => {
    await must(
      [
        'sh',
        '-c',
        'umask 077 && cd / && exec "$0" "$@"',
        process.execPath,
        join(REPO, 'tools/sea.mjs'),
        '--out',
        join(work, 'again'),
      ],
      {
        timeoutMs: 60_000,
        env: { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', HOME: work },
      },
    );
    expect(await sha256(join(work, 'again/goodboot'))).toBe(await sha256(join(work, 'goodboot')));
  }, 120_000);

  test('runs on aarch64, with the library beside it', async () => {
    const [file, libatomic] = [join(work, 'aarch64/goodboot'), join(work, 'aarch64/libatomic.so.1')];
    await mkdir(join(work, 'aarch64'));
    await must(['sh', '-c', `zstd -dc "${work}"/release/goodboot-*-aarch64.zst >"${file}" && chmod 755 "${file}"`]);
    await must(['sh', '-c', `cp "${work}"/release/libatomic-*-aarch64.so.1 "${libatomic}"`]);
    const elf = await must(['readelf', '--wide', '--file-header', '--dynamic', file]);
    expect(elf).toMatch(/Machine: +AArch64/);
    expect(elf).toContain('[$ORIGIN]');
    const { stdout } = await run(['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', file, '--version']);
    expect(stdout).toMatch(/^goodboot \S+ \(\w+, node 26\./);
  });
});

describe('the executable', () => {
  test('needs no libatomic but its own', async () => {
    expect((await machine.exec([LINK, 'explain', 'USAGE'])).exitCode).toBe(0);
    const elsewhere = await machine.sh(`cp "${PLACE}/goodboot" /run/alone; /run/alone --version 2>&1 || echo "$?"`);
    expect(elsewhere).toContain('libatomic.so.1');
    expect(elsewhere).toMatch(/^127$/m);
  });

  test.each([
    ['a link with its name', [CHECK_LINK]],
    ['a word', [LINK, 'goodboot-check']],
  ])('is the check program by %s', async (_, argv) => {
    const ran = await machine.exec([...argv, 'clock'], { input: PLAN });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toMatchObject({ v: 1, name: 'clock', outcome: { state: 'pass' } });
  });

  test('obeys no options of Node, neither from the environment nor from the command line', async () => {
    const env = { NODE_OPTIONS: '--require=/nope.js', NODE_PATH: '/nope' };
    expect((await machine.exec([LINK, '--version'], { env })).exitCode).toBe(0);
    const ran = await machine.exec([LINK, '--require=/nope.js', 'status']);
    expect(ran.exitCode).toBe(64);
    expect(ran.stderr).toContain("unknown option '--require=/nope.js'");
  });

  test('judges without an installation, with itself as the check program, and tells the journal', async () => {
    await machine.write(
      '/etc/goodboot/config.yaml',
      'apiVersion: goodboot/v1\nchecks: { network: false, clock: { type: time, required: true } }\n',
    );
    await machine.sh('mkdir /run/goodboot');
    const ran = await machine.exec([LINK, 'verdict'], { timeoutMs: 15_000 });
    expect(ran.stderr).toBe('');
    expect(ran.exitCode).toBe(0);
    await machine.sh('journalctl --sync');
    const told = await machine.sh('journalctl -b -o json GOODBOOT_EVENT=verdict-good');
    // Not _EXE: of a sender that has ended meanwhile, journald knows no more than the sender said.
    expect(JSON.parse(told)).toMatchObject({ SYSLOG_IDENTIFIER: 'goodboot', PRIORITY: '5' });
  });
});

describe('what is inside', () => {
  test('is of the node alone, and of packages that a release may have', async () => {
    // A path that is computed: a JavaScript file of the build has no types.
    const { chunks } = await import(join(REPO, 'tools/sea/assets.mjs'));
    const made: readonly { readonly moduleIds: readonly string[] }[] = await chunks(false);
    const ids = made.flatMap(({ moduleIds }) => moduleIds).filter((id) => id.startsWith('/'));
    expect(ids.length).toBeGreaterThan(200);
    const others = ids.filter(
      (id) =>
        !/^\/(src\/(adapters|cli|config|core|node|ports)|checks|node_modules|vendor)\//.test(id.slice(REPO.length)),
    );
    expect(others).toEqual([]);
  });

  test('is every file of an installation, with its mode', async () => {
    const { installedFiles } = await import(join(REPO, 'tools/sea/assets.mjs'));
    const files: readonly { readonly path: string; readonly mode: number }[] = installedFiles();
    expect(files).toContainEqual({ path: 'units/sandbox/units.conf', mode: 0o644 });
    expect(files).toContainEqual({ path: 'dist/libexec/deadman', mode: 0o755 });
    expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).toSorted());
    for (const { path } of files) expect(existsSync(join(REPO, path))).toBe(true);
  });
});

test('the build refuses what a node would not start', async () => {
  const { verify } = await import(join(REPO, 'tools/sea/elf.mjs'));
  expect(() => verify(process.execPath, 'x86_64')).toThrow(/looks for libraries in nothing, and not \$ORIGIN$/);
  expect(() => verify(process.execPath, 'aarch64')).toThrow(/ is for Advanced Micro Devices X86-64, and not AArch64$/);
  expect(() => verify(join(work, 'again/no'), 'x86_64')).toThrow(/^x86_64-linux-gnu-readelf .* failed: /);
});

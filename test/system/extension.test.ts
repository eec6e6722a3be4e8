import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DoctorReport } from '../../src/core/doctor.ts';
import { enabledUnits } from '../../src/core/package/layout.ts';
import { newTrial, type Trial } from '../../src/core/trial.ts';
import { fencesOf } from '../docs/markdown.ts';
import { jsonOf } from '../helpers/cli.ts';
import { deployed } from '../lab/deployed.ts';
import { EXTENSIBLE, type Extension, INSTALLED, makeExtension } from '../lab/extended.ts';
import { bootMachine, type Machine, type MachineOptions } from '../lab/machine.ts';
import { directoryOf } from '../lab/overlay.ts';
import { must } from '../lab/run.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

const REPO = resolve(import.meta.dirname, '../..');
vi.setConfig({ testTimeout: 120_000 });

const PAGE = await readFile(join(REPO, 'docs/how-to/install-sysext.md'), 'utf8');
/** What the page has its reader type, in the blocks with that mark. */
const typed = (mark: string): string =>
  `set -eux\n${fencesOf(PAGE)
    .filter(({ marks }) => marks.includes(mark))
    .map(({ text }) => text)
    .join('')}`;

const CONFIG =
  'apiVersion: goodboot/v1\nchecks: { network: false, units: { stable: 0s } }\nbootLoader: grub\ntrial: { soak: 0s }\n';
/** As Zincati does, it waits for a good boot. */
const UPDATER =
  '[Unit]\nRequires=boot-complete.target\nAfter=boot-complete.target\n' +
  '[Service]\nType=exec\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n';
const NODE = { '/etc/goodboot/config.yaml': CONFIG, '/etc/systemd/system/updater.service': UPDATER };
const GRUB = { '/boot/grub2/grub.cfg': 'source $prefix/custom.cfg\n' };
const COUNTING = '# GRUB Environment Block\nboot_counter=2\ngoodboot_counter=2\nboot_success=0\n'.padEnd(1024, '#');

let extension: Extension;
beforeAll(async () => {
  extension = await makeExtension();
}, 60_000);

const stateOf = async (machine: Machine, unit: string) => (await machine.unit(unit))['ActiveState'];
/** Exit status 20 is an answer. */
const verdictOf = async (machine: Machine): Promise<string> =>
  JSON.parse((await machine.exec(['goodboot', 'status', '--json'])).stdout).verdict;
const since = async (machine: Machine, unit: string) =>
  Number((await machine.unit(unit))['ActiveEnterTimestampMonotonic']);

async function doctor(machine: Machine): Promise<DoctorReport> {
  const answer = jsonOf(await machine.exec(['goodboot', 'doctor', '--json'], { timeoutMs: 40_000 }));
  if (answer.kind !== 'Doctor') throw new Error(JSON.stringify(answer));
  return answer;
}
const findingOf = async (machine: Machine, id: string) =>
  (await doctor(machine)).findings.find((finding) => finding.id === id);

describe('the image', () => {
  /** Programs that only lie there: what is looked at is everything else. */
  const STUB = join(REPO, 'test/lab/stub');
  let top: string;
  let stub: Extension;
  beforeAll(async () => {
    top = await mkdtemp(join(tmpdir(), 'goodboot-image-'));
    stub = await makeExtension(STUB);
    await mkdir(join(top, 'root'));
    await writeFile(join(top, 'image'), stub.image);
    await must(['mount', '-o', 'loop,ro', join(top, 'image'), join(top, 'root')]);
  });
  afterAll(async () => {
    await must(['umount', join(top, 'root')]);
    await rm(top, { recursive: true });
  });
  /** One line for each file, as stat(1) has it. */
  const lines = async (format: string) => {
    const found = await must([
      'sh',
      '-euc',
      'cd "$1"; find . -exec stat -c "$2" {} + | sort',
      'sh',
      `${top}/root`,
      format,
    ]);
    return found.trim().split('\n');
  };

  test('is the same when it is made again, and so is what goes into /etc', async () => {
    const again = await makeExtension(STUB);
    expect(Object.keys(again.files)).toEqual(Object.keys(stub.files));
    for (const [name, content] of Object.entries(again.files))
      expect([name, content.equals(stub.files[name]!)]).toEqual([name, true]);
  });

  test('fits any system of its architecture, has systemd look again, and is root’s alone', async () => {
    const release = await readFile(join(top, 'root/usr/lib/extension-release.d/extension-release.goodboot'), 'utf8');
    expect(release).toBe(
      `ID=_any\nARCHITECTURE=${process.arch === 'arm64' ? 'arm64' : 'x86-64'}\nEXTENSION_RELOAD_MANAGER=1\n`,
    );
    expect(new Set(await lines('%u:%g'))).toEqual(new Set(['0:0']));
    expect((await lines('%A %n')).filter((line) => /^[^l].....w|^[^l].......w/.test(line))).toEqual([]);
  });

  test('has nothing outside of /usr, and no link that leads nowhere', async () => {
    const paths = await lines('%n');
    expect(paths.filter((path) => !/^\.(\/usr(\/|$)|$)/.test(path))).toEqual([]);
    expect(paths.filter((path) => path.includes('bootupd'))).toEqual([]);
    expect(await must(['find', join(top, 'root'), '-xtype', 'l'])).toBe('');
  });

  test('enables what the preset names, also in the target that a boot starts', async () => {
    const system = join(top, 'root/usr/lib/systemd/system');
    const wanted = await readdir(join(system, 'goodboot-extension.target.wants'));
    const preset = await readFile(join(top, 'root/usr/lib/systemd/system-preset/90-goodboot.preset'), 'utf8');
    expect(wanted.toSorted()).toEqual(enabledUnits(preset).toSorted());
    expect(await readdir(join(system, 'boot-complete.target.requires'))).toEqual(['goodboot-verdict.service']);
    const links = ['multi-user', 'sysinit'].map((name) => readdir(join(system, `${name}.target.wants`)));
    expect((await Promise.all(links)).flat().toSorted()).toEqual(wanted.toSorted());
  });

  test.each([
    ['/usr', 'usr_t'],
    ['/usr/bin', 'bin_t'],
    ['/usr/lib', 'lib_t'],
    ['/usr/lib/systemd', 'lib_t'],
    ['/usr/lib/systemd/system', 'systemd_unit_file_t'],
    ['/usr/lib/systemd/system/goodboot-verdict.service', 'systemd_unit_file_t'],
    ['/usr/libexec', 'bin_t'],
    ['/usr/libexec/goodboot/goodboot', 'bin_t'],
    ['/usr/libexec/goodboot/libatomic.so.1', 'lib_t'],
    ['/usr/share', 'usr_t'],
    ['/usr/share/man/man8', 'man_t'],
  ])('labels %s for SELinux: a merged directory has the label of the extension', async (path, type) => {
    expect(await lines('%C %n')).toContain(`system_u:object_r:${type}:s0 .${path}`);
  });
});

describe.each(['trixie', 'bookworm'] as const)('a node of %s', (suite) => {
  test('gets the extension as the page says; from then on each boot is judged before anything updates', async () => {
    const sums = Object.entries(extension.files).map(([name, content]) => {
      return `${createHash('sha256').update(content).digest('hex')}  ${name}\n`;
    });
    const release = Object.fromEntries(Object.entries(extension.files).map(([name, text]) => [`/srv/${name}`, text]));
    await using machine = await bootMachine({
      ...EXTENSIBLE,
      suite,
      grubenv: '# GRUB Environment Block\n'.padEnd(1024, '#'),
      units: [...EXTENSIBLE.units, 'updater.service'],
      files: { ...EXTENSIBLE.files, ...NODE, ...GRUB, ...release, '/srv/SHA256SUMS': sums.join('') },
    });
    await machine.sh(`cd /srv\n${typed('node')}`, { timeoutMs: 40_000 });
    await machine.waitForUnit('goodboot-verdict.service', 'active', 20_000);
    expect(await machine.sh('grep -l goodboot_fallback /boot/grub2/*')).toBe('/boot/grub2/goodboot.cfg\n');

    await machine.reboot();
    expect(await stateOf(machine, 'goodboot-extension.service')).toBe('active');
    expect(await verdictOf(machine)).toBe('good');
    expect(await since(machine, 'boot-complete.target')).toBeGreaterThan(
      await since(machine, 'goodboot-verdict.service'),
    );
    expect(await since(machine, 'updater.service')).toBeGreaterThan(await since(machine, 'goodboot-verdict.service'));
    for (const unit of [
      'goodboot-arm.path',
      'goodboot-begin.service',
      'goodboot-deadman.timer',
      'goodboot-end.service',
    ])
      expect([unit, await stateOf(machine, unit)]).toEqual([unit, 'active']);
    // The one that works without the extension.
    expect(await machine.unit('goodboot-deadman.service')).toMatchObject({
      FragmentPath: '/etc/systemd/system/goodboot-deadman.service',
      ExecStart: expect.stringContaining('/etc/goodboot/deadman'),
    });
    expect(await findingOf(machine, 'units')).toMatchObject({ state: 'pass', why: '7 units are enabled' });
    expect(await findingOf(machine, 'ordering')).toMatchObject({ state: 'pass' });
    expect(await machine.exec(['systemd-analyze', 'verify', '--man=no', 'goodboot-extension.service'])).toMatchObject({
      exitCode: 0,
      stderr: '',
    });

    await machine.write(
      '/etc/goodboot/config.d/bad.yaml',
      'apiVersion: goodboot/v1\nrequired: { units: [absent.service] }\nchecks: { units: { within: 0s } }\n',
    );
    await machine.reboot();
    expect(await verdictOf(machine)).toBe('bad');
    expect(await stateOf(machine, 'boot-complete.target')).toBe('inactive');
    expect(await stateOf(machine, 'updater.service')).toBe('inactive');
    expect(await machine.sh('goodboot history')).toContain('the boot before was shut down, with the verdict good');
    await machine.sh('rm /etc/systemd/system/goodboot-extension.service');
    expect(await findingOf(machine, 'units')).toMatchObject({ state: 'fail', cure: expect.stringMatching(/^cp -dR/) });
    await machine.sh('cp -dR /usr/share/goodboot/etc/. /etc/');

    await machine.sh(typed('gone'));
    const left = 'find /boot /etc /usr ! -type d -path "*goodboot*" ! -name 10-lab.conf | sort';
    expect(await machine.sh(left)).toBe('/etc/goodboot/config.d/bad.yaml\n/etc/goodboot/config.yaml\n');
  });
});

describe('a boot without the extension', () => {
  const armed = newTrial({ deployment: checksumOf(2), from: checksumOf(1), attempts: 3 });
  const trial: Trial = { ...armed, baselineFailures: [] };
  /** With what the page puts into /etc, and no image. */
  async function boot(text: string, options: Partial<MachineOptions>): Promise<Machine> {
    const node = await deployed(text, { trial });
    return bootMachine({
      ...EXTENSIBLE,
      ...options,
      grubenv: COUNTING,
      units: [
        ...[...EXTENSIBLE.units, ...(node.units ?? []), 'updater.service'],
        ...['goodboot-extension.service', 'goodboot-deadman.timer'],
      ],
      files: { ...EXTENSIBLE.files, ...node.files, ...NODE, ...GRUB, ...extension.etc },
    });
  }
  const said = (machine: Machine) =>
    machine.sh('journalctl --sync; journalctl -b -p err -t goodboot -o cat --no-pager | tail -n 1');
  const again = 'systemctl restart systemd-sysext.service; systemctl restart goodboot-extension.service';

  test('is not judged and not rebooted when it is not on trial; nothing updates until it is mended', async () => {
    await using machine = await boot('2 1*', {});
    const says = (why: string) => `goodboot's extension is not merged: this boot is not judged (${why})\n`;
    const states = () =>
      Promise.all(
        ['multi-user.target', 'goodboot-extension.service', 'boot-complete.target', 'updater.service'].map((unit) =>
          stateOf(machine, unit),
        ),
      );
    expect(await said(machine)).toBe(says(`there is no ${INSTALLED}`));
    expect(await states()).toEqual(['active', 'failed', 'inactive', 'inactive']);
    expect(await machine.read('/run/motd.d/boot-status')).toContain('INDETERMINATE');
    expect(await machine.unit('goodboot-deadman.service')).toMatchObject({
      Result: 'success',
      ExecMainStartTimestampMonotonic: expect.stringMatching(/[1-9]/),
    });

    await machine.sh('mkdir /var/lib/extensions; cat >"$image"', { env: { image: INSTALLED }, input: await foreign() });
    expect((await machine.exec(['sh', '-c', again])).exitCode).not.toBe(0);
    expect(await said(machine)).toBe(says(`systemd-sysext did not take ${INSTALLED}`));
    await machine.sh('echo broken >"$image"', { env: { image: INSTALLED } });
    expect((await machine.exec(['sh', '-c', again])).exitCode).not.toBe(0);
    expect(await said(machine)).toBe(says('systemd-sysext.service failed'));
    expect(await states()).toEqual(['active', 'failed', 'inactive', 'inactive']);

    await machine.sh('cat >"$image"', { env: { image: INSTALLED }, input: extension.image });
    const mend = fencesOf(PAGE).find(({ text }) => text.startsWith('systemctl restart systemd-sysext'))!;
    await machine.sh(mend.text);
    await machine.waitForUnit('updater.service', 'active', 20_000);
    expect(await verdictOf(machine)).toBe('good');
    expect(await machine.read('/run/motd.d/boot-status')).toContain('GREEN');
  });

  test('on trial spends an attempt at once, and the next one with the extension ends the trial', async () => {
    await using machine = await boot('2* 1', { waitFor: 'none' });
    await machine.down();
    const image = join(directoryOf(machine.name), 'root', INSTALLED);
    await mkdir(join(image, '..'));
    await writeFile(image, extension.image);
    await machine.up();
    await machine.waitForJobs();
    const journal = await machine.sh('journalctl -b -1 -o cat --no-pager');
    expect(journal).toMatch(
      /extension is not merged[\s\S]*nobody judged this boot, and it runs the deployment on trial/,
    );
    expect(journal).toContain('Reached target reboot.target');
    expect(await verdictOf(machine)).toBe('good');
    expect(await machine.sh('goodboot history')).toMatch(/ended-good/);
    expect(await machine.sh('grub-editenv /boot/grub2/grubenv list')).toBe('boot_success=1\n');
  });
});

/** An image for another architecture, of which systemd-sysext knows the name. */
async function foreign(): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'goodboot-foreign-'));
  try {
    const release = join(directory, 'root/usr/lib/extension-release.d/extension-release.goodboot');
    await mkdir(join(release, '..'), { recursive: true });
    await writeFile(release, 'ID=_any\nARCHITECTURE=s390x\n');
    await must(['mkfs.erofs', join(directory, 'image'), join(directory, 'root')]);
    return await readFile(join(directory, 'image'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

import { copyFile, cp, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/core/doctor.ts';
import {
  build,
  type Directory,
  goodboot,
  goodbootOn,
  jsonOf,
  makeDirectory,
  makeGrubenv,
  onlyCommand,
} from '../helpers/cli.ts';
import { makeOstreeMachine, ON_OSTREE } from '../helpers/ostree-machine.ts';
import { installInto } from '../lab/install.ts';
import { must, type Ran } from '../lab/run.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

beforeAll(build, 60_000);

const answerOf = (ran: Ran): DoctorReport => {
  const answer = jsonOf(ran);
  if (answer.kind !== 'Doctor') throw new Error(`${ran.stdout}${ran.stderr}`);
  return answer;
};
const found = (ran: Ran, id: string) => answerOf(ran).findings.find((finding) => finding.id === id);

describe('goodboot doctor on a node of OSTree', () => {
  const put = async (machine: Directory, path: string, content: string): Promise<void> => {
    await mkdir(dirname(join(machine.path, path)), { recursive: true });
    await writeFile(join(machine.path, path), content);
  };
  /** Two deployments with their entries. The trees and links lie in /run, since / is that of this machine. */
  async function makeNode(): Promise<Directory> {
    const state = { v: 1, trial: null, denied: [], boots: [] };
    const machine = await makeOstreeMachine('2* 1', state);
    await makeGrubenv(join(machine.path, 'boot/grub2/grubenv'));
    await put(machine, 'boot/grub2/grub.cfg', 'blscfg\nsource $prefix/custom.cfg\n');
    for (const n of [1, 2]) {
      const tree = `run/ostree/deploy/lab/deploy/${checksumOf(n)}.0`;
      await put(machine, `${tree}/usr/lib/os-release`, 'ID=lab\n');
      await symlink(`/${tree}`, join(machine.path, `run/ostree/link-${n}`));
      await put(machine, `boot/ostree/lab-${n}/vmlinuz`, 'kernel');
      const entry = `linux /ostree/lab-${n}/vmlinuz\noptions ostree=/run/ostree/link-${n}\n`;
      await put(machine, `boot/loader/entries/ostree-${n}.conf`, entry);
    }
    return machine;
  }
  const doctor = (machine: Directory, ...args: readonly string[]) =>
    goodbootOn(machine, ['doctor', ...args], { how: ON_OSTREE });

  test('finds both deployments, and the fault of one', async () => {
    await using machine = await makeNode();
    const well = await doctor(machine, '--json');
    expect(found(well, 'deployments')).toMatchObject({
      state: 'pass',
      why: '2 deployments, kernel and initrd of each in place',
    });
    expect(found(well, 'fragment')).toMatchObject({ state: 'fail', cure: 'goodboot install-grub' });
    expect(answerOf(well)).toMatchObject({ answer: 'no', changes: [] });
    expect(well.exitCode).toBe(20);
    await put(machine, 'boot/ostree/lab-1/vmlinuz', '');
    expect(found(await doctor(machine, '--json'), 'deployments')).toMatchObject({
      state: 'fail',
      why: 'ostree-1.conf: vmlinuz is empty',
    });
  });

  test('keeps what it answered, and a dry run keeps nothing', async () => {
    await using machine = await makeNode();
    const kept = join(machine.path, 'var/lib/goodboot/doctor.json');
    await doctor(machine, '--dry-run');
    await expect(readFile(kept)).rejects.toThrow('ENOENT');
    const ran = await doctor(machine, '--json');
    expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual(answerOf(ran));
  });

  test('answers all the same when the answer cannot be kept, and says so', async () => {
    await using machine = await makeNode();
    await mkdir(join(machine.path, 'var/lib/goodboot/doctor.json/x'), { recursive: true });
    const ran = await doctor(machine, '--json');
    expect(ran.exitCode).toBe(20);
    expect(ran.stderr).toMatch(/^warning: the answer is not kept: .*doctor.json.* \[FILE_UNWRITABLE\]$/m);
  });

  test.each<[string, string, string | null, string, RegExp]>([
    ['a block that is gone', 'boot/grub2/grubenv', null, 'grubenv', /does not exist/],
    ['a block that is cut', 'boot/grub2/grubenv', 'x'.repeat(1000), 'grubenv', /1000 bytes, 1024 wanted/],
    ['a memory that is no memory', 'var/lib/goodboot/state.json', '{', 'memory', /1 bytes that are no state/],
  ])('finds %s, and all else besides', async (_, path, content, id, why) => {
    await using machine = await makeNode();
    const before = answerOf(await doctor(machine, '--json')).findings;
    await (content === null ? rm(join(machine.path, path)) : writeFile(join(machine.path, path), content));
    const after = answerOf(await doctor(machine, '--json')).findings;
    expect(after.find((finding) => finding.id === id)).toMatchObject({
      state: 'fail',
      why: expect.stringMatching(why),
    });
    const others = (findings: DoctorReport['findings']) =>
      findings
        .filter((finding) => finding.id !== id && finding.id !== 'space')
        .map((each) => `${each.id} ${each.state}`);
    expect(others(after)).toEqual(others(before));
  });

  test('believes the proof of this boot more than the files', async () => {
    await using machine = await makeNode();
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim().replaceAll('-', '');
    const seen = { bootId, deployment: null, startedBy: 'boot-loader', timeMs: Date.now(), proven: true, ended: null };
    await put(machine, 'var/lib/goodboot/state.json', JSON.stringify({ v: 1, trial: null, denied: [], boots: [seen] }));
    expect(found(await doctor(machine, '--json'), 'fragment')).toMatchObject({ state: 'pass' });
    expect(found(await doctor(machine, '--json'), 'grubenv')).toMatchObject({ state: 'pass' });
  });

  test('takes a fragment that was there before this boot, and left no proof, for one that GRUB does not run', async () => {
    await using machine = await makeNode();
    await put(machine, 'boot/grub2/custom.cfg', 'set goodboot_fragment=1\n');
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim().replaceAll('-', '');
    const began = async (timeMs: number) => {
      const seen = { bootId, deployment: null, startedBy: 'boot-loader', timeMs, proven: false, ended: null };
      await put(
        machine,
        'var/lib/goodboot/state.json',
        JSON.stringify({ v: 1, trial: null, denied: [], boots: [seen] }),
      );
      return found(await doctor(machine, '--json'), 'fragment');
    };
    expect(await began(Date.now() + 600_000)).toMatchObject({
      state: 'fail',
      why: expect.stringContaining('left no proof'),
    });
    // Written since this boot began, or nobody knows which came first.
    expect((await began(Date.now()))?.state).not.toBe('fail');
  });

  test('looks for what the checks name', async () => {
    await using machine = await makeNode();
    const config = 'apiVersion: goodboot/v1\nchecks:\n  probe: { type: command, required: true, argv: [/opt/none] }\n';
    await put(machine, 'run/goodboot/config.d/50-probe.yaml', config);
    const ran = await doctor(machine, '--json');
    expect(found(ran, 'checks')).toMatchObject({ state: 'fail', why: 'not there: probe looks for program /opt/none' });
    expect(found(ran, 'required')).toMatchObject({ state: 'pass', why: 'probe' });
  });

  test('asks a collector, and only one that is configured', async () => {
    await using machine = await makeNode();
    expect(found(await doctor(machine, '--json'), 'collector')).toMatchObject({ state: 'skip' });
    const config = 'apiVersion: goodboot/v1\nreport: { collector: "http://127.0.0.1:9" }\n';
    await put(machine, 'run/goodboot/config.d/50-collector.yaml', config);
    expect(found(await doctor(machine, '--json'), 'collector')).toMatchObject({
      state: 'warn',
      why: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 does not answer: /),
    });
  });

  test('is for root alone', async () => {
    await using machine = await makeNode();
    const ran = await goodbootOn(machine, ['doctor'], { how: 'setpriv --reuid=65534 --clear-groups "$@"' });
    expect(ran).toMatchObject({ exitCode: 77, stdout: '', stderr: expect.stringContaining('[NEEDS_ROOT]') });
  });
});

describe('goodboot --root DIR doctor', () => {
  /** The root of an image with goodboot in it and nothing of it enabled. */
  async function makeImage(): Promise<Directory> {
    const image = await makeDirectory({
      'boot/grub2/grub.cfg': 'blscfg\nif [ -f $prefix/custom.cfg ]; then source $prefix/custom.cfg; fi\n',
      'usr/lib/systemd/user/grub-boot-success.timer': '[Timer]\nOnActiveSec=2min\n',
    });
    const units = join(image.path, 'usr/lib/systemd/system');
    await cp('/usr/lib/systemd/system', units, { recursive: true, verbatimSymlinks: true });
    await installInto(image.path);
    await makeGrubenv(join(image.path, 'boot/grub2/grubenv'));
    return image;
  }
  const doctor = (image: Directory, ...args: readonly string[]) =>
    goodboot(['--root', image.path, 'doctor', '--json', ...args]);
  const states = (ran: Ran) => Object.fromEntries(answerOf(ran).findings.map(({ id, state }) => [id, state]));
  const everything = async (image: Directory) =>
    (await readdir(image.path, { recursive: true })).filter((name) => !name.endsWith('.lock')).sort();

  test('says what it would mend, mends it, and has then nothing to mend', async () => {
    await using image = await makeImage();
    expect(states(await doctor(image))).toMatchObject({
      fragment: 'fail',
      counter: 'fail',
      units: 'fail',
      panic: 'skip',
    });
    const before = await everything(image);
    const planned = answerOf(await doctor(image, '--fix', '--dry-run'));
    expect(planned.changes.map(({ change, result }) => `${result}: ${change}`)).toEqual([
      'planned: let /boot/grub2/grub.cfg run the counting fragment',
      expect.stringMatching(/^planned: enable goodboot-arm\.path .*goodboot-verdict\.service$/),
      'planned: mask grub-boot-success.timer for all users',
    ]);
    expect(await everything(image)).toEqual(before);

    const mended = await doctor(image, '--fix');
    expect(answerOf(mended).changes.map(({ result }) => result)).toEqual(['done', 'done', 'done']);
    expect(states(mended)).toMatchObject({ fragment: 'pass', counter: 'pass', units: 'pass' });
    expect([mended.exitCode, answerOf(mended).answer]).toEqual([21, 'not-sure']);
    expect(await readlink(join(image.path, 'etc/systemd/user/grub-boot-success.timer'))).toBe('/dev/null');

    const after = await everything(image);
    expect(answerOf(await doctor(image, '--fix')).changes).toEqual([]);
    expect(await everything(image)).toEqual(after);
  });

  test('undoes what it did by the commands that it names', async () => {
    await using image = await makeImage();
    const units = join(image.path, 'etc/systemd/system');
    const { changes } = answerOf(await doctor(image, '--fix'));
    expect(changes.map(({ undo }) => undo.split(' ')[0])).toEqual(['goodboot', 'systemctl', 'rm']);
    expect((await goodboot(['--root', image.path, 'install-grub', '--remove'])).exitCode).toBe(0);
    await must(['systemctl', `--root=${image.path}`, 'disable', ...changes[1]!.undo.split(' ').slice(2)]);
    await rm(join(image.path, changes[2]!.undo.split(' ')[1]!));
    expect(states(await doctor(image))).toMatchObject({ fragment: 'fail', counter: 'fail', units: 'fail' });
    expect(await readdir(join(units, 'multi-user.target.wants')).catch(() => [])).toEqual([]);
  });

  test('goes on when one thing cannot be mended, and says which', async () => {
    await using image = await makeImage();
    await mkdir(join(image.path, 'boot/grub2/goodboot.cfg')); // a directory where the fragment belongs
    const ran = await doctor(image, '--fix');
    expect(answerOf(ran).changes).toMatchObject([
      { result: 'failed', detail: expect.stringContaining('[FILE_UNREADABLE]') },
      { result: 'done', detail: '' },
      { result: 'done', detail: '' },
    ]);
    expect(states(ran)).toMatchObject({ fragment: 'fail', units: 'pass', counter: 'pass' });
    expect(ran.exitCode).toBe(20);
  });

  test('finds units in /etc that take the place of those of the image', async () => {
    await using image = await makeImage();
    await doctor(image, '--fix');
    const unit = 'systemd/system/goodboot-begin.service';
    await copyFile(join(image.path, 'usr/lib', unit), join(image.path, 'etc', unit));
    expect(found(await doctor(image, '--json'), 'units')).toMatchObject({
      state: 'warn',
      why: expect.stringMatching(/in place of the image's, which are not used: goodboot-begin.service$/),
    });
    // As an extension has it, of its dead-man.
    await mkdir(join(image.path, 'usr/share/goodboot/etc/systemd/system'), { recursive: true });
    await copyFile(join(image.path, 'usr/lib', unit), join(image.path, 'usr/share/goodboot/etc', unit));
    expect(found(await doctor(image, '--json'), 'units')).toMatchObject({ state: 'pass' });
  });

  test('finds a greenboot that would run too', async () => {
    await using image = await makeImage();
    const unit = 'usr/lib/systemd/system/greenboot-healthcheck.service';
    await writeFile(join(image.path, unit), '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n');
    await must(['systemctl', `--root=${image.path}`, 'enable', 'greenboot-healthcheck.service']);
    expect(found(await doctor(image), 'greenboot')).toMatchObject({
      state: 'fail',
      cure: 'systemctl disable --now greenboot-healthcheck.service',
    });
    await doctor(image, '--fix');
    expect(found(await doctor(image), 'greenboot')).toMatchObject({ state: 'pass' });
  });

  test('finds units that wait for each other', async () => {
    await using image = await makeImage();
    const unit = (after: string) =>
      `[Unit]\nAfter=${after}\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n`;
    const units = join(image.path, 'usr/lib/systemd/system');
    expect(found(await doctor(image), 'ordering')).toMatchObject({ state: 'pass' });
    await writeFile(join(units, 'one.service'), unit('two.service'));
    await writeFile(join(units, 'two.service'), unit('one.service'));
    await must(['systemctl', `--root=${image.path}`, 'enable', 'one.service', 'two.service']);
    expect(found(await doctor(image), 'ordering')).toMatchObject({
      state: 'fail',
      why: expect.stringMatching(/ordering cycle/),
    });
  });

  test('does not take a boot that cannot be looked at for one without a cycle', async () => {
    await using image = await makeImage();
    await rm(join(image.path, 'usr/lib/systemd/system/default.target'));
    expect(found(await doctor(image), 'ordering')).toMatchObject({
      state: 'unknown',
      why: expect.stringMatching(/default\.target/),
    });
  });

  test('tells an updater by its unit', async () => {
    await using image = await makeImage();
    expect(found(await doctor(image), 'updater')).toMatchObject({ state: 'warn' });
    await writeFile(
      join(image.path, 'usr/lib/systemd/system/uupd.timer'),
      '[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n',
    );
    await must(['systemctl', `--root=${image.path}`, 'enable', 'uupd.timer']);
    expect(found(await doctor(image), 'updater')).toMatchObject({ state: 'pass', why: 'uupd.timer' });
  });
});

describe('what the doctor said is part of every report', () => {
  const finding = (id: string, state: string) => ({ id, title: id, state, why: '', cure: null, decisive: true });
  const kept = (answer: string, findings: readonly unknown[]) => ({
    apiVersion: 'goodboot/v1',
    kind: 'Doctor',
    bootId: 'b',
    time: '2026-11-21T09:45:11.519Z',
    answer,
    findings,
    changes: [],
  });
  const findings = [finding('a', 'pass'), finding('b', 'fail'), finding('c', 'warn'), finding('d', 'unknown')];
  const summary = { time: '2026-11-21T09:45:11.519Z', failed: ['b'], warned: ['c'], unknown: ['d'] };
  const machineWith = (text: string) =>
    makeDirectory({
      'run/goodboot/config.d/50-test.yaml': onlyCommand(['true']),
      'var/lib/goodboot/doctor.json': text,
    });

  test('in short, also when it says no, which costs no boot', async () => {
    await using machine = await machineWith(JSON.stringify(kept('no', findings)));
    const judged = await goodbootOn(machine, ['verdict', '--json']);
    expect(judged.exitCode).toBe(0);
    expect(jsonOf(judged)).toMatchObject({ verdict: 'good', doctor: { answer: 'no', ...summary } });
    expect((await goodbootOn(machine, ['status'])).stdout).toMatch(
      /^doctor {7}a bad update would not be rolled back: failed: b; not told: d \(asked 2026-11-21T09:45:11Z; "goodboot doctor" says more\)$/m,
    );
  });

  test('as it is now in a status, and in no line of it when all is in order', async () => {
    await using machine = await machineWith(JSON.stringify(kept('no', findings)));
    await goodbootOn(machine, ['verdict']);
    const path = join(machine.path, 'var/lib/goodboot/doctor.json');
    await writeFile(path, JSON.stringify(kept('yes', [finding('a', 'pass'), finding('c', 'warn')])));
    const { stdout } = await goodbootOn(machine, ['status']);
    expect(stdout).not.toContain('doctor');
    const json = jsonOf(await goodbootOn(machine, ['status', '--json']));
    expect(json).toMatchObject({ doctor: { answer: 'yes', failed: [], warned: ['c'], unknown: [] } });
  });

  test.each([
    ['was never asked', ''],
    ['left no JSON', '{'],
    ['left an answer that nobody gives', JSON.stringify(kept('maybe', []))],
    ['left findings that are none', JSON.stringify(kept('no', [null]))],
    ['left more than anybody reads', JSON.stringify(kept('no', [finding('x'.repeat(300_000), 'fail')]))],
  ])('as not known where it %s; the verdict stands', async (_, text) => {
    await using machine = await machineWith(text);
    if (text === '') await rm(join(machine.path, 'var/lib/goodboot/doctor.json'));
    const judged = await goodbootOn(machine, ['verdict', '--json']);
    expect(judged).toMatchObject({ exitCode: 0, stderr: expect.not.stringMatching(/warn|error/) });
    expect(jsonOf(judged)).toMatchObject({ verdict: 'good', doctor: null });
    const { exitCode, stdout } = await goodbootOn(machine, ['status']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^doctor +it is not known whether a bad update would be rolled back: ask "goodboot doctor"$/m,
    );
  });
});

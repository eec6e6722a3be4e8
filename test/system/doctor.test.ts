import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DoctorReport } from '../../src/core/doctor.ts';
import { build, jsonOf } from '../helpers/cli.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';

vi.setConfig({ testTimeout: 60_000 });
beforeAll(build, 60_000);

/** As `grub` is named, the machine is taken for one that GRUB started, not for a container. */
const CONFIG = 'apiVersion: goodboot/v1\nbootLoader: grub\nchecks: { network: false, units: { stable: 0s } }\n';
const GRUBENV = '# GRUB Environment Block\n'.padEnd(1024, '#');

const boot = (suite: 'trixie' | 'bookworm') =>
  bootMachine({
    suite,
    grubenv: GRUBENV,
    files: { '/etc/goodboot/config.yaml': CONFIG, '/boot/grub2/grub.cfg': 'source $prefix/custom.cfg\n' },
  });

async function doctor(machine: Machine, ...args: readonly string[]): Promise<DoctorReport> {
  const answer = jsonOf(await machine.exec(['goodboot', 'doctor', '--json', ...args], { timeoutMs: 40_000 }));
  if (answer.kind !== 'Doctor') throw new Error(JSON.stringify(answer));
  return answer;
}
const found = ({ findings }: DoctorReport, id: string) => findings.find((finding) => finding.id === id);

describe('on a booted machine', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await boot('trixie');
  }, 60_000);
  afterAll(() => machine.stop());

  const events = async () => {
    await machine.sh('journalctl --sync');
    const told = await machine.sh('journalctl -o json --no-pager GOODBOOT_EVENT=rollback-not-ready');
    return told
      .split('\n')
      .filter(Boolean)
      .map((line): string => JSON.parse(line).GOODBOOT_REASON);
  };
  const kept = async (): Promise<DoctorReport> => JSON.parse(await machine.read('/var/lib/goodboot/doctor.json'));
  /** Waits until the doctor has answered anew. */
  const answered = (before: string) =>
    vi.waitFor(async () => expect((await kept()).time).not.toBe(before), { timeout: 30_000, interval: 100 });

  test('the doctor looks once after the start, says what it found, and is no failure', async () => {
    expect(await machine.waitForUnit('goodboot-doctor.service', 'inactive', 30_000)).toMatchObject({
      Result: 'success',
      ExecMainStatus: '20',
    });
    expect(await kept()).toMatchObject({
      kind: 'Doctor',
      answer: 'no',
      bootId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(await events()).toEqual([expect.stringMatching(/^see second deployment, .*GRUB fragment/)]);
  });

  test('multi-user.target does not wait for it, and neither does boot-complete.target', async () => {
    for (const target of ['multi-user.target', 'boot-complete.target', 'default.target']) {
      expect((await machine.unit(target))['After']).not.toContain('goodboot-doctor.service');
    }
  });

  test('it sees units, presets and their order as they are', async () => {
    const report = await doctor(machine);
    expect(found(report, 'units')).toMatchObject({ state: 'pass' });
    expect(found(report, 'ordering')).toMatchObject({ state: 'pass' });
    expect(found(report, 'greenboot')).toMatchObject({ state: 'pass', why: 'not installed' });
    expect(found(report, 'journal')).toMatchObject({ state: 'pass' });
    expect(found(report, 'memory')).toMatchObject({ state: 'pass' });
    // No container has one, whatever the machine below has.
    expect(found(report, 'watchdog')?.state).toMatch(/^(warn|pass)$/);
    expect(found(report, 'panic')?.why).toContain('panic');
  });

  test('a changed configuration is looked at, and told of only when the result is another one', async () => {
    const told = (await events()).length;
    const first = await kept();
    await machine.write(
      '/etc/goodboot/config.d/50-app.yaml',
      'apiVersion: goodboot/v1\nrequired: { units: [app.service] }\n',
    );
    await answered(first.time);
    const second = await kept();
    expect(found(second, 'checks')).toMatchObject({
      state: 'fail',
      why: 'not there: units looks for unit app.service',
    });
    expect((await events()).length).toBe(told + 1);
    await machine.write(
      '/etc/goodboot/config.d/50-app.yaml',
      'apiVersion: goodboot/v1\nrequired: { units: [app2.service] }\n',
    );
    await answered(second.time);
    expect((await events()).length).toBe(told + 1);
    await machine.sh('rm /etc/goodboot/config.d/50-app.yaml');
  });

  test('a unit that waits for itself, one that is masked, and a preset against it are found', async () => {
    const unit = (other: string) =>
      `[Unit]\nAfter=${other}.service\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n`;
    await machine.write('/etc/systemd/system/one.service', unit('two'));
    await machine.write('/etc/systemd/system/two.service', unit('one'));
    await machine.write('/etc/systemd/system-preset/10-site.preset', 'disable goodboot-arm.path\n');
    await machine.sh('systemctl enable one.service two.service 2>/dev/null');
    const preset = await doctor(machine);
    expect(found(preset, 'ordering')).toMatchObject({ state: 'fail', why: expect.stringContaining('ordering cycle') });
    expect(found(preset, 'units')).toMatchObject({ state: 'warn', why: expect.stringContaining('goodboot-arm.path') });
    await machine.sh('systemctl disable one.service two.service; systemctl mask goodboot-begin.service 2>/dev/null');
    const masked = await doctor(machine, '--fix', '--dry-run');
    expect(found(masked, 'units')).toMatchObject({ state: 'fail', cure: 'systemctl unmask goodboot-begin.service' });
    expect(masked.changes.map(({ change }) => change).join()).not.toContain('goodboot-begin');
    await machine.sh('systemctl unmask goodboot-begin.service; rm /etc/systemd/system-preset/10-site.preset');
  });

  test('a greenboot that ran in this boot is found, though it would be skipped in the next', async () => {
    const unit =
      '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';
    await machine.write('/etc/systemd/system/greenboot-healthcheck.service', unit);
    await machine.sh('systemctl enable greenboot-healthcheck.service 2>/dev/null');
    expect(found(await doctor(machine), 'greenboot')).toMatchObject({
      state: 'pass',
      why: expect.stringContaining('skipped'),
    });
    await machine.sh('mv /usr/lib/systemd/system/greenboot-.service.d /root/; systemctl daemon-reload');
    expect(found(await doctor(machine), 'greenboot')).toMatchObject({
      state: 'fail',
      why: expect.stringContaining('would run too'),
    });
    await machine.sh(
      'systemctl start greenboot-healthcheck.service; mv /root/greenboot-.service.d /usr/lib/systemd/system/',
    );
    expect(found(await doctor(machine), 'greenboot')).toMatchObject({
      state: 'fail',
      why: expect.stringContaining('ran in this boot'),
    });
  });
});

test('--fix on systemd 252 keeps the journal from then on, enables units, and does it once', async () => {
  await using machine = await boot('bookworm');
  await machine.sh('systemctl disable goodboot-verdict.service 2>/dev/null; rm -r /var/log/journal');
  await machine.sh('systemctl restart systemd-journald.service');
  const before = await doctor(machine, '--dry-run');
  expect([found(before, 'journal')?.state, found(before, 'units')?.state]).toEqual(['warn', 'fail']);
  const mended = await doctor(machine, '--fix');
  expect(mended.changes.filter(({ result }) => result !== 'done')).toEqual([]);
  expect(mended.changes.map(({ undo }) => undo)).toContain('rm /etc/systemd/journald.conf.d/50-goodboot.conf');
  expect([found(mended, 'journal')?.state, found(mended, 'units')?.state, found(mended, 'fragment')?.state]).toEqual([
    'pass',
    'pass',
    'pass',
  ]);
  expect((await doctor(machine, '--fix')).changes).toEqual([]);
  await machine.sh('logger -t before kept; journalctl --sync');
  await machine.reboot();
  expect(await machine.sh('journalctl -b -1 -t before -o cat')).toBe('kept\n');
  expect(found(await doctor(machine), 'units')).toMatchObject({ state: 'pass' });
});

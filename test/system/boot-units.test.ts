import { describe, expect, test } from 'vitest';
import type { NodeState } from '../../src/core/node-state.ts';
import type { Trial } from '../../src/core/trial.ts';
import { deployed } from '../lab/deployed.ts';
import { bootMachine, type Machine, type MachineOptions } from '../lab/machine.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

const TIMEOUT_MS = 240_000;
const UNITS = [
  'goodboot-begin.service',
  'goodboot-end.service',
  'goodboot-arm.path',
  'goodboot-deadman.timer',
  'goodboot-verdict.service',
];
/** The vendor defaults wait for a network and for long stability. */
const QUICK = `apiVersion: goodboot/v1
bootLoader: grub
trial: { soak: 0s }
checks:
  network: false
  failed-units: false
  kernel: false
  units: { within: 3s, stable: 0s }
`;
const COUNTING = `# GRUB Environment Block\nboot_counter=2\ngoodboot_counter=2\nboot_success=0\n`.padEnd(1024, '#');
const trial: Trial = {
  deployment: checksumOf(2),
  from: checksumOf(1),
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
};

const stateOf = async (machine: Machine): Promise<NodeState> =>
  JSON.parse(await machine.read('/var/lib/goodboot/state.json'));
const endings = async (machine: Machine) => (await stateOf(machine)).boots.map(({ ended }) => ended);
const states = async (machine: Machine) =>
  Object.fromEntries(
    await Promise.all(UNITS.map(async (unit) => [unit, (await machine.unit(unit))['ActiveState']] as const)),
  );
const ACTIVE = Object.fromEntries(UNITS.map((unit) => [unit, 'active']));

/** A machine with deployments, with more files. */
async function bootDeployed(text: string, state: Partial<NodeState>, more: MachineOptions = {}): Promise<Machine> {
  const options = await deployed(text, state);
  return bootMachine({
    grubenv: COUNTING,
    ...options,
    ...more,
    units: [...(options.units ?? []), ...(more.units ?? [])],
    files: { '/etc/goodboot/config.d/10-quick.yaml': QUICK, ...options.files, ...more.files },
  });
}

describe.each(['trixie', 'bookworm'] as const)('a system of %s without deployments', (suite) => {
  test(
    'runs all units of the preset without harm, and tells how a boot ended',
    async () => {
      await using machine = await bootMachine({
        suite,
        files: { '/etc/goodboot/config.d/10-quick.yaml': QUICK.replace('bootLoader: grub\n', '') },
      });
      expect(await states(machine)).toEqual(ACTIVE);
      expect(await machine.sh('systemctl --failed --no-legend')).toBe('');
      expect(await machine.sh('journalctl -b -o cat')).not.toContain('ordering cycle');
      await machine.sh('systemctl start goodboot-deadman.service goodboot-arm.service');
      await machine.reboot();
      await machine.reboot('crash');
      expect(await endings(machine)).toEqual(['clean', 'unclean', null]);
      await machine.sh('systemctl restart goodboot-end.service goodboot-begin.service');
      await machine.reboot('crash');
      expect(await endings(machine)).toEqual(['clean', 'unclean', 'unclean', null]);
    },
    TIMEOUT_MS,
  );
});

describe('a node with deployments', () => {
  test(
    'notes the attempt, marks it good, and goes back by hand',
    async () => {
      await using machine = await bootDeployed('2* 1', { trial });
      expect(await states(machine)).toEqual(ACTIVE);
      expect(await machine.sh('goodboot history')).toMatch(/trial +attempt .*\n(.*\n)*.*ended-good/);
      expect(await machine.sh('grub-editenv /boot/grub2/grubenv list')).toBe('boot_success=1\n');
      const { trial: ended, boots } = await stateOf(machine);
      expect([ended, boots.at(-1)?.deployment]).toEqual([null, checksumOf(2)]);
      expect(await machine.sh('goodboot rollback --force')).toContain(checksumOf(1));
      expect(await machine.sh('ostree admin status --json')).toMatch(new RegExp(`^.{0,40}${checksumOf(1)}`));
      expect(await stateOf(machine)).toMatchObject({ trial: null, chosen: checksumOf(1) });
      expect(await machine.sh('goodboot rollback --apply')).toContain('nothing had to be changed');
      await machine.rebooted();
      await machine.waitForJobs();
      expect(await machine.sh('goodboot history')).not.toMatch(/ armed /);
    },
    TIMEOUT_MS,
  );

  test(
    'finishes a rollback in the sandbox of goodboot-begin, also on a read-only /boot',
    async () => {
      const boot =
        '[Mount]\nWhat=/var/boot\nWhere=/boot\nType=none\nOptions=bind,ro\n[Install]\nWantedBy=local-fs.target\n';
      await using machine = await bootDeployed(
        '2 1*',
        { trial: { ...trial, phase: 'fell-back' } },
        {
          units: ['boot.mount'],
          files: { '/etc/systemd/system/boot.mount': boot, '/var/boot/grub2/grubenv': COUNTING },
        },
      );
      expect((await machine.unit('goodboot-begin.service'))['ActiveState']).toBe('active');
      expect(await machine.sh('ostree admin status --json')).toMatch(new RegExp(`^.{0,40}${checksumOf(1)}`));
      expect(await machine.sh('grub-editenv /boot/grub2/grubenv list')).toBe('boot_success=1\n');
      expect(await machine.sh('goodboot deny list')).toContain(checksumOf(2));
    },
    TIMEOUT_MS,
  );

  test(
    'brings a drill to its end, also where only a late verdict asks for that',
    async () => {
      const view = { booted: checksumOf(1), deployments: [{ id: checksumOf(1), pinned: false }] };
      const drill = {
        v: 1,
        deployment: checksumOf(2),
        from: checksumOf(1),
        attempts: 3,
        started: '2026-11-21T10:00:00.000Z',
        ledgerSeq: 0,
        pinned: [],
        before: { ...view, marks: { boot_success: '1' }, denied: [] },
      };
      await using machine = await bootDeployed(
        '2 1*',
        { trial: { ...trial, phase: 'fell-back', drill: true } },
        {
          files: {
            '/boot/grub2/grubenv': COUNTING,
            '/var/lib/goodboot/drill.json': JSON.stringify(drill),
            '/etc/systemd/system-preset/00-late.preset': 'disable goodboot-drill.service\n',
          },
        },
      );
      await machine.waitForJobs();
      expect(await machine.sh('systemctl is-enabled goodboot-drill.service || :')).toBe('disabled\n');
      expect(JSON.parse(await machine.sh('goodboot drill show --json'))).toMatchObject({ deployment: checksumOf(2) });
      expect(await machine.sh('ls /var/lib/goodboot')).not.toMatch(/^drill\.json/m);
      expect(await machine.sh('ostree admin status --json')).not.toContain(checksumOf(2));
      expect(await machine.sh('goodboot deny list')).not.toContain(checksumOf(2));
    },
    TIMEOUT_MS,
  );

  test(
    'that cannot begin still ends clean',
    async () => {
      const broken = '[Service]\nExecStart=\nExecStart=/bin/false\n';
      await using machine = await bootDeployed(
        '2* 1',
        {},
        { files: { '/etc/systemd/system/goodboot-begin.service.d/x.conf': broken } },
      );
      expect((await machine.unit('goodboot-begin.service'))['ActiveState']).toBe('failed');
      await machine.reboot();
      expect(await machine.sh('ls /var/lib/goodboot')).toContain('clean-shutdown');
    },
    TIMEOUT_MS,
  );

  test('ends clean and in time when the bus does not answer', async () => {
    await using machine = await bootDeployed('2* 1', {}, { files: { '/usr/bin/rpm-ostree': '' } });
    await machine.sh('systemctl kill --signal=STOP --kill-whom=main dbus.service');
    const start = Date.now();
    await machine.exec(['systemctl', 'start', 'poweroff.target', '--no-block', '--job-mode=replace-irreversibly']);
    await machine.down(80_000);
    expect(Date.now() - start).toBeLessThan(80_000);
    await machine.up();
    expect(await endings(machine)).toEqual(['clean', null]);
  }, 180_000);
});

describe('the dead-man', () => {
  const soon = { '/etc/systemd/system/goodboot-deadman.timer.d/x.conf': '[Timer]\nOnBootSec=\nOnBootSec=3s\n' };
  const mute = { '/etc/systemd/system/goodboot-verdict.service.d/x.conf': '[Unit]\nConditionPathExists=/never\n' };
  const broken = { '/etc/systemd/system/goodboot-begin.service.d/x.conf': '[Unit]\nConditionPathExists=/never\n' };

  test(
    'reboots a deployment on trial that ends in emergency mode',
    async () => {
      const lost = '[Mount]\nWhat=/dev/null\nWhere=/data\nType=ext4\n[Install]\nRequiredBy=local-fs.target\n';
      await using machine = await bootDeployed(
        '2* 1',
        { trial },
        { waitFor: 'none', units: ['data.mount'], files: { ...soon, '/etc/systemd/system/data.mount': lost } },
      );
      await machine.waitForUnit('emergency.target', 'active');
      expect((await machine.unit('sysinit.target'))['ActiveState']).toBe('inactive');
      await machine.rebooted();
    },
    TIMEOUT_MS,
  );

  test(
    'reboots a deployment on trial that nobody judges, and not the one before it',
    async () => {
      const files = { ...soon, ...mute, ...broken };
      {
        await using machine = await bootDeployed('2* 1', { trial }, { waitFor: 'none', files });
        await machine.rebooted();
      }
      await using machine = await bootDeployed('2 1*', { trial }, { files });
      await machine.waitForUnit('goodboot-deadman.timer', 'active');
      expect(await machine.sh('systemctl start goodboot-deadman.service; systemctl list-jobs --no-legend')).toBe('');
      expect((await machine.unit('goodboot-deadman.service'))['Result']).toBe('success');
    },
    TIMEOUT_MS,
  );
});

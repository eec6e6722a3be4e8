import { expect, test } from 'vitest';
import { bootMachine, type Machine } from '../lab/machine.ts';

const TIMEOUT_MS = 90_000;
const QUICK = `apiVersion: goodboot/v1
bootLoader: grub
checks:
  network: false
  failed-units: false
  units: { within: 0s, stable: 0s }
`;
const GRUBENV = '# GRUB Environment Block\nsaved_entry=0\nboot_success=0\n'.padEnd(1024, '#');

/** Units of the shape that greenboot's have: they would judge, count and reboot. */
const HEALTHCHECK = `[Unit]
Before=boot-complete.target
OnFailure=redboot.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/touch /var/greenboot-ran
[Install]
RequiredBy=boot-complete.target
WantedBy=multi-user.target
`;
const AUTO_REBOOT = `[Service]
Type=oneshot
ExecStart=/bin/touch /var/greenboot-rebooted
[Install]
WantedBy=redboot.target
`;
/** A site's own unit for a red boot, and one that is ordered by greenboot's name. */
const DIAGNOSIS = `[Service]
Type=oneshot
ExecStart=/bin/touch /var/diagnosis
[Install]
WantedBy=redboot.target
`;
const FOLLOWER = `[Unit]
Requires=greenboot-healthcheck.service
After=greenboot-healthcheck.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
`;

const boot = (scripts: Readonly<Record<string, string>>): Promise<Machine> =>
  bootMachine({
    grubenv: GRUBENV,
    timeoutMs: TIMEOUT_MS,
    units: ['greenboot-healthcheck.service', 'redboot-auto-reboot.service', 'diagnosis.service', 'follower.service'],
    files: {
      '/etc/goodboot/config.d/10-quick.yaml': QUICK,
      '/usr/lib/systemd/system/greenboot-healthcheck.service': HEALTHCHECK,
      '/usr/lib/systemd/system/redboot-auto-reboot.service': AUTO_REBOOT,
      '/usr/lib/systemd/system/redboot.target': '[Unit]\nConflicts=boot-complete.target\n',
      '/etc/systemd/system/diagnosis.service': DIAGNOSIS,
      '/etc/systemd/system/follower.service': FOLLOWER,
      ...scripts,
    },
  });
const state = async (machine: Machine, unit: string) => (await machine.unit(unit))['ActiveState'];
const MOTD = '/run/motd.d/boot-status';

test(
  'greenboot\u2019s scripts run after a migration as they did before, and its names keep their meaning',
  async () => {
    await using machine = await boot({
      '/etc/greenboot/check/required.d/40_app.sh': `#!/bin/bash
set -e
echo "<4>the app is slow"
(sleep infinity) &
systemctl is-active --quiet dbus.socket
echo through | systemd-cat -t by-hand
echo x >/var/marker; stat -c %a /var/marker
ulimit -f; id -u; touch /usr/lib/writable && ip link show lo >/dev/null && echo free
[ -e /var/fail ] && { echo "the app is down" >&2; exit 3; }
exit 0
`,
      '/etc/greenboot/green.d/10.sh': 'echo green >>/var/hooks\n',
      '/etc/greenboot/red.d/40_pre_rollback.sh': `#!/bin/bash
if grub-editenv /boot/grub2/grubenv list | grep -q ^boot_counter=0; then echo next >>/var/hooks; else echo red >>/var/hooks; fi
`,
      '/usr/lib/greenboot/red.d/50_fails.sh': 'echo "nobody listens"; exit 9\n',
      '/etc/greenboot/check/wanted.d/50_updates.sh': 'echo "no mirror"; exit 1\n',
    });
    // Not yet migrated: greenboot is skipped, and its scripts are not run.
    expect(await machine.sh('ls /var')).not.toContain('hooks');
    expect(await machine.read(MOTD)).toBe('Boot Status is GREEN - Health Check SUCCESS\n');
    expect(await machine.unit('greenboot-healthcheck.service')).toMatchObject({ ConditionResult: 'no' });

    await machine.sh('goodboot migrate greenboot');
    await machine.reboot();
    await machine.waitForUnit('goodboot-verdict.service', 'active');
    expect(await machine.sh('ls /var')).not.toContain('greenboot-ran');
    const status = JSON.parse(await machine.sh('goodboot status --json'));
    const { outcome } = status.checks.find(({ name }: { name: string }) => name === 'greenboot');
    expect(outcome).toMatchObject({
      state: 'pass',
      facts: {
        scripts: [{ outcome: 'pass', output: expect.stringContaining('644\nunlimited\n0\nfree\n') }, { exitStatus: 1 }],
      },
    });
    expect(await machine.read(MOTD)).toMatch(/GREEN[\s\S]*wanted greenboot: .*50_updates\.sh ended with exit status 1/);
    // What the script left behind went with the check.
    expect(await machine.sh('cat /proc/[0-9]*/comm')).not.toMatch(/^sleep$/m);

    const log = (...args: readonly string[]) => machine.sh(`journalctl -b -o cat ${args.join(' ')}`);
    await machine.sh('journalctl --sync');
    expect(await log('-t', '40_app.sh')).toContain('the app is slow');
    expect(await log('-t', '40_app.sh', '-p', 'warning')).not.toContain('unlimited');
    expect(await log('-u', 'greenboot-healthcheck.service')).toContain('the app is slow');
    expect(await log('-t', 'by-hand')).toBe('through\n');
    expect(await log('')).not.toContain('ordering cycle');

    expect(await state(machine, 'greenboot-healthcheck.service')).toBe('active');
    expect(await state(machine, 'follower.service')).toBe('active');
    expect(await state(machine, 'redboot.target')).toBe('inactive');

    expect(await machine.read('/var/hooks')).toBe('green\n');

    await machine.write('/var/fail', '');
    await machine.sh('grub-editenv /boot/grub2/grubenv set boot_counter=0');
    await machine.reboot();
    await machine.waitForUnit('goodboot-verdict.service', 'failed');
    await machine.waitForUnit('greenboot-healthcheck.service', 'failed');
    expect(await machine.read(MOTD)).toMatch(
      /RED[\s\S]*required greenboot: .*40_app\.sh ended .* 3 and said "the app is down"/,
    );
    expect(await state(machine, 'boot-complete.target')).toBe('inactive');
    expect(await state(machine, 'redboot.target')).toBe('active');
    expect(await machine.sh('ls /var')).toContain('diagnosis');
    expect(await machine.read('/var/hooks')).toBe('green\nnext\n');
    expect(await log('-t', '50_fails.sh')).toContain('nobody listens');
    expect(await log('-u', 'redboot-task-runner.service')).toContain('nobody listens');
    expect(await machine.sh('ls /var')).not.toContain('greenboot-rebooted');

    // Health comes back: the next verdict is seen under greenboot's name too.
    await machine.sh('rm /var/fail; systemctl start goodboot-verdict.service');
    await machine.waitForUnit('greenboot-healthcheck.service', 'active');
    expect(await state(machine, 'boot-complete.target')).toBe('active');
    expect(await state(machine, 'redboot.target')).toBe('inactive');
    expect(await machine.read(MOTD)).toMatch(/^Boot Status is GREEN/);

    await machine.sh('goodboot migrate greenboot --revert; systemctl disable goodboot-verdict.service');
    await machine.reboot();
    expect(await machine.sh('ls /var')).toContain('greenboot-ran');
  },
  TIMEOUT_MS,
);

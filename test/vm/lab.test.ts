import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ensureImage } from './lab/image.ts';
import { newVm, type Vm } from './lab/vm.ts';

vi.setConfig({ testTimeout: 900_000 });

/** The vendor's checks wait for a network. */
const QUICK = 'apiVersion: goodboot/v1\nchecks: { network: false }\n';
const FILES = { '/etc/goodboot/config.d/10-quick.yaml': QUICK };

/** Before the entries: what the guest has written is seen, and answered in the same block. */
const ANSWER = `
if [ -n "\${lab_guest}" ]; then
  set lab_grub="seen \${lab_guest}"
  save_env lab_grub
fi
`;

const times: [step: string, seconds: number][] = [];

async function timed<T>(step: string, action: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await action();
  times.push([step, Math.round((performance.now() - started) / 100) / 10]);
  return result;
}

beforeAll(async () => {
  await timed('image', () => ensureImage());
}, 900_000);

afterAll(() => {
  console.info(times.map(([step, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${step}`).join('\n'));
});

const setVariable = async (vm: Vm, variable: string): Promise<void> => {
  await vm.exec(['grub-editenv', '/boot/grub2/grubenv', 'set', variable]);
  await vm.sync();
};

test('a machine goes through updates, reboots and power cuts, and its disk can be read in between', async () => {
  const files = { ...FILES, '/etc/put': 'here', '/var/lib/a/put': { content: '#!/bin/sh\necho "$1"', mode: 0o755 } };
  await using vm = await newVm({ fragments: { '08_test.cfg': ANSWER }, files, grubenv: { lab_first: 'a b' } });
  const { deployments, ...off } = await vm.state();
  expect(off).toEqual({ boot: 0, grubenv: { lab_first: 'a b' }, ledger: '' });
  expect(deployments).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const first = deployments[0]!;

  await timed('boot to multi-user', () => vm.start());
  expect(vm.console).toContain('GRUB: booting ostree-1');
  expect(await vm.booted()).toBe(first);
  expect(await vm.read('/etc/put')).toBe('here');
  expect(await vm.exec(['/var/lib/a/put', "a 'b'"])).toEqual({ exitCode: 0, stdout: "a 'b'\n", stderr: '' });
  expect(await vm.exec(['sh', '-c', 'cat; echo "$X" >&2; exit 3'], { input: 'fed', env: { X: 'x' } })).toEqual({
    exitCode: 3,
    stdout: 'fed',
    stderr: 'x\n',
  });
  await expect(vm.exec(['sleep', '60'], { timeoutMs: 500 })).rejects.toThrow('no end after 500 ms');
  const both = await Promise.all([vm.sh('read line </proc/uptime; sleep 1; echo "$line"'), vm.sh('echo quick')]);
  expect(both[1]).toBe('quick\n');
  expect(await vm.sh('goodboot --version')).toMatch(/^\S+ /);
  expect(await vm.sh('test -c /dev/watchdog0 && findmnt --noheadings --output=FSTYPE /sys/fs/pstore')).toBe('pstore\n');

  // An update, staged: in the boot menu only after the shutdown.
  await setVariable(vm, 'lab_guest=1');
  const change = { '/usr/lib/lab-version': '2\n', '/etc/lab-new': 'new\n', '/usr/bin/lsmod': null };
  const second = await timed('commit and stage an update', () => vm.newDeployment({ change, version: '2' }));
  expect(second).not.toBe(first);
  expect((await vm.state()).deployments).toEqual([first]);
  const between = await timed('reboot', () => vm.reboot());
  expect(between).toMatchObject({
    boot: 1,
    deployments: [second, first],
    grubenv: { lab_first: 'a b', lab_guest: '1' },
  });
  expect(between.grubenv).not.toHaveProperty('lab_grub');
  expect(vm.boot).toBe(2);
  expect(vm.console).toContain('GRUB: booting ostree-2');
  expect(await vm.booted()).toBe(second);
  expect(await vm.state()).toMatchObject({ boot: 2, deployments: [second, first], grubenv: { lab_grub: 'seen 1' } });
  expect(await vm.sh('cat /usr/lib/lab-version /etc/lab-new /etc/put')).toBe('2\nnew\nhere');
  expect(await vm.exec(['test', '-e', '/usr/bin/lsmod'])).toMatchObject({ exitCode: 1 });
  expect(await vm.journal(-1)).toContain('Reached target multi-user.target');

  // Back, and the power is cut: what was flushed is kept, what was not is lost.
  await timed('ostree admin set-default', () => vm.sh('ostree admin set-default 1', { timeoutMs: 60_000 }));
  await vm.sh('echo 0 >/proc/sys/vm/dirty_writeback_centisecs; mount -o remount,commit=300 /boot'); // not by itself
  await setVariable(vm, 'lab_guest=2');
  await vm.sh('echo x >/boot/lost');
  await timed('power cut', () => vm.kill());
  expect(await vm.disks.read('/boot/lost')).toBeNull();
  expect(await vm.state()).toMatchObject({ boot: 2, deployments: [first, second], grubenv: { lab_guest: '2' } });
  await timed('boot after a power cut', () => vm.start());
  expect(await vm.booted()).toBe(first);
  expect(await vm.state()).toMatchObject({ boot: 3, deployments: [first, second], grubenv: { lab_grub: 'seen 2' } });
  expect(await vm.exec(['test', '-e', '/usr/lib/lab-version'])).toMatchObject({ exitCode: 1 });

  await timed('power off', () => vm.powerOff());
  await expect(vm.read('/etc/put')).rejects.toThrow('the machine is down');
  expect(await vm.state()).toMatchObject({ boot: 3, deployments: [first, second] });
});

test('a machine resets after a panic, which the next boot can read about, and when nobody feeds its watchdog', async () => {
  await using vm = await newVm({ fragments: {}, files: FILES });
  await vm.start('agent');
  vm.exec(['sh', '-c', 'echo c >/proc/sysrq-trigger']).catch(() => undefined); // it does not answer
  await vm.waitFor(/Kernel panic/);
  await timed('panic, reset and boot to multi-user', () => vm.rebooted());
  expect(await vm.sh('cat /var/lib/systemd/pstore/*/dmesg.txt')).toContain('sysrq: Trigger a crash');
  vm.exec(['sh', '-c', 'wdctl --settimeout 4; exec sleep 600 >/dev/watchdog0'], { timeoutMs: 700_000 }).catch(
    () => null,
  );
  expect(await timed('watchdog of 4 s', () => vm.ended())).toBe('watchdog');
  await vm.start('agent');
  expect(vm.boot).toBe(3);
});

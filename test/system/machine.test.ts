import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { cgroupsOf } from '../lab/cgroup.ts';
import { bootMachine } from '../lab/machine.ts';
import { directoryOf, sweep } from '../lab/overlay.ts';
import { ensureRootfs } from '../lab/rootfs.ts';

const SUITES = [
  ['trixie', 'systemd 257'],
  ['bookworm', 'systemd 252'],
] as const;

vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  for (const [suite] of SUITES) await ensureRootfs(suite);
}, 600_000);

describe.each(SUITES)('a machine of %s (%s)', (suite, version) => {
  test('boots to running, has what was put into it, and leaves nothing on this host', async () => {
    const files = { '/etc/put': 'here', '/opt/run': { content: '#!/bin/sh\necho "$1"', mode: 0o755 } };
    const machine = await bootMachine({
      suite,
      files,
      goodboot: false,
      grubenv: Buffer.alloc(1024, '#'),
      waitFor: 'running',
    });
    await using _ = machine;
    expect(await machine.sh('systemctl --version')).toContain(version);
    expect(await machine.read('/etc/put')).toBe('here');
    expect(await machine.read('/boot/grub2/grubenv')).toBe('#'.repeat(1024));
    expect(await machine.exec(['/opt/run', 'a b'])).toEqual({ exitCode: 0, stdout: 'a b\n', stderr: '' });
    expect(await machine.exec(['cat'], { input: 'fed' })).toMatchObject({ stdout: 'fed' });
    expect(await machine.exec(['false'])).toMatchObject({ exitCode: 1 });
    await expect(machine.exec(['sleep', '60'], { timeoutMs: 100 })).rejects.toThrow('no end after 100 ms');
    expect(await machine.sh('ip -o link | wc -l')).toBe('1\n');
    await machine.stop();
    expect(existsSync(directoryOf(machine.name))).toBe(false);
  });

  test('keeps its disk over a reboot, a crash and a reboot of its own, each with a boot id of its own', async () => {
    await using machine = await bootMachine({ suite, goodboot: false });
    const bootIds = new Set<string>();
    const visit = async () => {
      bootIds.add(await machine.read('/proc/sys/kernel/random/boot_id'));
      await machine.sh('echo visited >>/var/lib/visits');
    };
    await visit();
    await machine.reboot();
    await visit();
    await machine.reboot('crash');
    await visit();
    await machine.exec(['systemctl', 'reboot']);
    await machine.rebooted();
    await visit();
    expect(await machine.read('/var/lib/visits')).toBe('visited\n'.repeat(4));
    expect(bootIds.size).toBe(4);
  });

  test('ends a unit as when memory ran out', async () => {
    await using machine = await bootMachine({ suite, goodboot: false });
    await machine.sh('systemd-run --quiet --unit=hungry sleep 600');
    await machine.oomKill('hungry.service');
    expect(await machine.waitForUnit('hungry.service', 'failed')).toMatchObject({ Result: 'oom-kill' });
  });
});

test('a machine whose test was killed is cleared by the next', async () => {
  const machine = join(import.meta.dirname, '../lab/machine.ts');
  const boot = `const { bootMachine } = await import(${JSON.stringify(machine)}); await bootMachine({ goodboot: false });`;
  const script = `${boot} process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  await once(child, 'exit');
  const name = `goodboot-${child.pid}-1`;
  expect(existsSync(directoryOf(name))).toBe(true);
  await sweep();
  expect(existsSync(directoryOf(name))).toBe(false);
  expect(cgroupsOf(name).filter(existsSync)).toEqual([]);
});

test('a machine runs containers, of root and of a user', async () => {
  await using machine = await bootMachine({ goodboot: false, podman: true, waitFor: 'running' });
  await machine.sh(`
    mkdir -p /opt/image/bin /opt/image/tmp
    cp /usr/bin/busybox /opt/image/bin/
    ln -s busybox /opt/image/bin/sleep
    tar c -C /opt/image -f /opt/image.tar .
    useradd --create-home app
    systemctl start user@1000.service
  `);
  const podman =
    'cd / && podman import -q /opt/image.tar localhost/sleeper:1 && podman run -d --name=web --network=none localhost/sleeper:1 /bin/sleep 600';
  const asUser = [
    'runuser',
    '-u',
    'app',
    '--',
    'env',
    'XDG_RUNTIME_DIR=/run/user/1000',
    'HOME=/home/app',
    'sh',
    '-c',
    podman,
  ];
  expect(await machine.exec(['sh', '-c', podman], { timeoutMs: 20_000 })).toMatchObject({ exitCode: 0 });
  expect(await machine.exec(asUser, { timeoutMs: 20_000 })).toMatchObject({ exitCode: 0 });
});

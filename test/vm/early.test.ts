import { expect } from 'vitest';
import {
  armed,
  countOf,
  deniedOf,
  evidenceOf,
  failsToTheEnd,
  fallsBack,
  MARKED,
  stepsOf,
  trialOf,
  verdictsOf,
} from './follow.ts';
import { goodNode, judged } from './lab/good-node.ts';
import { scenario } from './scenario.ts';

const ATTEMPTS = { '/etc/goodboot/config.d/20-scenario.yaml': 'apiVersion: goodboot/v1\ntrial: { attempts: 2 }\n' };

scenario('kernel-panic', async () => {
  await using vm = await goodNode(ATTEMPTS);
  // The kernel finds no first program in there, and no root file system without it.
  const kernelArguments = ['rdinit=/missing'];
  const update = await armed(vm, { change: { '/usr/lib/lab-version': '2' }, kernelArguments }, 2);
  const during = async () => {
    await vm.waitFor(/Kernel panic/);
  };
  await failsToTheEnd(vm, update, { verdict: null, isNoted: false, during });
  await fallsBack(vm, update);
  expect(vm.boot).toBe(4);
  // Neither of them came so far that it could say anything; the kernel left its last words.
  expect(await evidenceOf(vm)).toEqual([{ boots: 2, deployment: update.next, ended: 'panic', journal: 'absent' }]);
  expect(await vm.sh('cat /var/lib/goodboot/evidence/*.json')).toContain('Kernel panic');
});

scenario('hang-before-userspace', async () => {
  await using vm = await goodNode(ATTEMPTS);
  const update = await armed(vm, { change: { '/usr/lib/lab-version': '2' }, kernelArguments: ['lab.hang'] }, 2);
  const during = async () => {
    await vm.waitFor(/lab: hangs/);
    expect(await vm.ended()).toBe('watchdog');
  };
  await failsToTheEnd(vm, update, { verdict: null, isNoted: false, during });
  await fallsBack(vm, update);
  expect(vm.boot).toBe(4);
});

scenario('init-killed-in-soak', async () => {
  await using vm = await goodNode({
    '/etc/goodboot/config.d/20-scenario.yaml': 'apiVersion: goodboot/v1\ntrial: { soak: 10m }\n',
    '/etc/systemd/system.conf.d/watchdog.conf': '[Manager]\nRuntimeWatchdogSec=20s\n',
    '/etc/modules-load.d/watchdog.conf': 'i6300esb\n',
  });
  const update = await armed(vm, { change: { '/usr/lib/lab-version': '2' } });
  const during = async () => {
    await vm.waitFor(/^lab: multi-user/m);
    const soaking = 'until journalctl --boot | grep -q "the required checks are repeated"; do sleep 1; done';
    await vm.sh(soaking, { timeoutMs: 180_000 });
    expect(countOf(await vm.state())).toEqual(['0', '0']);
    expect(await vm.read('/sys/class/watchdog/watchdog0/state')).toBe('active\n');
    await vm.sync();
    await vm.sh('kill -SEGV 1');
    expect(await vm.ended()).toBe('watchdog');
  };
  await failsToTheEnd(vm, update, { verdict: null, during });
  await fallsBack(vm, update);
});

scenario('crash-loop', async () => {
  await using vm = await goodNode({
    '/etc/goodboot/config.d/20-scenario.yaml': 'apiVersion: goodboot/v1\ntrial: { crashLoop: { reboots: 2 } }\n',
  });
  const { old, next } = await armed(vm, { change: { '/usr/lib/lab-version': '2' } });
  await vm.reboot();
  await judged(vm);
  expect(countOf(await vm.state())).toEqual(MARKED);
  for (let crash = 1; crash <= 2; crash++) {
    expect(await vm.booted()).toBe(next);
    const begun = 'until systemctl is-active --quiet goodboot-begin.service; do sleep 0.5; done; sync';
    await vm.sh(begun, { timeoutMs: 120_000 });
    vm.exec(['sh', '-c', 'echo c >/proc/sysrq-trigger']).catch(() => undefined); // it does not answer
    const between = await vm.rebooted(crash === 2 ? 'power' : 'multi-user');
    expect(between.deployments).toEqual([next, old]);
    expect(stepsOf(between)).toEqual(['armed', 'attempt', 'ended-good']);
    if (crash === 1) expect(await deniedOf(vm)).toEqual([]);
  }
  // The third boot of it begins, sees the two that crashed, and goes back.
  const between = await vm.rebooted();
  expect(between.deployments).toEqual([old, next]);
  expect(stepsOf(between).slice(3)).toEqual(['crash-loop', 'rolled-back']);
  expect(await vm.booted()).toBe(old);
  await judged(vm);
  const state = await vm.state();
  expect(countOf(state)).toEqual(MARKED);
  expect(state.deployments).toEqual([old, next]);
  expect(await deniedOf(vm)).toEqual([next]);
  expect(await trialOf(vm)).toBeNull();
  expect(verdictsOf(state).at(-1)).toBe('good');
  expect(await vm.journal()).toContain(next);
});

import { expect } from 'vitest';
import { deniedOf, settled, stepsOf, trialOf, verdictsOf } from './follow.ts';
import { FILES, judged } from './lab/good-node.ts';
import type { Change } from './lab/ostree-guest.ts';
import { entriesOf } from './lab/systemd-boot.ts';
import type { NodeState, Vm } from './lab/virtual-machine.ts';
import { bootVm } from './lab/vm.ts';
import { scenario } from './scenario.ts';

const BAD = 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n';
/** What /etc/kernel/tries says in the lab; `trial.attempts` there is 1. */
const TRIES = 3;

const goodNode = async (): Promise<Vm> => {
  const vm = await bootVm({ kind: 'systemd-boot', files: FILES });
  try {
    await judged(vm);
    expect(verdictsOf(await vm.state())).toEqual(['good']);
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
};

const entryOf = (deployment: string, tries = ''): string => `lab-${deployment.slice(0, 10)}-0${tries}.conf`;
const inGuest = async (vm: Vm): Promise<readonly string[]> =>
  (await vm.sh('ls /efi/loader/entries')).trim().split('\n').toSorted();
const both = (...names: string[]) => names.toSorted();

/** Stages an update and reboots into it. Before its first boot its entry has all its attempts. */
async function update(vm: Vm, change: Change): Promise<{ readonly old: string; readonly next: string }> {
  const old = await vm.booted();
  expect(await inGuest(vm)).toEqual([entryOf(old)]);
  const next = await vm.newDeployment(change);
  await settled(vm, 'armed');
  expect(await trialOf(vm)).toMatchObject({ deployment: next, from: old, attempts: TRIES, counted: TRIES });
  const between = await vm.reboot('power');
  expect(between.deployments).toEqual([next, old]);
  return { old, next };
}

/** The boot ends by itself, and another begins: what the partition and the node have in between. */
async function nextBoot(vm: Vm): Promise<{ readonly state: NodeState; readonly entries: readonly string[] }> {
  await vm.ended();
  const [state, entries] = [await vm.state(), await entriesOf(vm.directory)];
  await vm.start('power');
  return { state, entries };
}

scenario('systemd-boot-good-update', async () => {
  await using vm = await goodNode();
  const { old, next } = await update(vm, { change: { '/usr/lib/lab-version': '2\n' } });
  await vm.waitFor(/^lab: multi-user/m);
  expect(await inGuest(vm)).toEqual(both(entryOf(old), entryOf(next, '+2-1')));
  await judged(vm);
  expect(await vm.booted()).toBe(next);
  await vm.sh('until [ "$(/usr/lib/systemd/systemd-bless-boot status)" = good ]; do sleep 0.2; done');
  expect(await inGuest(vm)).toEqual(both(entryOf(old), entryOf(next)));
  const state = await vm.state();
  expect(stepsOf(state)).toEqual(['armed', 'attempt', 'ended-good']);
  expect(verdictsOf(state)).toEqual(['good', 'good']);
  expect(await trialOf(vm)).toBeNull();
  // The soak is over before the entry is blessed.
  expect(await vm.journal()).toMatch(
    /the required checks are repeated for another [\s\S]*bless-boot[^\n]*Marked boot as 'good'/,
  );
});

scenario('systemd-boot-bad-unit', async () => {
  await using vm = await goodNode();
  const { old, next } = await update(vm, { change: { '/usr/lib/goodboot/config.d/50-bad.yaml': BAD } });
  for (const [boot, tries] of ['+2-1', '+1-2', '+0-3'].entries()) {
    const { state, entries } = await nextBoot(vm);
    expect(entries).toEqual(both(entryOf(old), entryOf(next, tries)));
    expect(stepsOf(state)).toEqual(['armed', ...Array(boot + 1).fill('attempt')]);
    expect(verdictsOf(state)).toEqual(['good', ...Array(boot + 1).fill('bad')]);
  }
  await vm.waitFor(/^lab: multi-user/m);
  expect(await vm.booted()).toBe(old);
  await judged(vm);
  const state = await vm.state();
  expect(state.deployments).toEqual([old, next]);
  expect(stepsOf(state).slice(-4)).toEqual(['fell-back', 'rolled-back', 'denied', 'ended-bad']);
  expect(verdictsOf(state).at(-1)).toBe('good');
  expect(await deniedOf(vm)).toEqual([next]);
  expect(await trialOf(vm)).toBeNull();
  expect(vm.boot).toBe(1 + TRIES + 1);
  // Settled: nothing leads back to the entry that is used up.
  await vm.reboot();
  await judged(vm);
  expect(await vm.booted()).toBe(old);
  expect(await inGuest(vm)).toEqual(both(entryOf(old), entryOf(next, '+0-3')));
  expect(verdictsOf(await vm.state()).at(-1)).toBe('good');
  expect(await vm.sh('systemctl is-active boot-complete.target')).toBe('active\n');
});

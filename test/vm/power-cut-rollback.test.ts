import { expect } from 'vitest';
import { armed, countOf, deniedOf, failsToTheEnd, MARKED, trialOf, type Update } from './follow.ts';
import { cutEverywhere, cutPointLayer, Standstill, type Stoppable, stopNextBootAt } from './lab/cuts.ts';
import { goodNode, judged } from './lab/good-node.ts';
import type { Vm } from './lab/virtual-machine.ts';
import { scenario } from './scenario.ts';

const BEGIN: Stoppable = { command: 'begin', unit: 'goodboot-begin.service' };
const VERDICT: Stoppable = { command: 'verdict', unit: 'goodboot-verdict.service' };

const BAD = 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n';
const CHANGE = { change: { '/usr/lib/goodboot/config.d/50-bad.yaml': BAD }, version: 'bad' };

/** A node whose update used up its attempts: the next boot is the fallback, and stops at the first change of this. */
async function fallsBackInto(vm: Vm, what: Stoppable): Promise<Update> {
  const update = await armed(vm, CHANGE);
  await failsToTheEnd(vm, update);
  await vm.kill();
  await stopNextBootAt(vm, { what, changes: 0 });
  await vm.start('agent');
  return update;
}

/** Starts what a power cut has left; the node may reboot by itself once more on its way back. */
const comesBackTo = (old: string, bad: string) => async (vm: Vm) => {
  await vm.start('power');
  for (let again = 0; again < 2; again++) {
    const end = await Promise.race([vm.ended(), vm.waitFor(/^lab: multi-user/m).then(() => null)]);
    if (end === null && (await vm.booted()) === old) break;
    if (end === null) await vm.ended();
    await vm.start('power');
  }
  await judged(vm);
  const state = await vm.state();
  expect(await vm.booted()).toBe(old);
  expect(state.deployments).toEqual([old, bad]);
  expect(countOf(state)).toEqual(MARKED);
  expect(await trialOf(vm)).toBeNull();
  expect(await deniedOf(vm)).toEqual([bad]);
};

async function cutsOf(what: Stoppable): Promise<number> {
  await using vm = await goodNode({}, await cutPointLayer());
  const { old, next: bad } = await fallsBackInto(vm, what);
  await using still = await Standstill.of(vm, what);
  return await cutEverywhere(still, what, comesBackTo(old, bad));
}

scenario('power-cut-rollback', async () => {
  expect(await cutsOf(BEGIN)).toBeGreaterThanOrEqual(8);
});

scenario('power-cut-fallback-verdict', async () => {
  expect(await cutsOf(VERDICT)).toBeGreaterThanOrEqual(6);
});

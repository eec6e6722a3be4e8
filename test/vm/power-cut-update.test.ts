import { expect } from 'vitest';
import { armed, countOf, deniedOf, MARKED, trialOf } from './follow.ts';
import { cutEverywhere, cutPointLayer, Standstill, type Stoppable, stopAt } from './lab/cuts.ts';
import { goodNode, judged } from './lab/good-node.ts';
import type { Vm } from './lab/virtual-machine.ts';
import { scenario } from './scenario.ts';

const ARM: Stoppable = { command: 'arm', unit: 'goodboot-arm.service' };
const BEGIN: Stoppable = { command: 'begin', unit: 'goodboot-begin.service' };
const VERDICT: Stoppable = { command: 'verdict', unit: 'goodboot-verdict.service' };

/** A cut spends an attempt. */
const ATTEMPTS = { '/etc/goodboot/config.d/20-attempts.yaml': 'apiVersion: goodboot/v1\ntrial: { attempts: 3 }\n' };
const CHANGE = { change: { '/usr/lib/lab-version': '2\n' }, version: 'good' };

const node = async (): Promise<Vm> => goodNode(ATTEMPTS, await cutPointLayer());

/** Starts what a power cut has left, and holds it against what must be so then. */
const comesUpWith = (deployment: string) => async (vm: Vm) => {
  const before = vm.boot;
  await vm.start();
  await judged(vm);
  const state = await vm.state();
  expect(vm.boot).toBe(before + 1);
  expect(await vm.booted()).toBe(deployment);
  expect(state.deployments[0]).toBe(deployment);
  expect(countOf(state)).toEqual(MARKED);
  expect(await trialOf(vm)).toBeNull();
  expect(await deniedOf(vm)).toEqual([]);
};

scenario('power-cut-arm', async () => {
  await using vm = await node();
  const old = await vm.booted();
  await stopAt(vm, ARM, 0);
  await vm.newDeployment(CHANGE);
  await using still = await Standstill.of(vm, ARM);
  // What was only staged is lost with the power.
  expect(await cutEverywhere(still, ARM, comesUpWith(old))).toBeGreaterThanOrEqual(3);
});

scenario('power-cut-begin', async () => {
  await using vm = await node();
  const { next } = await armed(vm, CHANGE, 3);
  await stopAt(vm, BEGIN, 0);
  await vm.reboot('agent');
  await using still = await Standstill.of(vm, BEGIN);
  expect(await cutEverywhere(still, BEGIN, comesUpWith(next))).toBeGreaterThanOrEqual(4);
});

scenario('power-cut-mark', async () => {
  await using vm = await node();
  const { next } = await armed(vm, CHANGE, 3);
  await stopAt(vm, VERDICT, 0);
  await vm.reboot('agent');
  await using still = await Standstill.of(vm, VERDICT);
  expect(await cutEverywhere(still, VERDICT, comesUpWith(next))).toBeGreaterThanOrEqual(3);
});

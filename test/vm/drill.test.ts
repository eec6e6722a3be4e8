import { expect } from 'vitest';
import { deniedOf, trialOf } from './follow.ts';
import { goodNode, judged } from './lab/good-node.ts';
import type { NodeState, Vm } from './lab/virtual-machine.ts';
import { scenario } from './scenario.ts';

/** One after the other; `GOODBOOT_DRILLS=100 npm run vm -- drill` for more. */
const DRILLS = Number(process.env['GOODBOOT_DRILLS'] ?? 10);
const DRILL_TIMEOUT_MS = 600_000;

scenario('drill', async () => {
  await using vm = await goodNode();
  await withOlder(vm);
  const before = await viewOf(vm);
  for (let count = 1; count <= DRILLS; count++) {
    const between = await begun(vm, '--attempts 1 --yes');
    expect(between.deployments.slice(1)).toEqual(before.deployments);
    await vm.rebooted('multi-user');
    await judged(vm);
    expect(await resultOf(vm), `drill ${count}`).toMatchObject({ state: 'passed', reasons: [] });
    expect(await viewOf(vm), `drill ${count}`).toEqual(before);
  }
});

scenario('drill-power-cut', async () => {
  await using vm = await goodNode();
  await withOlder(vm);
  const before = await viewOf(vm);
  // Before anything is written for good: the copy is staged, and its trial is open.
  vm.sh('goodboot drill --attempts 2 --yes', { timeoutMs: DRILL_TIMEOUT_MS }).catch(() => undefined);
  await vm.sh('until [ -e /run/ostree/staged-deployment ]; do :; done', { timeoutMs: DRILL_TIMEOUT_MS });
  await vm.kill();
  await vm.start();
  await judged(vm);
  expect(await resultOf(vm)).toMatchObject({ state: 'interrupted' });
  expect(await viewOf(vm)).toEqual(before);

  // In the middle of a boot on trial: the boot loader goes on counting, as in any trial.
  await begun(vm, '--attempts 2 --yes');
  await vm.waitFor(/^lab: multi-user/m);
  await vm.kill();
  await vm.start('power');
  await vm.rebooted('multi-user');
  await judged(vm);
  expect(await resultOf(vm)).toMatchObject({ state: 'passed', attempts: 2 });
  expect(await viewOf(vm)).toEqual(before);
});

/** An older deployment, which an update would drop. */
async function withOlder(vm: Vm): Promise<void> {
  await vm.sh(
    `older=$(ostree commit --orphan --tree=ref="$(ostree rev-parse lab/1)" --subject=older)
    ostree admin deploy --not-as-default --retain "$older"`,
    { timeoutMs: DRILL_TIMEOUT_MS },
  );
}

/** Asks for a drill, and gives the state when the machine is off, before the first boot on trial. */
async function begun(vm: Vm, options: string): Promise<NodeState> {
  // It reboots at once: what it answers may be lost on the way.
  const refused = vm.sh(`goodboot drill ${options}`, { timeoutMs: DRILL_TIMEOUT_MS }).then(
    () => new Promise<never>(() => undefined),
    (error: Error) => (error.message === 'the machine went down' ? new Promise<never>(() => undefined) : error),
  );
  const end = await Promise.race([refused, vm.rebooted('power')]);
  if (end instanceof Error) throw end;
  return end;
}

/** Waits for the end of a drill, and gives how it went. */
async function resultOf(vm: Vm): Promise<object> {
  await vm.sh('while [ -e /var/lib/goodboot/drill.json ]; do sleep 0.2; done', { timeoutMs: DRILL_TIMEOUT_MS });
  return JSON.parse(await vm.sh('goodboot drill show --json'));
}

async function viewOf(vm: Vm) {
  const { grubenv, deployments } = await vm.state();
  const left = await vm.sh(
    'find /ostree/repo/objects -name "*.commit" | wc -l; ls /boot/loader/entries /ostree/deploy/*/deploy; ostree admin status | grep -c Pinned || :',
  );
  return { grubenv, deployments, left, denied: await deniedOf(vm), trial: await trialOf(vm) };
}

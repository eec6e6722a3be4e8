import { expect } from 'vitest';
import { armed, countOf, deniedOf, MARKED, settled, stepsOf, trialOf, verdictsOf } from './follow.ts';
import { FILES, goodNode, judged } from './lab/good-node.ts';
import { newVm } from './lab/vm.ts';
import { scenario } from './scenario.ts';

const BAD = {
  '/etc/goodboot/config.d/50-bad.yaml': 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n',
};
const CHANGE = { change: { '/usr/lib/lab-version': '2' } };

scenario('failure-without-update', async () => {
  await using vm = await goodNode(BAD);
  const before = await vm.state();
  for (const boot of [2, 3]) {
    const between = await vm.reboot();
    expect(between.deployments).toEqual(before.deployments);
    await judged(vm);
    const state = await vm.state();
    expect(state.boot).toBe(boot);
    expect(countOf(state)).toEqual([null, '0']);
    expect(stepsOf(state)).toEqual([]);
    expect(verdictsOf(state)).toEqual(['good', 'bad', 'bad'].slice(0, boot));
    const journal = await vm.journal();
    expect(journal).toContain('this deployment is not on trial, so it is not rolled back');
    expect(journal).not.toContain('the node reboots');
    expect(await vm.sh('systemctl list-jobs --no-legend')).not.toContain('reboot');
    expect(await vm.exec(['systemctl', 'is-active', 'boot-complete.target'])).toMatchObject({ exitCode: 3 });
  }
});

scenario('only-one-deployment', async () => {
  await using vm = await newVm({ files: { ...FILES, ...BAD } });
  await vm.start();
  const only = await vm.booted();
  await judged(vm);
  const state = await vm.state();
  expect(state.deployments).toEqual([only]);
  expect(countOf(state)).toEqual([null, '0']);
  expect(stepsOf(state)).toEqual([]);
  expect(verdictsOf(state)).toEqual(['bad']);
  expect(await trialOf(vm)).toBeNull();
  expect(await vm.journal()).toContain('The node stays up as it is');
  expect(await vm.sh('systemctl list-jobs --no-legend')).not.toContain('reboot');
});

/** What grub-reboot asks GRUB for: one boot of an entry that somebody has chosen. */
const CHOICE = `if [ -n "\${next_entry}" ]; then
  set default="\${next_entry}"
  set next_entry=
  save_env next_entry
fi
`;

scenario('old-entry-by-hand', async () => {
  await using vm = await goodNode({ '/boot/grub2/user.cfg': CHOICE });
  const { old, next } = await armed(vm, CHANGE);
  await vm.sh('grub-editenv /boot/grub2/grubenv set next_entry=1');
  const between = await vm.reboot();
  expect(between.deployments).toEqual([next, old]);
  expect(countOf(between)).toEqual(['1', '0']);
  expect(await vm.booted()).toBe(old);
  await judged(vm);
  const chosen = await vm.state();
  expect(chosen.deployments).toEqual([next, old]);
  expect(countOf(chosen)).toEqual(['1', '0']);
  expect(stepsOf(chosen)).toEqual(['armed']);
  expect(await trialOf(vm)).toMatchObject({ deployment: next, phase: 'armed', counted: 1 });
  expect(await deniedOf(vm)).toEqual([]);
  expect(await vm.journal()).toContain('a person chose this boot entry; the trial waits');
  // Left alone, GRUB starts the deployment on trial, with all of its attempts.
  await vm.reboot();
  expect(await vm.booted()).toBe(next);
  await judged(vm);
  const state = await vm.state();
  expect(countOf(state)).toEqual(MARKED);
  expect(stepsOf(state)).toEqual(['armed', 'attempt', 'ended-good']);
});

scenario('update-withdrawn', async () => {
  await using vm = await goodNode();
  const { old } = await armed(vm, CHANGE);
  await vm.sh('ostree admin undeploy 0', { timeoutMs: 60_000 });
  await settled(vm, 'withdrawn');
  expect((await vm.state()).grubenv).not.toHaveProperty('boot_counter');
  expect(await trialOf(vm)).toBeNull();
  const between = await vm.reboot();
  expect(between.deployments).toEqual([old]);
  expect(await vm.booted()).toBe(old);
  await judged(vm);
  const state = await vm.state();
  expect(countOf(state)).toEqual(MARKED);
  expect(stepsOf(state)).toEqual(['armed', 'withdrawn']);
  expect(verdictsOf(state)).toEqual(['good', 'good']);
});

scenario('denied-staged-again', async () => {
  await using vm = await goodNode();
  const old = await vm.booted();
  const denied = await vm.commit(CHANGE);
  await vm.sh('goodboot deny add "$denied"', { env: { denied }, timeoutMs: 60_000 });
  await vm.deploy(denied);
  await settled(vm, 'dropped');
  expect(await vm.sh('ostree admin status')).not.toContain(denied);
  const between = await vm.reboot();
  expect(between.deployments).toEqual([old]);
  await judged(vm);
  const state = await vm.state();
  expect(await vm.booted()).toBe(old);
  expect(countOf(state)).toEqual(MARKED);
  expect(stepsOf(state)).toEqual(['denied', 'dropped']);
  expect(await deniedOf(vm)).toEqual([denied]);
});

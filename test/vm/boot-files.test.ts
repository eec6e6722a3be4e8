import { expect } from 'vitest';
import { armed, countOf, MARKED, settled, stepsOf, trialOf, verdictsOf } from './follow.ts';
import { FILES, goodNode, judged } from './lab/good-node.ts';
import { newVm } from './lab/vm.ts';
import { scenario } from './scenario.ts';

const CHANGE = { change: { '/usr/lib/lab-version': '2' } };
const BAD = {
  '/usr/lib/goodboot/config.d/50-bad.yaml': 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n',
};

scenario('read-only-boot', async () => {
  await using vm = await goodNode();
  await vm.sh("sed -i 's/rw,nosuid/ro,nosuid/' /etc/fstab; mount -o remount,ro /boot");
  const options = 'findmnt --noheadings --output=OPTIONS /boot';
  const { old, next } = await armed(vm, CHANGE);
  expect(await vm.sh(options)).toMatch(/^ro,/);
  const between = await vm.reboot();
  expect(between.deployments).toEqual([next, old]);
  expect(countOf(between)).toEqual(['1', '0']);
  expect(await vm.booted()).toBe(next);
  await judged(vm);
  const state = await vm.state();
  expect(countOf(state)).toEqual(MARKED);
  expect(stepsOf(state)).toEqual(['armed', 'attempt', 'ended-good']);
  expect(await vm.sh(options)).toMatch(/^ro,/);
});

scenario('missing-grubenv', async () => {
  await using vm = await goodNode();
  await vm.sh('rm /boot/grub2/grubenv; sync');
  const next = await vm.newDeployment(CHANGE);
  await settled(vm, 'refused');
  expect(await trialOf(vm)).toBeNull();
  expect(await vm.journal()).toContain(`Deployment ${next} cannot be put on trial`);
  const between = await vm.reboot();
  expect(between.grubenv).toBeNull();
  expect(await vm.booted()).toBe(next);
  await judged(vm);
  const state = await vm.state();
  expect(state.grubenv).toBeNull();
  expect(stepsOf(state)).toEqual(['refused']); // when it is staged, and not again at the shutdown
  expect(verdictsOf(state)).toEqual(['good', 'good']);
  expect(await vm.journal()).toContain('GRUBENV_MISSING');
});

scenario('fragment-missing', async () => {
  await using vm = await newVm({ files: FILES, fragments: {} });
  await vm.start();
  await judged(vm);
  const old = await vm.booted();
  expect(countOf(await vm.state())).toEqual(MARKED);
  const next = await vm.newDeployment({ change: BAD });
  await settled(vm, 'refused');
  expect((await vm.state()).grubenv).not.toHaveProperty('boot_counter');
  expect(await trialOf(vm)).toBeNull();
  expect(await vm.journal()).toContain('cannot be put on trial: fragment-absent');
  await vm.reboot();
  expect(await vm.booted()).toBe(next);
  await judged(vm);
  const state = await vm.state();
  expect(state.deployments).toEqual([next, old]);
  expect(state.grubenv).not.toHaveProperty('boot_counter');
  expect(stepsOf(state)).toEqual(['refused']);
  expect(verdictsOf(state)).toEqual(['good', 'bad']);
  expect(await vm.journal()).toContain('The node stays up as it is');
});

import { expect, test, vi } from 'vitest';
import { bootVm, type Vm } from './lab/vm.ts';

vi.setConfig({ testTimeout: 1_200_000 });

/** The vendor's checks wait for a network, and a soak of 5 minutes is long under emulation. */
const QUICK = `apiVersion: goodboot/v1
trial: { soak: 20s }
checks:
  network: false
  failed-units: false
  kernel: false
  units: { within: 5s, stable: 1s }
  filesystem: { within: 0s }
required: { units: [dbus.service] }
`;
const FILES = { '/etc/goodboot/config.d/10-quick.yaml': QUICK };
const BAD = 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n';

/** A node whose first deployment is judged and marked, and whose updates go on trial. */
async function goodNode(): Promise<Vm> {
  const vm = await bootVm({ files: FILES });
  await vm.sh('systemctl enable goodboot-begin.service goodboot-arm.path goodboot-deadman.timer');
  await vm.reboot();
  await judged(vm);
  expect((await vm.state()).grubenv).toMatchObject({ boot_success: '1' });
  return vm;
}

const judged = (vm: Vm) => vm.sh('while [ ! -e /run/goodboot/verdict.json ]; do sleep 1; done', { timeoutMs: 240_000 });

const armed = (vm: Vm) =>
  vm.sh(
    'until goodboot history | grep -q " armed "; do sleep 1; done; systemctl is-active goodboot-arm.service || true',
    {
      timeoutMs: 120_000,
    },
  );

test('a node goes back by itself from a deployment whose required unit is missing', async () => {
  await using vm = await goodNode();
  const good = await vm.booted();
  const bad = await vm.newDeployment({ change: { '/usr/lib/goodboot/config.d/50-bad.yaml': BAD }, version: 'bad' });
  await armed(vm);
  expect((await vm.state()).grubenv).toMatchObject({ boot_counter: '3', boot_success: '0' });

  let between = await vm.reboot();
  expect(between.deployments).toEqual([bad, good]);
  for (const left of ['2', '1', '0']) {
    expect(await vm.booted()).toBe(bad);
    between = await vm.rebooted();
    expect(between.grubenv).toMatchObject({ boot_counter: left, boot_success: '0' });
  }
  expect(await vm.booted()).toBe(good);
  await judged(vm);
  const state = await vm.state();
  expect(state.deployments).toEqual([good, bad]);
  expect(state.grubenv).not.toHaveProperty('boot_counter');
  expect(state.grubenv).toMatchObject({ boot_success: '1' });
  expect(await vm.sh('goodboot deny list')).toContain(bad);
  expect(await vm.sh('goodboot trial show')).toContain('none is open');
  expect(await vm.sh('systemctl is-active boot-complete.target')).toBe('active\n');
});

test('a good update is marked after its soak, and the counter is gone', async () => {
  await using vm = await goodNode();
  const good = await vm.newDeployment({ change: { '/usr/lib/lab-version': '2\n' }, version: 'good' });
  await armed(vm);
  await vm.reboot();
  expect(await vm.booted()).toBe(good);
  await judged(vm);
  const { grubenv } = await vm.state();
  expect(grubenv).not.toHaveProperty('boot_counter');
  expect(grubenv).toMatchObject({ boot_success: '1' });
  expect(await vm.sh('goodboot history')).toMatch(/ended-good/);
});

import { expect } from 'vitest';
import { armed, countOf, deniedOf, failsToTheEnd, fallsBack, MARKED, stepsOf, trialOf, verdictsOf } from './follow.ts';
import { goodNode, judged } from './lab/good-node.ts';
import type { Vm } from './lab/vm.ts';
import { scenario } from './scenario.ts';

const CONFIG = '/etc/goodboot/config.d/20-scenario.yaml';

const UPLINK = `apiVersion: goodboot/v1
checks: { uplink: { type: network, required: true, within: 30s } }
`;
/** The card is there once udev has loaded its driver. */
const NETWORK = `[Unit]
ConditionPathExists=!/usr/lib/lab-no-network
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=sh -euc 'for i in $(seq 300); do [ ! -e /sys/class/net/eth0 ] || break; sleep 0.2; done; ip link set eth0 up; ip address add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2'
[Install]
WantedBy=multi-user.target
`;

scenario('network-only-on-new', async () => {
  await using vm = await goodNode({ [CONFIG]: UPLINK, '/etc/systemd/system/lab-network.service': NETWORK });
  await vm.sh('systemctl daemon-reload; systemctl enable --now lab-network.service', { timeoutMs: 60_000 });
  const update = await armed(vm, { change: { '/usr/lib/lab-no-network': '' } });
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: [] });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update);
  expect(await vm.journal(-1)).toContain('no default route');
});

scenario('environment-fault', async () => {
  await using vm = await goodNode({ [CONFIG]: UPLINK });
  const update = await armed(vm, { change: { '/usr/lib/lab-version': '2' } });
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: ['uplink'] });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update, { denies: false, isGood: false });
  expect(await vm.journal()).toContain('The node stays up as it is');
  // Judged bad at the next boot again, and that is all.
  await vm.reboot();
  await judged(vm);
  const state = await vm.state();
  expect(await vm.booted()).toBe(update.old);
  expect(countOf(state)).toEqual([null, '0']);
  expect(verdictsOf(state)).toEqual(['good', 'bad', 'bad', 'bad']);
  expect(stepsOf(state).at(-1)).toBe('environment');
  expect(await vm.journal()).not.toContain('the node reboots');
});

const WEB = `[Service]
ExecStart=podman run --replace --rm=false --name=web --network=none --stop-timeout=1 localhost/lab busybox sleep 100000
ExecStopPost=-podman rm --force --time=1 web
[Install]
WantedBy=multi-user.target
`;

/** An image that no registry has to be asked for. */
const importImage = async (vm: Vm): Promise<void> => {
  await vm.sh(
    `mkdir -p /run/lab/image/bin; cp /usr/bin/busybox /run/lab/image/bin/
    tar --create --directory=/run/lab/image . | podman import - localhost/lab
    systemctl daemon-reload; systemctl enable --now web.service`,
    { timeoutMs: 120_000 },
  );
};

scenario('container-fails', async () => {
  await using vm = await goodNode({
    [CONFIG]:
      'apiVersion: goodboot/v1\nchecks: { containers: { within: 40s, stable: 1s } }\nrequired: { containers: [web] }\n',
    '/etc/systemd/system/web.service': WEB,
  });
  await importImage(vm);
  const broken = { content: '#!/bin/sh\necho "broken by the update" >&2\nexit 1\n', mode: 0o755 };
  const update = await armed(vm, { change: { '/usr/bin/crun': broken } });
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: [] });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update);
  expect(await vm.journal(-1)).toMatch(/fail\s+containers\s+required/);
  expect(await vm.sh('podman ps --format={{.Names}}', { timeoutMs: 60_000 })).toBe('web\n');
});

scenario('old-is-bad-too', async () => {
  await using vm = await goodNode({
    [CONFIG]:
      'apiVersion: goodboot/v1\nchecks: { data: { type: command, required: true, argv: [test, "!", -e, /var/lib/broken] } }\n',
  });
  const update = await armed(vm, {
    change: { '/usr/lib/tmpfiles.d/broken.conf': 'f /var/lib/broken 0644 root root -\n' },
  });
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: [] });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update, { isGood: false });
  expect(await vm.journal()).toContain('the deployment that was fallen back to is bad too');
  await vm.reboot();
  await judged(vm);
  const state = await vm.state();
  expect(await vm.booted()).toBe(update.old);
  expect(state.deployments).toEqual([update.old, update.next]);
  expect(countOf(state)).toEqual([null, '0']);
  expect(verdictsOf(state)).toEqual(['good', 'bad', 'bad', 'bad']);
  expect(await vm.journal()).not.toContain('the node reboots');
  // Mended by a person: the node judges again, and is good.
  await vm.sh('rm /var/lib/broken; goodboot verdict', { timeoutMs: 120_000 });
  expect(countOf(await vm.state())).toEqual(MARKED);
  expect(await deniedOf(vm)).toEqual([update.next]);
});

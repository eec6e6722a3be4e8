import { expect } from 'vitest';
import { armed, failsToTheEnd, fallsBack } from './follow.ts';
import { goodNode } from './lab/good-node.ts';
import { scenario } from './scenario.ts';

const LIBEXEC = '/usr/libexec/goodboot';
const HANGS = { content: '#!/bin/sh\nexec sleep 100000\n', mode: 0o755 };

scenario('hang-in-check', async () => {
  await using vm = await goodNode();
  const config = `apiVersion: goodboot/v1
checks: { hangs: { type: command, required: true, argv: [sleep, '100000'], timeout: 5s } }
`;
  const update = await armed(vm, { change: { '/usr/lib/goodboot/config.d/50-hang.yaml': config } });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update);
  expect(await vm.journal(-1)).toMatch(/hangs\s+required/);
});

scenario('goodboot-missing', async () => {
  await using vm = await goodNode();
  const gone = ['goodboot', 'goodboot-check'].map((name) => `${LIBEXEC}/${name}`);
  const change = Object.fromEntries([...gone, '/usr/bin/goodboot'].map((path) => [path, null]));
  const update = await armed(vm, { change });
  await failsToTheEnd(vm, update, { verdict: null, isNoted: false });
  await fallsBack(vm, update);
  const journal = await vm.journal(-1);
  expect(journal).toContain('goodboot does not start, so nobody judges this boot: /usr/bin/goodboot is not there');
  expect(journal).toContain('nobody judged this boot');
});

scenario('goodboot-broken', async () => {
  await using vm = await goodNode({
    '/etc/systemd/system/goodboot-deadman.timer.d/quick.conf': '[Timer]\nOnBootSec=\nOnBootSec=30s\n',
  });
  const update = await armed(vm, { change: { [`${LIBEXEC}/goodboot`]: HANGS } });
  await failsToTheEnd(vm, update, { verdict: null, isNoted: false });
  // On the old deployment the same timer finds a boot that was judged, or is being judged.
  await fallsBack(vm, update);
  expect(await vm.journal(-1)).toContain('nobody judged this boot');
});

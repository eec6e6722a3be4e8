import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { armed, countOf, failsToTheEnd, fallsBack, MARKED, verdictsOf } from './follow.ts';
import { judged } from './lab/good-node.ts';
import { newVm } from './lab/vm.ts';
import { scenario } from './scenario.ts';

const PRESET = resolve(import.meta.dirname, '../../units/90-goodboot.preset');
const OWN = '/etc/goodboot/config.d/10-site.yaml';
/** What the update brings: a fault, and another /etc. */
const BAD = {
  '/etc/lab-release': '2\n',
  '/usr/lib/goodboot/config.d/50-bad.yaml': 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n',
};

scenario('provisioned', async () => {
  // Nothing of the project is in the image or in grub.cfg: what is there, Ignition has made.
  await using vm = await newVm({ kind: 'provisioned', fragments: {} });
  await vm.start();
  await judged(vm);
  const first = await vm.state();
  expect(countOf(first)).toEqual(MARKED);
  expect(verdictsOf(first)).toEqual(['good']);
  expect(await vm.sh('ls -d /usr/bin/goodboot /usr/lib/goodboot 2>/dev/null || echo none')).toBe('none\n');
  const units = [...(await readFile(PRESET, 'utf8')).matchAll(/^enable (\S+)$/gm)].map((match) => match[1]!);
  expect(await vm.sh(`systemctl is-enabled ${units.join(' ')}`)).toBe('enabled\n'.repeat(units.length));
  const version = await vm.sh('goodboot --version');
  const own = await vm.read(OWN);

  // Armed only where GRUB has shown that it runs the fragment and can write.
  const update = await armed(vm, { change: BAD });
  await failsToTheEnd(vm, update, {
    during: async () => {
      await vm.waitFor(/^lab: multi-user/m);
      expect(await vm.booted()).toBe(update.next);
      expect(await vm.read('/etc/lab-release')).toBe('2\n');
      expect(await vm.read(OWN)).toBe(own);
      expect(await vm.sh('goodboot --version')).toBe(version);
    },
  });
  await fallsBack(vm, update);
  expect(await vm.exec(['test', '-e', '/etc/lab-release'])).toMatchObject({ exitCode: 1 });
  expect(await vm.read(OWN)).toBe(own);
  expect(await vm.sh('goodboot --version')).toBe(version);
  expect(await vm.sh('goodboot install --dry-run')).toContain('nothing to change');
});

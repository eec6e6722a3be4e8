import { expect } from 'vitest';
import {
  armed,
  countOf,
  deniedOf,
  evidenceOf,
  failsToTheEnd,
  fallsBack,
  MARKED,
  stepsOf,
  trialOf,
  verdictsOf,
} from './follow.ts';
import { goodNode, judged } from './lab/good-node.ts';
import { scenario } from './scenario.ts';

const BAD = 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n';

scenario('bad-unit', async () => {
  const attempts = 3;
  await using vm = await goodNode({
    '/etc/goodboot/config.d/20-attempts.yaml': `apiVersion: goodboot/v1\ntrial: { attempts: ${attempts} }\n`,
  });
  const update = await armed(vm, { change: { '/usr/lib/goodboot/config.d/50-bad.yaml': BAD } }, attempts);
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: [] });
  const last = await failsToTheEnd(vm, update);
  expect(last.grubenv).toMatchObject({ goodboot_fallback: 'ostree-1' });
  const back = await fallsBack(vm, update);
  expect(back.grubenv).not.toHaveProperty('goodboot_fallback');
  // Who stands at the console is told, in this boot only.
  expect(await vm.sh('cat /run/issue.d/*.issue')).toContain(`update ${update.next.slice(0, 12)} failed its trial`);
  expect(await evidenceOf(vm)).toEqual(
    Array(attempts).fill({ boots: 1, deployment: update.next, ended: 'clean', verdict: 'bad', journal: 'read' }),
  );
  for (const boot of [-3, -2, -1]) expect(await vm.journal(boot)).toContain('missing.service');
  expect(vm.boot).toBe(1 + attempts + 1);
  // Settled: the next boot is one like any other.
  const between = await vm.reboot();
  expect(countOf(between)).toEqual(MARKED);
  await judged(vm);
  expect(await vm.booted()).toBe(update.old);
  expect(await deniedOf(vm)).toEqual([update.next]);
  expect(await vm.sh('ls /run/issue.d')).toBe('');
});

scenario('good-update', async () => {
  await using vm = await goodNode();
  const { old, next } = await armed(vm, { change: { '/usr/lib/lab-version': '2\n' } });
  const between = await vm.reboot();
  expect(between.deployments).toEqual([next, old]);
  expect(countOf(between)).toEqual(['1', '0']);
  expect(countOf(await vm.state())).toEqual(['0', '0']);
  await judged(vm);
  const state = await vm.state();
  expect(await vm.booted()).toBe(next);
  expect(state.deployments).toEqual([next, old]);
  expect(countOf(state)).toEqual(MARKED);
  expect(stepsOf(state)).toEqual(['armed', 'attempt', 'ended-good']);
  expect(verdictsOf(state)).toEqual(['good', 'good']);
  expect(await trialOf(vm)).toBeNull();
  expect(await vm.journal()).toMatch(/the required checks are repeated for another .*was marked good/s);
  expect(await vm.sh('systemctl is-active boot-complete.target')).toBe('active\n');
});

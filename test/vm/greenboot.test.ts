import { expect } from 'vitest';
import { armed, failsToTheEnd, fallsBack, trialOf } from './follow.ts';
import { goodNode } from './lab/good-node.ts';
import { scenario } from './scenario.ts';

const ATTEMPTS = 2;
const MOTD = '/run/motd.d/boot-status';

/** As products ship them: strict, patient, with words of their own for the journal. */
const APP = `#!/bin/bash
set -euo pipefail
SCRIPT_NAME=$(basename "$0")
trap 'echo "FAILURE: the app does not answer" >&2; exit 1' ERR
echo "STARTED: $SCRIPT_NAME"
for try in 1 2; do
  if [[ "$(cat /usr/lib/app-version 2>/dev/null || echo 1)" == 1 ]]; then
    echo "FINISHED: $SCRIPT_NAME"
    exit 0
  fi
  sleep 1
done
false
`;
/** Cleans up only where no attempt is left, which it knows from GRUB's block. */
const PRE_ROLLBACK = `#!/bin/bash
set -e
editenv=$(command -v grub2-editenv || command -v grub-editenv)
count=$($editenv /boot/grub2/grubenv list | sed -n 's/^boot_counter=//p')
echo "boot_counter=$count" >>/var/log/app-red
[ "$count" -eq 0 ] || exit 0
head -n 1 ${MOTD} >>/var/log/app-red
`;
const FILES = {
  '/etc/greenboot/greenboot.conf': `GREENBOOT_MAX_BOOT_ATTEMPTS=${ATTEMPTS}\n`,
  '/etc/greenboot/check/required.d/40_app.sh': APP,
  '/etc/greenboot/check/wanted.d/50_updates.sh': 'echo "no mirror answers"\nexit 1\n',
  '/etc/greenboot/green.d/10_app.sh': '#!/bin/bash\ncat /proc/sys/kernel/random/boot_id >>/var/log/app-green\n',
  '/etc/greenboot/red.d/40_app_pre_rollback.sh': PRE_ROLLBACK,
};

scenario('greenboot-script', async () => {
  await using vm = await goodNode(FILES);
  await vm.sh('goodboot migrate greenboot', { timeoutMs: 120_000 });
  const change = {
    '/usr/lib/app-version': '2\n',
    '/usr/lib/greenboot/check/required.d/20_image.sh': '#!/bin/sh\ntest -s /usr/lib/app-version\n',
  };
  const update = await armed(vm, { change }, ATTEMPTS);
  expect(await trialOf(vm)).toMatchObject({ baselineFailures: [] });
  await failsToTheEnd(vm, update);
  await fallsBack(vm, update);
  expect(vm.boot).toBe(1 + ATTEMPTS + 1);

  expect(await vm.read('/var/log/app-green')).toBe(await vm.read('/proc/sys/kernel/random/boot_id'));
  expect((await vm.read('/var/log/app-red')).split('\n')).toEqual([
    'boot_counter=1',
    'boot_counter=0',
    'Boot Status is RED - Health Check FAILURE!',
    '',
  ]);
  expect(await vm.read(MOTD)).toMatch(
    /^Boot Status is GREEN - Health Check SUCCESS\nFALLBACK BOOT DETECTED![\s\S]*50_updates\.sh ended .* "no mirror answers"/,
  );
  const healthy = 'until systemctl is-active --quiet greenboot-healthcheck.service; do sleep 0.5; done';
  await vm.sh(healthy, { timeoutMs: 120_000 });
  // What the script said of the deployment that is gone is where people look for it.
  for (const boot of [-2, -1]) {
    const said = await vm.sh(`journalctl --boot=${boot} --unit=greenboot-healthcheck.service --output=cat`);
    expect(said).toContain('FAILURE: the app does not answer');
    expect(said).toMatch(/20_image\.sh passed/);
  }
  expect(await vm.sh('journalctl --boot --identifier=40_app.sh --output=cat')).toContain('FINISHED: 40_app.sh');
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { connectServiceManager } from '../../src/adapters/systemd/service-manager.ts';
import { makeUnitRunner } from '../../src/adapters/systemd/unit-runner.ts';
import { PLAN_PATH, planText } from '../../src/node/plan.ts';
import { describeCheckRunner } from '../contract/check-runner.contract.ts';
import { bootMachine } from '../lab/machine.ts';

const PROGRAM = '/usr/lib/stand-in.sh';
const dropIn = (instance: string, ...lines: readonly string[]) => ({
  [`/etc/systemd/system/goodboot-check@${instance}.service.d/90-${instance || 'all'}.conf`]: `[Service]\n${lines.join('\n')}\n`,
});

/** The adapter works from here on the systemd and the files of the machine: its root is a directory for both. */
describeCheckRunner('units of a booted systemd', async () => {
  const machine = await bootMachine({
    files: {
      [PROGRAM]: await readFile(join(import.meta.dirname, '../fixtures/programs/stand-in.sh'), 'utf8'),
      // A shell learns the monotonic time from /proc/uptime, which a check does not see.
      ...dropIn('', 'ExecStart=', `ExecStart=/bin/sh ${PROGRAM} %i`, 'ProcSubset=all'),
      ...dropIn('missing', 'ExecStart=', 'ExecStart=/nonexistent/program'),
      ...dropIn('hangs', 'TimeoutStartSec=1s', 'TimeoutStopSec=1s'),
    },
  });
  const root = `/proc/${machine.leader}/root`;
  const files = makeFiles(root);
  const manager = await connectServiceManager({ root: true, below: root });
  const runner = makeUnitRunner({
    sandboxes: '/usr/lib/goodboot/sandbox',
    manager,
    files,
    clock: makeClock(),
    writePlan: (checks) => files.replace(PLAN_PATH, planText(checks)),
  });
  const stop = async () => {
    await manager[Symbol.asyncDispose]();
    await machine.stop();
  };
  return { runner, missing: runner, stop };
});

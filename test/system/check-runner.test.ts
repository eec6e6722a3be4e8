import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { connectServiceManager } from '../../src/adapters/systemd/service-manager.ts';
import { CHECK_START_MS, checkUnit, makeUnitRunner } from '../../src/adapters/systemd/unit-runner.ts';
import { PLAN_PATH, planText } from '../../src/node/plan.ts';
import { budgetMs } from '../../src/node/run-check.ts';
import { describeCheckRunner, standIn } from '../contract/check-runner.contract.ts';
import { bootMachine } from '../lab/machine.ts';

const PROGRAM = '/usr/lib/stand-in.sh';
const dropIn = (instance: string, ...lines: readonly string[]) => ({
  [`/etc/systemd/system/goodboot-check@${instance}.service.d/90-${instance || 'all'}.conf`]: `[Service]\n${lines.join('\n')}\n`,
});

/** The adapter works from here on the systemd and the files of the machine: its root is a directory for both. */
async function boot() {
  const machine = await bootMachine({
    files: {
      [PROGRAM]: await readFile(join(import.meta.dirname, '../fixtures/programs/stand-in.sh'), 'utf8'),
      // A shell learns the monotonic time from /proc/uptime, which a check does not see.
      ...dropIn('', 'ExecStart=', `ExecStart=/bin/sh ${PROGRAM} %i`, 'ProcSubset=all'),
      // The unit's own time, as short as tests are. What else says how long a start may take comes after it.
      '/etc/systemd/system/goodboot-check@is-slow.service.d/10-time.conf': '[Service]\nTimeoutStartSec=2s\n',
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
    budgetMs,
    writePlan: (checks) => files.replace(PLAN_PATH, planText(checks)),
  });
  const stop = async () => {
    await manager[Symbol.asyncDispose]();
    await machine.stop();
  };
  return { machine, runner, missing: runner, stop };
}

describeCheckRunner('units of a booted systemd', boot);

test('a daemon-reload in the middle of a check that may be slow does not end it', async () => {
  const { machine, runner, stop } = await boot();
  await using _ = { [Symbol.asyncDispose]: stop };
  const slow = { ...standIn('is-slow'), withinMs: 5 * 60_000 };
  const unit = checkUnit(slow.name);
  await runner.prepare([slow]);
  const running = runner.run(slow, new AbortController().signal);
  await machine.waitForUnit(unit, 'activating');
  await machine.sh('systemctl daemon-reload');
  expect((await machine.unit(unit))['TimeoutStartUSec']).toBe('7min 4s');
  expect((await running).outcome).toMatchObject({ state: 'pass' });

  // Configured anew, it is a quick one: the unit's own time holds again.
  await runner.prepare([{ ...slow, withinMs: 0 }]);
  await machine.sh('systemctl daemon-reload');
  expect((await machine.unit(unit))['TimeoutStartUSec']).toBe('2s');
}, 60_000);

test('the unit says the time that the adapter takes it to say', async () => {
  const unit = await readFile(join(import.meta.dirname, '../../units/goodboot-check@.service'), 'utf8');
  expect(unit).toContain(`\nTimeoutStartSec=${CHECK_START_MS / 60_000}min\n`);
});

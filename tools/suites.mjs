// Runs every test. Most of the first suite waits, for boots and for time to pass, and the machines of the second take all
// that they get: so both run at once. At the same priority: machines that only get what is left over run into their bounds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const REPO = join(import.meta.dirname, '..');
const VITEST = join(REPO, 'node_modules/vitest/vitest.mjs');

/** Starts a program of Node; what it prints is kept until `show` is called, and passed on from then. */
function start(args) {
  const child = spawn(process.execPath, args, { cwd: REPO, stdio: ['ignore', 'pipe', 'pipe'] });
  const kept = [];
  let isShown = false;
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.on('data', (chunk) => (isShown ? to.write(chunk) : kept.push([to, chunk])));
  }
  const ended = once(child, 'close').then(([status]) => status ?? 1);
  const show = () => {
    isShown = true;
    for (const [to, chunk] of kept.splice(0)) to.write(chunk);
  };
  return { child, ended, show };
}

const suite = start([VITEST, 'run']);
const machines = start([VITEST, 'run', '--config', 'vitest.vm.config.ts']);
suite.show();
const failed = await suite.ended;
if (failed !== 0) {
  // What failed is known: nobody waits half an hour for the rest. Its machines go with it.
  machines.child.kill();
  await machines.ended;
} else {
  console.log('\nThe virtual machines: about half an hour in all, with what has passed meanwhile.');
  machines.show();
}
process.exitCode = failed === 0 ? await machines.ended : failed;

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupsOf } from '../test/lab/cgroup.ts';
import type { Machine } from '../test/lab/machine.ts';
import type { NewFile } from '../test/lab/overlay.ts';
import type { Figure } from './figure.ts';
import { bootJudged, EMPTY_SCRIPT, NODE } from './lab.ts';
import { peakMemory } from './memory.ts';

const ROUNDS = 10;
/** The vendor's checks without the network. */
const CHECKS = 5;

const VERDICT = `verdict with ${CHECKS} checks`;
const NODE_ROW = `${CHECKS} empty Node scripts in a row`;
const BASH_ROW = `${CHECKS} bash checks in a row`;

/** What is measured, in turn: a unit each. */
const UNITS: Readonly<Record<string, string>> = {
  [VERDICT]: 'goodboot-verdict.service',
  [NODE_ROW]: 'bench-node.service',
  [BASH_ROW]: 'bench-bash.service',
};

/** Where the processes of each are. Those of a template unit have a slice of their own. */
const CGROUPS: Readonly<Record<string, string>> = {
  [VERDICT]: '{goodboot-verdict.service,system-goodboot*check.slice/*}',
  [NODE_ROW]: 'bench-node.service',
  [BASH_ROW]: 'bench-bash.service',
};

/** A directory of programs, and a unit that runs one after the other until one fails, as greenboot does. */
function row(name: string, program: string): Readonly<Record<string, NewFile>> {
  const directory = `/opt/bench/${name}`;
  const numbers = Array.from({ length: CHECKS }, (_, index) => index);
  return {
    ...Object.fromEntries(
      numbers.map((n) => [`${directory}/${n}`, { content: `#!/bin/bash\n${program}\n`, mode: 0o755 }]),
    ),
    [`${directory}.sh`]: `for program in ${directory}/*; do "$program" || exit 1; done\n`,
    [`/etc/systemd/system/bench-${name}.service`]: `[Service]\nType=oneshot\nExecStart=/bin/bash ${directory}.sh\n`,
  };
}

/** Time of the wall and of all processors, and peak memory, of a whole verdict, beside as many checks that run one after the other. */
export async function measureVerdict(out: string): Promise<readonly Figure[]> {
  await using machine = await bootJudged(out, {
    ...row('node', `exec ${NODE.join(' ')} ${EMPTY_SCRIPT}`),
    ...row('bash', 'systemctl is-active --quiet dbus.service'),
    // Started far more often than in any boot.
    '/etc/systemd/system/goodboot-verdict.service.d/50-bench.conf': '[Unit]\nStartLimitIntervalSec=0\n',
  });
  const { checks } = JSON.parse(await machine.read('/run/goodboot/plan.json'));
  if (checks.length !== CHECKS) throw new Error(`${checks.length} checks are configured, ${CHECKS} were expected`);

  const names = Object.keys(UNITS);
  const wall = new Map<string, number[]>(names.map((name) => [name, []]));
  const cpu = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) {
      const [startCpu, start] = [await cpuMs(machine), process.hrtime.bigint()];
      await machine.sh(`systemctl restart ${UNITS[name]}`, { timeoutMs: 60_000 });
      wall.get(name)!.push(Number(process.hrtime.bigint() - start) / 1e6);
      cpu.get(name)!.push((await cpuMs(machine)) - startCpu);
    }
  }
  const memory = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) {
      const start = () => machine.sh(`systemctl restart ${UNITS[name]}`, { timeoutMs: 60_000 });
      memory.get(name)!.push(await peakMemory(machine, CGROUPS[name]!, start));
    }
  }
  return [...figures('wall', wall), ...figures('CPU', cpu), ...figures('peak memory, MiB', memory)];
}

function figures(what: string, values: ReadonlyMap<string, readonly number[]>): readonly Figure[] {
  const figure = (name: string): Figure => ({ name: `${what}: ${name}`, values: values.get(name)! });
  const against = figure(NODE_ROW);
  return [{ ...figure(VERDICT), against }, against, figure(BASH_ROW)];
}

/** Processor time that all processes of a machine have used, PID 1 and the journal too. */
async function cpuMs({ name }: Machine): Promise<number> {
  const text = await readFile(join(cgroupsOf(name)[0]!, 'cpu.stat'), 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1000;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAB_NODE } from '../test/lab/layer.ts';
import { bootMachine, type Machine } from '../test/lab/machine.ts';
import type { NewFile } from '../test/lab/overlay.ts';

/** The runtime that goodboot is built on, as goodboot has it start. */
export const NODE = [LAB_NODE, '--disable-warning=ExperimentalWarning'] as const;
export const EMPTY_SCRIPT = '/opt/bench/empty.mjs';
export const STOPWATCH = '/opt/bench/stopwatch.ts';

/** The vendor's checks, except for the network (a machine of the lab has none), with one unit to look at. */
const CONFIG = `apiVersion: goodboot/v1
bootLoader: grub
required: { units: [dbus.service] }
checks: { network: false, units: { stable: 0s } }
`;

/** A boot that GRUB counts: a good verdict has something to mark. */
const GRUBENV = '# GRUB Environment Block\nsaved_entry=0\nboot_counter=2\nboot_success=0\n'.padEnd(1024, '#');

/** Boots a machine that has been judged good when this returns. */
export async function bootJudged(out: string, files: Readonly<Record<string, NewFile>> = {}): Promise<Machine> {
  const machine = await bootMachine({
    goodboot: { out },
    grubenv: GRUBENV,
    timeoutMs: 60_000,
    files: {
      '/etc/goodboot/config.d/50-bench.yaml': CONFIG,
      [EMPTY_SCRIPT]: '',
      [STOPWATCH]: readFileSync(join(import.meta.dirname, 'stopwatch.ts'), 'utf8'),
      ...files,
    },
  });
  try {
    await machine.waitForUnit('boot-complete.target', 'active');
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

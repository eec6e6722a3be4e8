import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { installedLayer } from '../../lab/layer.ts';
import { CACHE } from '../../lab/rootfs.ts';
import { must, withLock } from '../../lab/run.ts';
import { resumed } from './good-node.ts';
import { type NodeState, RUNS, type Vm } from './virtual-machine.ts';

const REPO = resolve(import.meta.dirname, '../../..');
const OUT = join(REPO, 'out-cut-points');
/** As src/cli/cut-points.ts has them. */
const WHERE = '/var/lib/goodboot-cut-point';
const STOPPED = '/run/goodboot/at-cut-point';
const STOP_TIMEOUT_MS = 600_000;

/** A command that can be stopped, and the unit that runs it. */
export interface Stoppable {
  readonly command: 'arm' | 'begin' | 'verdict' | 'rollback';
  readonly unit: string;
}

/** The project as it is installed, but built so that its commands can be stopped between two durable changes. */
export const cutPointLayer = (): Promise<string> =>
  withLock(join(CACHE, 'cut-points.lock'), async () => {
    const build = [process.execPath, 'tools/sea.mjs', '--quiet', '--out', OUT, '--cut-points'];
    await must(['sh', '-euc', 'cd "$0"; exec "$@"', REPO, ...build], { timeoutMs: 120_000 });
    return installedLayer(OUT);
  });

/** From now on that command stops after so many durable changes; 0: before the first. */
export const stopAt = (vm: Vm, { command }: Stoppable, changes: number): Promise<void> =>
  vm.write(WHERE, `${command} ${changes}\n`);

/** For a machine that is off: the next boot stops there, or nowhere. */
export const stopNextBootAt = (vm: Vm, where: { what: Stoppable; changes: number } | null): Promise<void> =>
  vm.disks.write({ [WHERE]: where === null ? null : `${where.what.command} ${where.changes}\n` });

/** Waits until the command stands there; false: it ended before. */
export async function stopped(vm: Vm, { command, unit }: Stoppable, changes: number): Promise<boolean> {
  const script = `while :; do
      grep -qsx "${command} ${changes}" ${STOPPED} && exit 0
      case $(systemctl show --property=ActiveState --value ${unit}) in active | failed) break ;; inactive) [ -e ${STOPPED} ] && break ;; esac
      sleep 0.4
    done
    grep -qsx "${command} ${changes}" ${STOPPED} || exit 9`;
  const { exitCode, stderr } = await vm.exec(['sh', '-uc', script], { timeoutMs: STOP_TIMEOUT_MS });
  if (exitCode !== 0 && exitCode !== 9) throw new Error(stderr);
  return exitCode === 0;
}

/** Where a machine is kept while it stands at a command's first durable change. Removed at the end. */
export class Standstill implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Suspends a machine that stands there. */
  static async of(vm: Vm, what: Stoppable): Promise<Standstill> {
    if (!(await stopped(vm, what, 0))) throw new Error(`${what.command} was not stopped\n${await vm.journal()}`);
    const still = new Standstill(await mkdtemp(join(RUNS, `${process.pid}-still-`)));
    await vm.suspend(still.path);
    return still;
  }

  /** The machine goes on to the change with that number, and its power is cut there. Null: there are not so many. */
  async cut(what: Stoppable, changes: number): Promise<Vm | null> {
    const vm = await this.resumed();
    await stopAt(vm, what, changes);
    if (await stopped(vm, what, changes)) {
      await vm.kill();
      return vm;
    }
    await vm.stop();
    return null;
  }

  resumed(): Promise<Vm> {
    return resumed(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

export interface Cut {
  readonly changes: number;
  readonly vm: Vm;
}

/**
 * Cuts the power after each durable change of a command, and lets `recover` start what was left each time. What two cuts
 * leave alike is started once. Gives how many changes there are.
 */
export async function cutEverywhere(
  still: Standstill,
  what: Stoppable,
  recover: (vm: Vm, changes: number) => Promise<void>,
): Promise<number> {
  const seen = new Set<string>();
  for (let changes = 0; ; changes++) {
    await using vm = await still.cut(what, changes);
    if (vm === null) return changes - 1;
    const left = await whatIsLeft(vm);
    const isNew = !seen.has(left);
    process.stderr.write(`${what.command}: cut after ${changes} durable changes${isNew ? '' : ', as before'}\n`);
    if (!isNew) continue;
    seen.add(left);
    await stopNextBootAt(vm, null);
    await recover(vm, changes);
  }
}

/** All that decides how the next boot goes: the ledger's lines and the times of boots do not. */
async function whatIsLeft(vm: Vm): Promise<string> {
  const { grubenv, deployments }: NodeState = await vm.state();
  // GRUB sets it at each boot, whatever it was before.
  const counts = grubenv === null ? null : { ...grubenv, goodboot_fragment: undefined };
  const state = JSON.parse((await vm.disks.read('/var/lib/goodboot/state.json')) ?? '{}');
  const boots = (state.boots ?? []).map(({ deployment, ended }: Record<string, unknown>) => [deployment, ended]);
  const clean = await vm.disks.read('/var/lib/goodboot/clean-shutdown');
  return JSON.stringify({ counts, deployments, trial: state.trial, denied: state.denied?.length, boots, clean });
}

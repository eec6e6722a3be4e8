import { expect } from 'vitest';
import { judged } from './lab/good-node.ts';
import type { Change } from './lab/ostree-guest.ts';
import type { NodeState, Vm } from './lab/virtual-machine.ts';

/** A step may need a check to be run, under emulation and beside other machines. */
const STEP_TIMEOUT_MS = 300_000;

/** Steps of trials, in order, as the ledger has them. */
export const stepsOf = ({ ledger }: NodeState): readonly string[] =>
  recordsOf(ledger).flatMap(({ event, step }) => (event === 'trial' ? [`${step}`] : []));

/** Verdicts, in order, as the ledger has them; the first is that of the boot that every scenario starts in. */
export const verdictsOf = ({ ledger }: NodeState): readonly string[] =>
  recordsOf(ledger).flatMap(({ event, verdict }) => (event === 'verdict' ? [`${verdict}`] : []));

const recordsOf = (ledger: string): readonly Readonly<Record<string, unknown>>[] =>
  ledger.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

/** What GRUB's block holds of a trial. null: the variable is not there. */
export const countOf = ({ grubenv }: NodeState): readonly (string | null)[] => [
  grubenv?.['boot_counter'] ?? null,
  grubenv?.['boot_success'] ?? null,
];

/** A node whose trial did not begin, or is over, and that is good. */
export const MARKED = [null, '1'];

export interface Update {
  /** The deployment that ran when it was staged. */
  readonly old: string;
  readonly next: string;
  readonly attempts: number;
}

/** Stages an update, and waits until it is on trial and the checks of the old deployment are known. */
export async function armed(vm: Vm, change: Change, attempts = 1): Promise<Update> {
  const old = await vm.booted();
  const next = await vm.newDeployment(change);
  await settled(vm, 'armed');
  const state = await vm.state();
  expect(countOf(state)).toEqual([`${attempts}`, '0']);
  expect(stepsOf(state).at(-1)).toBe('armed');
  expect(await trialOf(vm)).toMatchObject({ deployment: next, from: old, phase: 'armed', counted: attempts });
  return { old, next, attempts };
}

/** Waits until the last step of the ledger is this one, and nothing is being armed. */
export async function settled(vm: Vm, step: string): Promise<void> {
  const script = `until grep '"event":"trial"' /var/lib/goodboot/ledger.jsonl | tail -n 1 | grep -q '"step":"${step}"'; do sleep 0.5; done
    while [ "$(systemctl show --property=ActiveState --value goodboot-arm.service)" = activating ]; do sleep 0.5; done`;
  await vm.sh(script, { timeoutMs: STEP_TIMEOUT_MS });
}

/** The trial that the node remembers, null when none is open. */
export async function trialOf(vm: Vm): Promise<Readonly<Record<string, unknown>> | null> {
  return JSON.parse(await vm.read('/var/lib/goodboot/state.json')).trial;
}

/** The deployments that are denied on this node. */
export async function deniedOf(vm: Vm): Promise<readonly string[]> {
  const { denied } = JSON.parse(await vm.read('/var/lib/goodboot/state.json'));
  return denied.map(({ deployment }: { readonly deployment: string }) => deployment);
}

/** What is kept of the boots that failed, oldest first. */
export async function evidenceOf(vm: Vm): Promise<readonly object[]> {
  const { evidence } = JSON.parse(await vm.sh('goodboot trial evidence --json'));
  return evidence.map(({ boots, deployment, ended, verdict, journal }: Readonly<Record<string, unknown>>) => {
    return { boots, deployment, ended, verdict, journal };
  });
}

export interface Failing {
  /** What each boot of the new deployment is judged to be; null: it is not judged. */
  readonly verdict?: 'bad' | 'indeterminate' | null;
  /** Each of them gets so far that goodboot-begin notes it. */
  readonly isNoted?: boolean;
  /** Looks at each boot while it runs, or brings about its end. */
  readonly during?: () => Promise<void>;
}

/**
 * From the reboot into an armed update: each boot of it fails and resets the machine, until its attempts are used up
 * and GRUB chooses the old deployment. Gives the state when that is to be started.
 */
export async function failsToTheEnd(vm: Vm, update: Update, how: Failing = {}): Promise<NodeState> {
  const { verdict = 'bad', isNoted = true, during = async () => undefined } = how;
  const { old, next, attempts } = update;
  const before = await vm.state();
  let between = await vm.reboot('power');
  expect(between.deployments).toEqual([next, old]);
  expect(countOf(between)).toEqual([`${attempts}`, '0']);
  const [steps, verdicts] = [stepsOf(before), verdictsOf(before)];
  for (let left = attempts - 1; left >= 0; left--) {
    await during();
    between = await vm.rebooted('power');
    const gone = attempts - left;
    expect(between.deployments).toEqual([next, old]);
    expect(countOf(between)).toEqual([`${left}`, '0']);
    expect(stepsOf(between)).toEqual([...steps, ...Array(isNoted ? gone : 0).fill('attempt')]);
    expect(verdictsOf(between)).toEqual([...verdicts, ...Array(verdict === null ? 0 : gone).fill(verdict)]);
  }
  return between;
}

/** The fallback boot that runs now: it is made permanent and judged. `denies`: false when nobody is to blame. */
export async function fallsBack(vm: Vm, update: Update, { denies = true, isGood = true } = {}): Promise<NodeState> {
  const { old, next } = update;
  await vm.waitFor(/^lab: multi-user/m);
  expect(await vm.booted()).toBe(old);
  await judged(vm);
  const state = await vm.state();
  expect(state.deployments).toEqual([old, next]);
  expect(countOf(state)).toEqual(isGood ? MARKED : [null, '0']);
  const ended = denies ? ['denied', 'ended-bad'] : ['environment'];
  expect(stepsOf(state).slice(-2 - ended.length)).toEqual(['fell-back', 'rolled-back', ...ended]);
  expect(verdictsOf(state).at(-1)).toBe(isGood ? 'good' : 'bad');
  expect(await deniedOf(vm)).toEqual(denies ? [next] : []);
  expect(await trialOf(vm)).toBeNull();
  expect(await vm.exec(['systemctl', 'is-active', 'boot-complete.target'])).toMatchObject({ exitCode: isGood ? 0 : 3 });
  return state;
}

import type { TrialStep } from '../../src/core/ledger.ts';
import { endOfBoot, type NodeState, type SeenBoot } from '../../src/core/node-state.ts';
import type { Rollback } from '../../src/node/rollback.ts';
import { ATTEMPTS, type BootWay, CRASH_LOOP, type Machine } from './machine.ts';

/** Fails the run: a rule of the design does not hold. */
export class Violation extends Error {}

/** One boot while a trial is open. `excused`: something else than its deployment may have made it end badly. */
interface Spent {
  excused: boolean;
  cut: boolean;
}

/** Behaviours that never get a deployment through its trial, whatever the surroundings. */
const NEVER_GOOD = ['bad', 'unsure', 'panics', 'hangs', 'soak'];
const NEVER_LEFT = ['good', 'crashes'];

/**
 * The rules of the design, held against everything that the machine does. What they leave open, since the node cannot
 * know better: every attempt of a good deployment is cut, or fails for the surroundings without a baseline that failed;
 * a good deployment is cut as often as a crash loop crashes; a person chose the entry, used kexec, marked what is bad,
 * or insists on going back to what never came up; the counting fragment is taken away during a trial; the backend
 * refuses (until it does no more).
 */
export class Rules {
  /** Who acts: what a person does is not the node's doing. */
  byHand = false;
  /** The counting was switched off at some time: a kernel that does not start can then not be left. */
  fragmentWasOff = false;
  /** The backend refused something since the last settled boot. */
  backendRefused = false;
  isOver = false;
  /** A person said that they are good. */
  readonly markedByHand = new Set<string>();
  readonly #machine: Machine;
  readonly #spent = new Map<string, Spent[]>();
  readonly #crashes = new Map<string, number>();
  readonly #uncounted = new Set<string>();
  #closed = 0;
  #cuts = 0;
  #isFreeChain = false;
  /** The boot loader goes by position, and chose a third deployment. */
  #isDetour = false;
  #before: NodeState['trial'] = null;
  #deniedInFault = 0;
  #fallsFrom: NodeState['trial'] = null;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  demand(holds: boolean, rule: string): void {
    if (!holds) throw new Violation(rule);
  }

  chainStarts(way: BootWay): void {
    this.#cuts = 0;
    this.#isDetour = false;
    this.#isFreeChain = way.pick !== undefined || way.kexec === true;
    this.#fallsFrom = this.#machine.state.trial;
  }

  /** False: this node can only be helped by a visit, and it is not goodboot that could have known. */
  chainGoesOn(): boolean {
    const { chain, sysroot, behaviour } = this.#machine;
    const isLonger = this.#cuts > 0 || this.#isFreeChain || this.backendRefused || this.#isDetour;
    if (chain <= ATTEMPTS + 1 + (isLonger ? 2 : 0)) return true;
    const isPanicking = behaviour.get(sysroot.booted) === 'panics';
    this.demand(
      this.fragmentWasOff || (isPanicking && this.#uncounted.has(sysroot.booted)),
      `a chain of bad boots ends within ${ATTEMPTS + 1} boots (+2 after a cut)`,
    );
    this.isOver = true;
    return false;
  }

  /** GRUB started an entry that the block names: its name must still be that of the deployment to go back to. */
  fallsBackById(id: string): void {
    const { trial } = this.#machine.state;
    this.demand(trial !== null, 'an entry is named to fall back to, and no trial is open');
    // An update that could not be dropped was written, and the entries have other names now.
    if (this.backendRefused) return;
    this.demand(id === trial?.from, 'the entry that is named to fall back to is another deployment');
  }

  bootStarted(): void {
    const { state, way, faulty, sysroot } = this.#machine;
    this.#before = state.trial;
    if (state.trial === null) return;
    const isOther = sysroot.booted !== state.trial.deployment;
    this.#isDetour ||= isOther && sysroot.booted !== state.trial.from;
    if (isOther) return;
    const excused = faulty || way.kexec === true || this.fragmentWasOff;
    this.#spentBy(state.trial.deployment).push({ excused, cut: false });
  }

  bootEnded(end: string): void {
    const { sysroot } = this.#machine;
    if (end !== 'cut' && end !== 'reset') return;
    if (this.#before !== null) {
      const list = this.#spentBy(this.#before.deployment);
      // A boot of another entry, which could not give back the attempt that the boot loader had counted.
      if (this.#before.deployment !== sysroot.booted) list.push({ excused: true, cut: true });
      else if (end === 'cut') Object.assign(list.at(-1) ?? {}, { excused: true, cut: true });
    }
    this.crashed();
  }

  /** Also a shutdown that the power cut short: the node cannot tell it from a crash. */
  crashed(): void {
    const { booted } = this.#machine.sysroot;
    this.#crashes.set(booted, (this.#crashes.get(booted) ?? 0) + 1);
  }

  #spentBy(id: string): Spent[] {
    const list = this.#spent.get(id) ?? [];
    this.#spent.set(id, list);
    return list;
  }

  /** A person insists on one that never came up here: nobody counts its boots, so nothing leads back from a panic. */
  insistsOn({ to, why }: Rollback): void {
    if (why === 'never-ran') this.#uncounted.add(to);
  }

  wasCut(): void {
    this.#cuts += 1;
  }

  faultChanges(): void {
    this.#deniedInFault = 0;
  }

  /** Rule 2: only what is on trial is rebooted, and what crashes again and again. */
  reboots(): void {
    const { sysroot, state } = this.#machine;
    const isTrial = this.#before?.deployment === sysroot.booted;
    // Where a person decided, the trial is over by then.
    const open = state.trial ?? this.#before;
    const isLeft = open?.phase === 'fell-back' && open.from !== sysroot.booted;
    this.demand(isTrial || isLeft, 'only a deployment on trial, or one that is being left, is rebooted');
  }

  /** Rules 2 and 5: the order is changed for a fallback, or to keep a denied deployment out. */
  defaultChanges(id: string): void {
    if (this.byHand) return;
    const { trial } = this.#machine.state;
    const isFallback = trial?.phase === 'fell-back' && trial.from === id;
    const first = this.#machine.sysroot.order[0]!;
    this.demand(isFallback || this.#isDenied(first), 'rolled back without a fallback');
  }

  #isDenied(id: string): boolean {
    const { state, sysroot } = this.#machine;
    const image = sysroot.images.get(id);
    return state.denied.some((denial) => denial.deployment === id || (image !== undefined && denial.image === image));
  }

  stateChanges(before: NodeState, after: NodeState | null): void {
    if (after === null) throw new Violation('a state that cannot be read back');
    const [was, is] = [before.trial, after.trial];
    const isTurning = is?.byHand !== undefined && was?.byHand === undefined;
    if (was !== null && is !== null && !isTurning) {
      this.demand(was.deployment === is.deployment && was.from === is.from, 'a trial is closed before another opens');
      this.demand(was.phase === 'armed' || is.phase === 'fell-back', 'a trial that fell back is not armed again');
    }
    if (was === null && is !== null && !isTurning) this.#opens(is);
    if (isTurning) this.#closed = 0;
    const told = after.boots.at(-2);
    if (told !== undefined && after.boots.at(-1)?.bootId !== before.boots.at(-1)?.bootId) this.#tells(told);
    if (this.byHand || was?.byHand !== undefined) return;
    for (const { deployment } of after.denied.slice(before.denied.length)) this.#denies(deployment);
  }

  /** What a boot says of how the one before it ended. A cut at the end of a shutdown, or of a beginning, may look clean. */
  #tells(boot: SeenBoot): void {
    const { bootId, ends } = this.#machine;
    const [number, told] = [Number(boot.bootId.slice('boot'.length)), endOfBoot(boot)];
    const end = ends.get(number);
    const later = [...ends].filter(([at]) => at >= number).map(([, each]) => each);
    this.demand(end !== 'clean' || told === 'clean', 'a boot that was shut down did not crash');
    this.demand(end !== 'reset' || told !== 'clean', 'a boot that crashed was not shut down');
    this.demand(end !== 'reset' || bootId > number + 1 || told === 'panic', 'a panic in the last boot is told');
    this.demand(told !== 'panic' || later.includes('reset'), 'a panic that is told was one');
  }

  #opens(trial: NonNullable<NodeState['trial']>): void {
    const { fragment, state, sysroot } = this.#machine;
    this.#closed = 0;
    if (trial.phase === 'fell-back') {
      this.demand((this.#crashes.get(trial.deployment) ?? 0) >= CRASH_LOOP.reboots, 'a crash loop is made of crashes');
      return;
    }
    this.#spent.set(trial.deployment, []);
    this.markedByHand.delete(trial.deployment);
    this.demand(fragment || state.boots.at(-1)?.proven === true, 'armed without a fragment that counts');
    this.demand(
      sysroot.order.includes(trial.from) && trial.from !== trial.deployment,
      'armed without a second deployment',
    );
    this.demand(sysroot.booted === trial.from, 'a trial goes back to what was booted');
  }

  #denies(id: string): void {
    const { behaviour, faulty, state } = this.#machine;
    this.demand(state.trial?.drill !== true || state.trial.deployment !== id, 'nothing is denied for a drill');
    // A denied update that could not be taken away spends the attempts of the one that waited.
    if (this.backendRefused || !NEVER_LEFT.includes(behaviour.get(id)!)) return;
    const spent = this.#spent.get(id) ?? [];
    const isCrashLoop = (this.#crashes.get(id) ?? 0) >= CRASH_LOOP.reboots;
    this.demand(
      isCrashLoop || (spent.length >= ATTEMPTS && spent.every(({ excused }) => excused)),
      'a good deployment is denied only when every attempt was cut or lost to the environment',
    );
    const baseline = state.trial?.baselineFailures ?? null;
    if (!faulty || isCrashLoop || baseline === null || spent.some(({ cut }) => cut)) return;
    this.demand(!baseline.includes('net'), 'what failed before, during and after is not denied');
    this.#deniedInFault += 1;
    this.demand(this.#deniedInFault < 2, 'two deployments denied for one environment fault');
  }

  noted(step: TrialStep): void {
    if (!['ended-good', 'ended-bad', 'environment', 'drilled', 'withdrawn'].includes(step)) return;
    // Another took its place in the same write.
    if (step === 'withdrawn' && this.#machine.state.trial?.byHand !== undefined) return;
    this.#closed += 1;
    this.demand(this.#closed === 1, 'a trial is closed once');
  }

  /** A staged update is written: what can be counted is on trial by then. */
  finalizes(id: string): void {
    const { state, fragment, sysroot, counter } = this.#machine;
    const isRefused = sysroot.refusals > 0 || this.backendRefused;
    if (isRefused) this.#uncounted.add(id);
    const isArmed = state.trial?.deployment === id && state.trial.phase === 'armed' && counter !== null;
    if (isArmed) this.#uncounted.delete(id);
    else {
      const isKnown = id === sysroot.order[0] && state.boots.some(({ deployment }) => deployment === id);
      this.demand(this.#uncounted.has(id) || isKnown || !fragment, 'an update boots that is not on trial');
      this.#uncounted.add(id);
    }
    this.demand(isRefused || !this.#isDenied(id), 'a denied deployment is written to the disk');
  }

  isUp(): void {
    const { state, counter, sysroot, behaviour, way } = this.#machine;
    const { trial } = state;
    const isFree = this.#isFreeChain || this.fragmentWasOff || this.backendRefused;
    if (trial === null) this.demand(counter === null, 'without a trial nothing is counted');
    // What the trial went back to was taken away: the counter alone goes on choosing the entry that works.
    if (trial !== null && !sysroot.order.includes(trial.from)) return;
    // Nobody judges where goodboot hangs: a person booted it by hand, and then took an update from there.
    if (
      isFree ||
      way.pick !== undefined ||
      (behaviour.get(sysroot.booted) === 'hangs' && trial?.from === sysroot.booted)
    )
      return;
    this.demand(trial === null, 'a node that stays up is settled');
    this.demand(sysroot.order[0] === sysroot.booted, 'the deployment that runs is the default');
    const was = this.#fallsFrom;
    if (was === null || this.markedByHand.has(was.deployment)) return;
    const isNeverGood = was.drill === true || NEVER_GOOD.includes(behaviour.get(was.deployment)!);
    this.demand(!isNeverGood || sysroot.booted !== was.deployment, 'a bad deployment on trial is left');
  }
}

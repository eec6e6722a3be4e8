import { DRILL_CHECK } from '../../src/core/drill/drill.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { deny as addDenial, allow, EMPTY_STATE, type NodeState, parseState } from '../../src/core/node-state.ts';
import type { CheckResult } from '../../src/core/outcome.ts';
import { errored, fail, pass } from '../../src/core/outcome.ts';
import { arm } from '../../src/node/arm.ts';
import { beginBoot, CLEAN_SHUTDOWN } from '../../src/node/begin.ts';
import { conclude } from '../../src/node/conclude.ts';
import { makeTrialEffects } from '../../src/node/end-trial.ts';
import { noteTrial } from '../../src/node/note-trial.ts';
import { type Rollback, type RollbackRequest, rollBack } from '../../src/node/rollback.ts';
import { loadState, STATE, updateState } from '../../src/node/state.ts';
import { judgeBoot } from '../../src/node/verdict.ts';
import type { PlannedCheck } from '../../src/ports/check.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { grubBoot } from '../helpers/grub-model.ts';
import type { Sysroot } from './fakes.ts';
import {
  entryIds,
  MemoryFiles,
  makeBootLoader,
  makeDeployments,
  makeManager,
  makeRunner,
  Power,
  PowerCut,
} from './fakes.ts';
import { Rules } from './rules.ts';

export const ATTEMPTS = 3;
export const CRASH_LOOP = { reboots: 3, windowMs: 3_600_000 };
const SOAK_MS = 5_000;

/** How a deployment behaves; `flaps`: it fails in every second boot; `soak`: it fails when it is looked at again. */
export const BEHAVIOURS = ['good', 'bad', 'unsure', 'panics', 'hangs', 'flaps', 'soak', 'crashes'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** How a boot came about. */
export interface BootWay {
  /** A person chose the entry at this position. */
  readonly pick?: number;
  readonly kexec?: boolean;
}

type End = 'up' | 'clean' | 'reset' | 'cut';

const check = (name: string): PlannedCheck => {
  return { name, type: 'units', required: true, withinMs: 1, stableMs: 0, timeoutMs: 1, options: {} };
};
const CHECKS = [check('app'), check('net')];

/** A node: the real code of begin, arm, verdict and conclude, over a disk, a boot loader and a backend in memory. */
export class Machine {
  readonly power = new Power();
  readonly clock = fakeClock();
  readonly behaviour = new Map<string, Behaviour>([
    ['d0', 'good'],
    ['d1', 'good'],
  ]);
  readonly sysroot: Sysroot = { booted: 'd1', order: ['d1', 'd0'], staged: null, refusals: 0, images: new Map() };
  readonly rules = new Rules(this);
  readonly files = new MemoryFiles(
    this.power,
    () => this.sysroot.order,
    (path, text) => {
      if (path !== STATE) return;
      const next = parseState(text);
      this.rules.stateChanges(this.state, next);
      // Never null: that is a violation. Whether it reaches the disk, the text there says.
      this.#read = { text, state: next ?? EMPTY_STATE };
    },
  );
  readonly bootLoader = makeBootLoader(
    this.power,
    () => this.env,
    () => this.sysroot.order,
  );
  readonly deployments = makeDeployments(this.power, this.sysroot, (id) => this.rules.defaultChanges(id));
  env = new Map<string, string>([['boot_success', '1']]);
  fragment = true;
  faulty = false;
  way: BootWay = {};
  bootId = 0;
  looks = 0;
  isRebooting = false;
  /** Whatever keeps running after a reboot was asked for. */
  runsOn = false;
  /** How boots really ended, by number. */
  readonly ends = new Map<number, End>();
  /** A kernel that panicked left a record, which no boot has found yet. */
  #record = false;
  /** What this boot found. */
  #crashRecords: readonly string[] = [];
  /** The newest state that was parsed. Every rule asks for it, and a life would be half parsing. */
  #read = { text: '', state: EMPTY_STATE };
  /** Boots since the last power cut, or since the last command. */
  chain = 0;

  get state(): NodeState {
    const text = this.files.map.get(STATE);
    if (text === undefined) return EMPTY_STATE;
    if (text !== this.#read.text) this.#read = { text, state: parseState(text) ?? EMPTY_STATE };
    return this.#read.state;
  }

  get counter(): number | null {
    const text = this.env.get('boot_counter');
    return text === undefined || text === '' ? null : Number(text);
  }

  get bootDeps() {
    const { files, clock, bootLoader, deployments } = this;
    const boot = { id: `boot${this.bootId}`, kernel: '6', startedBy: 'boot-loader' as const };
    const journal = { event: () => undefined, read: async () => [] };
    const record = { files, clock, journal, boot };
    const note = (...step: Parameters<typeof noteTrial> extends [unknown, ...infer Rest] ? Rest : never) => {
      this.rules.noted(step[0]);
      return noteTrial(record, ...step);
    };
    const traces = {
      crashRecords: async () => this.#crashRecords,
      crashText: async () => 'Kernel panic',
      watchdogs: async () => ({ watchdogs: [], resets: [] }),
    };
    const pastBoots = { ids: async () => [`boot${this.bootId}`], entries: async () => [] };
    return { ...record, bootLoader, deployments, note, traces, pastBoots };
  }

  /** From power on, over every reboot that the node asks for and every cut, until it stays up. */
  async run(way: BootWay = {}): Promise<void> {
    this.chain = 0;
    this.rules.chainStarts(way);
    for (let next: BootWay = way; ; next = {}) {
      this.chain += 1;
      if (!this.rules.chainGoesOn()) return;
      let end = await this.#guard(() => this.#boot(next));
      this.ended(end);
      if (end === 'clean' && (await this.#guard(() => this.shutDown())) === 'cut') {
        end = 'cut';
        this.rules.crashed();
      }
      if (end === 'up') return this.rules.isUp();
      this.ends.set(this.bootId, end);
      if (end === 'cut') this.powerReturns();
    }
  }

  /** Something is done on the node while it is up; a cut in it leads into the next boot. */
  async use(work: () => Promise<unknown>): Promise<void> {
    const end = await this.#guard(async () => {
      await work().catch((error: unknown) => {
        if (!(error instanceof GoodbootError)) throw error;
      });
      return 'up' as const;
    });
    if (end !== 'cut') return;
    this.ended('cut');
    this.powerReturns();
    await this.run();
  }

  ended(end: End): void {
    this.ends.set(this.bootId, end);
    this.#record ||= end === 'reset';
    this.rules.bootEnded(end);
  }

  async #guard(work: () => Promise<End>): Promise<End> {
    try {
      const end = await work();
      // What was cut may have been caught on its way.
      return this.power.isOff ? 'cut' : end;
    } catch (error) {
      if (error instanceof PowerCut) return 'cut';
      throw error;
    }
  }

  powerReturns(): void {
    this.power.on();
    this.sysroot.staged = null;
    this.chain = 0;
    this.rules.wasCut();
  }

  async #boot(way: BootWay): Promise<End> {
    const { files, sysroot, clock } = this;
    for (const path of files.map.keys())
      if (path.startsWith('/run/') || path.includes('ledger')) files.map.delete(path);
    this.bootId += 1;
    this.looks = 0;
    this.isRebooting = false;
    this.way = way;
    clock.advance(120_000);
    const counts = way.kexec !== true && this.fragment;
    const ids = entryIds(sysroot.order);
    const loaded = counts ? grubBoot(this.env, ids) : { env: this.env, booted: ids[0]! };
    const chosen = sysroot.order[ids.indexOf(loaded.booted)]!;
    sysroot.booted = (way.pick === undefined ? undefined : sysroot.order[way.pick]) ?? chosen;
    if (counts && ids.includes(this.env.get('goodboot_fallback') ?? '') && loaded.env.get('boot_counter') === '-1')
      this.rules.fallsBackById(chosen);
    this.rules.bootStarted();
    // GRUB writes its block in one piece, and is cut before or after it.
    if (counts) {
      this.power.change(() => {
        this.env = loaded.env;
      });
    }
    const behaviour = this.behaviour.get(sysroot.booted)!;
    if (behaviour === 'panics') return 'reset';
    this.#crashRecords = this.#record ? ['dmesg'] : [];
    this.#record = false;
    await this.begin();
    if (this.isRebooting && !this.runsOn) return 'clean';
    if (behaviour === 'hangs') this.#deadMan();
    else await this.judge();
    return this.isRebooting ? 'clean' : 'up';
  }

  async begin(): Promise<void> {
    const policy = { crashLoop: CRASH_LOOP, signal: new AbortController().signal };
    await this.#tolerant(() => beginBoot({ ...this.bootDeps, reboot: async () => this.#reboot() }, policy));
  }

  async judge(): Promise<void> {
    const { files, bootDeps, power } = this;
    const manager = makeManager(power, () => this.#reboot());
    const effects = { journal: bootDeps.journal, trial: makeTrialEffects(bootDeps) };
    const report = await judgeBoot(
      { ...bootDeps, runner: makeRunner((name) => this.#answer(name)), effects },
      {
        checks: CHECKS,
        policy: { soak: true, onRegression: 'hold', regressionReboots: 3 },
        regressionReboots: 0,
        deadlineMs: 60_000,
        problems: [],
        soakMs: SOAK_MS,
        onSoak: async () => files.replace('/run/goodboot/soaking', ''),
        onResult: () => undefined,
      },
    );
    await conclude({ ...bootDeps, manager, warn: () => undefined }, report);
  }

  async arm(isLast = false): Promise<void> {
    const baseline = async () => (isLast ? null : this.#baseline());
    const fragment = async () => (this.fragment ? ('installed' as const) : ('absent' as const));
    const deps = { ...this.bootDeps, baseline, fragment, canCount: async () => true, needsPassword: async () => false };
    await arm(deps, ATTEMPTS, new AbortController().signal);
  }

  async shutDown(): Promise<End> {
    const { files, sysroot, power } = this;
    await this.#tolerant(() => this.arm(true));
    await files.replace(CLEAN_SHUTDOWN, '');
    this.ends.set(this.bootId, 'clean');
    const { staged, booted, order } = sysroot;
    if (staged !== null) {
      this.rules.finalizes(staged);
      // As ostree does it: what was booted stays, and one after it.
      const rest = order.slice(order.indexOf(booted)).filter((id) => id !== staged);
      power.change(() => {
        sysroot.order = [staged, ...rest.slice(0, 2)];
        sysroot.staged = null;
      });
    }
    return 'clean';
  }

  /** As `goodboot mark good` does it. */
  async markGood(): Promise<void> {
    const { trial } = await loadState(this.files);
    // A mark would take the counting from the deployment that is still to be tried.
    if (trial !== null && trial.deployment !== this.sysroot.booted) return;
    if (trial !== null) this.rules.markedByHand.add(trial.deployment);
    await this.bootLoader.apply({ success: true, counter: null });
  }

  /** As `goodboot rollback` does it. */
  async rollBack(request: Partial<RollbackRequest> = {}): Promise<Rollback> {
    const { signal } = new AbortController();
    const wanted = { deny: true, dryRun: false, force: false, attempts: ATTEMPTS, signal, ...request };
    this.rules.byHand = true;
    try {
      if (wanted.force) this.rules.insistsOn(await rollBack(this.bootDeps, { ...wanted, dryRun: true }));
      return await rollBack(this.bootDeps, wanted);
    } finally {
      this.rules.byHand = false;
    }
  }

  async deny(id: string, isDenied: boolean): Promise<void> {
    const denial = { deployment: id, since: '', why: 'by hand' };
    await updateState(this.files, (state) => (isDenied ? addDenial(state, denial) : allow(state, id)));
  }

  /** Everything that lasts. */
  snapshot(): string {
    return JSON.stringify([[...this.env].sort(), this.files.map.get(STATE), this.sysroot]);
  }

  async #tolerant(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
    }
  }

  #reboot(): void {
    this.rules.reboots();
    this.isRebooting = true;
  }

  /** dist/libexec/deadman: nobody judged what is on trial, and the boot loader counts. */
  #deadMan(): void {
    const { counter, state, sysroot } = this;
    if (state.trial?.deployment !== sysroot.booted) return;
    if (counter === null || counter < 0 || this.env.get('boot_success') === '1') return;
    this.isRebooting = true;
  }

  #answer(name: string): CheckResult['outcome'] {
    if (name === DRILL_CHECK.name) return fail('a drill');
    if (name === 'net') return this.faulty ? fail('no route') : pass();
    this.looks += 1;
    const isBad = { bad: true, flaps: this.bootId % 2 === 1, soak: this.looks > 1 };
    const behaviour = this.behaviour.get(this.sysroot.booted)!;
    if (behaviour === 'unsure') return errored('INTERNAL', 'could not tell');
    return behaviour in isBad && isBad[behaviour as keyof typeof isBad] ? fail('app is down') : pass();
  }

  #baseline(): readonly string[] | null {
    const outcomes = CHECKS.map(({ name }) => [name, this.#answer(name).state] as const);
    if (outcomes.some(([, state]) => state === 'error')) return null;
    return outcomes.filter(([, state]) => state === 'fail').map(([name]) => name);
  }
}

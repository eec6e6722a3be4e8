import { GoodbootError } from '../../src/core/errors.ts';
import type { CheckResult } from '../../src/core/outcome.ts';
import type { BootLoader } from '../../src/ports/boot-loader.ts';
import type { CheckRunner } from '../../src/ports/check-runner.ts';
import type { DeploymentEntry, Deployments } from '../../src/ports/deployments.ts';
import type { Files } from '../../src/ports/files.ts';
import type { ServiceManager, UnitState } from '../../src/ports/service-manager.ts';

/** The machine has no power any more: nothing that runs goes on. */
export class PowerCut extends Error {}
/** One for all: where it was cut is told by the counterexample, and a stack for each is what a life costs most. */
const CUT = new PowerCut('power cut');

/** The power supply. Every durable change goes through it, and one of them can be the last. */
export class Power {
  #left = Number.POSITIVE_INFINITY;
  #after = false;
  isOff = false;
  /** A cut is still to come. */
  get isArmed(): boolean {
    return Number.isFinite(this.#left);
  }

  /** After that many more changes; `after`: the next one still reaches the disk. */
  cutIn(changes: number, after: boolean): void {
    this.#left = changes;
    this.#after = after;
  }

  off(): never {
    this.isOff = true;
    this.#left = Number.POSITIVE_INFINITY;
    throw CUT;
  }

  on(): void {
    this.isOff = false;
  }

  /** `torn`: what a cut in the middle leaves, where it is not all or nothing. */
  change(work: () => void, torn: () => void = () => undefined): void {
    if (this.isOff) throw CUT;
    if (this.#left-- > 0) work();
    else {
      if (this.#after) work();
      else torn();
      this.off();
    }
  }
}

/** Files in memory: a replacement is atomic, an appended line may be torn. `watch` sees each replacement before it is made. */
export class MemoryFiles implements Files {
  readonly map = new Map<string, string>();
  readonly #power: Power;
  readonly #entries: () => readonly string[];
  readonly #watch: (path: string, content: string) => void;

  constructor(power: Power, entries: () => readonly string[], watch: (path: string, content: string) => void) {
    this.#power = power;
    this.#entries = entries;
    this.#watch = watch;
  }

  resolve = (path: string) => path;
  place = async (path: string) => path;
  readText = async (path: string) => this.map.get(path) ?? null;
  readBytes = async (path: string, maxBytes: number, start = 0) => {
    const text = this.map.get(path);
    return text === undefined ? null : Buffer.from(text).subarray(start, start + maxBytes + 1);
  };
  list = async (path: string) => {
    if (path === '/boot/loader/entries') return this.#entries().map((id) => `${id}.conf`);
    return [...this.map.keys()]
      .filter((each) => each.startsWith(`${path}/`))
      .map((each) => each.slice(path.length + 1));
  };
  info = async (path: string) => {
    const text = this.map.get(path);
    return text === undefined
      ? null
      : { kind: 'file' as const, sizeBytes: Buffer.byteLength(text), mode: 0o644, modifiedMs: 0 };
  };
  space = async () => null;
  readLink = async () => null;
  replace = async (path: string, content: string) =>
    this.#power.change(() => {
      this.#watch(path, content);
      this.map.set(path, content);
    });
  append = async (path: string, content: string) => {
    const before = this.map.get(path) ?? '';
    const torn = () => void this.map.set(path, before + content.slice(0, content.length / 2));
    this.#power.change(() => void this.map.set(path, before + content), torn);
  };
  truncate = async (path: string, sizeBytes: number) =>
    this.#power.change(() => void this.map.set(path, (this.map.get(path) ?? '').slice(0, sizeBytes)));
  rename = async (from: string, to: string) =>
    this.#power.change(() => {
      this.map.set(to, this.map.get(from) ?? '');
      this.map.delete(from);
    });
  makeDirectory = async () => undefined;
  link = async () => undefined;
  remove = async (path: string) => {
    if (this.map.has(path)) this.#power.change(() => void this.map.delete(path));
  };
  probeWrite = async () => undefined;
  readonly #locked = new Set<string>();
  exclusively = async <T>(path: string, _waitMs: number, work: () => Promise<T>): Promise<T> => {
    if (this.#locked.has(path)) throw new Error(`${path}: waited for by who holds it`);
    this.#locked.add(path);
    try {
      return await work();
    } finally {
      this.#locked.delete(path);
    }
  };
}

/** The ids of the boot entries, in boot order: as ostree names its files, by position, so that they change with the order. */
export const entryIds = (order: readonly string[]): readonly string[] =>
  order.map((_, at) => `ostree-${order.length - at}`);

/** The environment block as the GRUB adapter changes it: one write, and none where nothing changes. `order` tells its entries. */
export function makeBootLoader(
  power: Power,
  env: () => Map<string, string>,
  order: () => readonly string[],
): BootLoader {
  const edit = (change: Readonly<Record<string, string | null>>): boolean => {
    const changed = Object.entries(change).filter(([name, value]) => (env().get(name) ?? null) !== value);
    if (changed.length === 0) return false;
    power.change(() => {
      for (const [name, value] of changed) {
        if (value === null) env().delete(name);
        else env().set(name, value);
      }
    });
    return true;
  };
  return {
    name: 'grub',
    detail: '/boot/grub2/grubenv',
    can: { mark: true, countAttempts: true },
    read: async () => {
      const [counter, success] = [env().get('boot_counter') || null, env().get('boot_success') || null];
      return { counter: counter === null ? null : Number(counter), success: success === null ? null : success === '1' };
    },
    needsOwnMounts: async () => false,
    takeProof: async () => edit({ goodboot_fragment: null }),
    attemptsFor: async (wish) => wish,
    hasFallback: async () => order().length > 1,
    apply: async ({ success, counter, fallback }) => {
      const text = counter === undefined || counter === null ? null : String(counter);
      const entry = entryIds(order())[order().indexOf(fallback ?? '')] ?? null;
      return edit({
        ...(success === undefined ? {} : { boot_success: success ? '1' : '0' }),
        ...(counter === undefined ? {} : { boot_counter: text, goodboot_counter: text }),
        ...(counter === undefined && fallback === undefined ? {} : { goodboot_fallback: entry }),
      });
    },
  };
}

/** What the backend manages. */
export interface Sysroot {
  booted: string;
  /** In boot order. */
  order: readonly string[];
  staged: string | null;
  /** What each deployment was made from, where it was an image. */
  readonly images: Map<string, string>;
  /** How many more changes the backend refuses. */
  refusals: number;
}

/** A backend that changes the order atomically, and may refuse. `watch` sees each change of the order before it is made. */
export function makeDeployments(power: Power, sysroot: Sysroot, watch: (id: string) => void): Deployments {
  const refuse = () => {
    if (power.isOff) throw CUT;
    if (sysroot.refusals === 0) return;
    sysroot.refusals -= 1;
    throw new GoodbootError('ROLLBACK_FAILED', 'the backend refuses');
  };
  const dropStaged = async () => {
    if (sysroot.staged === null) return;
    refuse();
    power.change(() => {
      sysroot.staged = null;
    });
  };
  const entry = (id: string, staged: boolean): DeploymentEntry => {
    return {
      id,
      version: id,
      booted: id === sysroot.booted,
      staged,
      pinned: false,
      imageDigest: sysroot.images.get(id) ?? null,
      layered: false,
    };
  };
  return {
    name: 'ostree',
    can: { rollBack: true },
    booted: async () => ({ id: sysroot.booted, version: sysroot.booted }),
    list: async () => [
      ...(sysroot.staged === null ? [] : [entry(sysroot.staged, true)]),
      ...sysroot.order.map((id) => entry(id, false)),
    ],
    dropStaged,
    async makeDefault(id) {
      if (!sysroot.order.includes(id)) throw new GoodbootError('DEPLOYMENT_UNKNOWN', `${id}: no such deployment`);
      await dropStaged();
      if (sysroot.order[0] === id) return;
      refuse();
      watch(id);
      power.change(() => {
        sysroot.order = [id, ...sysroot.order.filter((other) => other !== id)];
      });
    },
  };
}

/** Checks that answer what the model says of the booted deployment. */
export const makeRunner = (answer: (name: string) => CheckResult['outcome']): CheckRunner => ({
  how: 'processes',
  prepare: async () => undefined,
  run: async ({ name }) => ({ outcome: answer(name), durationMs: 1 }),
});

const AT_REST: Omit<UnitState, 'name'> = {
  loadState: 'loaded',
  activeState: 'inactive',
  subState: 'dead',
  unitFileState: 'static',
  activeSinceMs: 0,
  startedAtMs: 0,
  conditionResult: null,
  assertResult: null,
  failedConditions: [],
  service: null,
};

/** systemd as far as a verdict needs it: no unit runs. */
export function makeManager(power: Power, reboot: () => void): ServiceManager {
  const never = () => Promise.reject(new GoodbootError('SYSTEMD_ABSENT', 'not a part of this model'));
  return {
    unit: async (name) => ({ ...AT_REST, name }),
    failedUnits: never,
    pulledInBy: never,
    wantedBy: never,
    start: never,
    resetFailed: never,
    reload: never,
    dependents: async () => [],
    startSoon: async () => undefined,
    stop: async (unit) => ({ unit, result: 'done' }),
    reboot: async () => {
      if (power.isOff) throw CUT;
      reboot();
    },
  };
}

import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grubenvVariables, parseGrubenv } from '../../../src/core/grubenv.ts';
import { must, type Ran } from '../../lab/run.ts';
import { Disks } from './disks.ts';
import { DISKS } from './layout.ts';
import { OstreeGuest } from './ostree-guest.ts';
import { type BootEnd, type Hardware, Qemu } from './qemu.ts';
import { FIRMWARE } from './systemd-boot.ts';

/** Each machine's files are in a directory of its own here; the owner's pid is in its name. */
export const RUNS = join(tmpdir(), 'goodboot-vm');
export const GRUBENV = '/boot/grub2/grubenv';
/** The memory of a suspended machine, next to its disks. */
const MEMORY = 'memory';
const LEDGER = '/var/lib/goodboot/ledger.jsonl';
/** One boot takes some 15 s on an idle host; on a busy one it can take ten times that. */
const BOOT_TIMEOUT_MS = 600_000;
/** The guest bounds a program's time itself: beyond it, only one that hangs does not answer. */
const ANSWER_TIMEOUT_MS = 30_000;

/** What can be known of a node whether it runs or not. */
export interface NodeState {
  /** The boot that runs, or ran last; the first is 1. */
  readonly boot: number;
  /** GRUB's variables; null when the block is missing or damaged. */
  readonly grubenv: Readonly<Record<string, string>> | null;
  /** Checksums of the deployments in the boot menu, the default first. */
  readonly deployments: readonly string[];
  /** The ledger's lines; empty when there is none. */
  readonly ledger: string;
}

let count = 0;

/** A node: a disk of its own, and the boots that it goes through. Everything is gone with `stop`. */
export class Vm extends OstreeGuest {
  readonly directory = join(RUNS, `${process.pid}-${++count}`);
  readonly disks: Disks;
  readonly #tools: string;
  readonly #hardware: Hardware;
  #qemu: Qemu | null = null;
  #boot = 0;

  constructor(tools: string, hardware: Hardware) {
    super();
    this.#tools = tools;
    this.#hardware = hardware;
    this.disks = new Disks(this.directory, tools);
  }

  /** Number of the boot that runs, or ran last; the first is 1. */
  get boot(): number {
    return this.#boot;
  }

  /** What this boot said on its serial line: GRUB, the kernel, and who writes to /dev/console. */
  get console(): string {
    return this.#current.console.text;
  }

  /** Copies what makes up a machine that does not run: its disks, and what a crash left in its memory for crashes. */
  static async copy(from: string, into: string): Promise<void> {
    await mkdir(into, { recursive: true });
    const files = [...DISKS, ...FIRMWARE, 'erst'].map((name) => join(from, name)).filter((file) => existsSync(file));
    await must(['cp', '--reflink=auto', '--sparse=always', ...files, into], { timeoutMs: 120_000 });
  }

  /** A machine that is off, with the disks of this one, which is off as well: for going on from here more than once. */
  async clone(): Promise<Vm> {
    if (this.#qemu?.running) throw new Error('the machine runs, and writes to its disks');
    const twin = new Vm(this.#tools, this.#hardware);
    twin.#boot = this.#boot;
    await Vm.copy(this.directory, twin.directory);
    return twin;
  }

  /** Ends the machine, and leaves all of it in a directory, for `resume`. */
  async suspend(into: string): Promise<void> {
    await this.sync();
    await this.#current.suspend(join(into, MEMORY));
    await this.ended();
    await Vm.copy(this.directory, into);
  }

  /** Goes on where a machine of the same hardware was suspended, in the boot that ran there, which counts as the first. */
  async resume(from: string): Promise<void> {
    await Vm.copy(from, this.directory);
    this.#qemu = await Qemu.start(this.#tools, this.directory, this.#hardware, join(from, MEMORY));
    this.#boot = 1;
    await this.sh(`date --set=@${Math.round(Date.now() / 1000)}`); // the next boot has the hardware's time
  }

  /** Powers on. The agent answers once PID 1 runs; `multi-user`: waits for that target. */
  async start(until: 'power' | 'agent' | 'multi-user' = 'multi-user', timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    this.#qemu = await Qemu.start(this.#tools, this.directory, this.#hardware, null);
    this.#boot++;
    if (until === 'agent') await this.#within(this.#current.agent.ready, timeoutMs, 'has no agent');
    if (until === 'multi-user') await this.waitFor(/^lab: multi-user/m, timeoutMs);
  }

  /** Waits until this boot has said that on its serial line. */
  waitFor(pattern: RegExp, timeoutMs = BOOT_TIMEOUT_MS): Promise<RegExpExecArray> {
    return this.#current.console.waitFor(pattern, timeoutMs);
  }

  /** Waits until this boot has ended, whoever ends it. The machine is off then, also where a reset was asked for. */
  ended(timeoutMs = BOOT_TIMEOUT_MS): Promise<BootEnd> {
    return this.#within(this.#current.ended, timeoutMs, 'has not ended');
  }

  /** Waits until the guest resets itself (or its watchdog does it), and boots it again. Gives the state in between. */
  async rebooted(until: 'power' | 'agent' | 'multi-user' = 'multi-user'): Promise<NodeState> {
    const end = await this.ended();
    if (end !== 'reset' && end !== 'watchdog')
      throw new Error(`boot ${this.#boot} ended with ${end}, not with a reset`);
    const between = await this.state();
    await this.start(until);
    return between;
  }

  /** Reboots as a person does, and waits for the next boot. Gives the state in between. */
  async reboot(until: 'power' | 'agent' | 'multi-user' = 'multi-user'): Promise<NodeState> {
    this.exec(['systemctl', 'reboot']).catch(() => undefined); // it may be gone before it has answered
    return this.rebooted(until);
  }

  /** Shuts down cleanly. */
  async powerOff(): Promise<void> {
    this.exec(['systemctl', 'poweroff']).catch(() => undefined);
    const end = await this.ended();
    if (end !== 'shutdown') throw new Error(`boot ${this.#boot} ended with ${end}, not with a shutdown`);
  }

  /** Cuts the power: what the guest had not given to its disk is lost. */
  async kill(): Promise<void> {
    this.#current.kill();
    await this.ended();
  }

  /** What is on the disk now: asked of the guest when it runs, else read without it. */
  async state(): Promise<NodeState> {
    const running = this.#qemu?.running ?? false;
    const read = running
      ? (path: string) => this.read(path).catch(() => null)
      : (path: string) => this.disks.read(path);
    if (!running) await this.disks.replayRoot();
    return {
      boot: this.#boot,
      grubenv: variablesOf(await read(GRUBENV)),
      deployments: running ? await this.inMenu() : await this.disks.deployments(),
      ledger: (await read(LEDGER)) ?? '',
    };
  }

  /** The journal of the running boot, or of an earlier one (-1, …), one message a line. */
  journal(boot = 0): Promise<string> {
    return this.sh(`journalctl --boot=${boot} --output=short-monotonic --no-hostname`);
  }

  async stop(): Promise<void> {
    this.#qemu?.kill();
    await this.#qemu?.ended.catch(() => undefined); // it may have crashed
    await rm(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  protected script(text: string, input: string | Buffer, timeoutMs: number): Promise<Ran> {
    const answer = this.#current.agent.run(text, input, timeoutMs);
    return this.#within(answer, timeoutMs + ANSWER_TIMEOUT_MS, 'does not answer');
  }

  get #current(): Qemu {
    if (this.#qemu === null) throw new Error('the machine was never started');
    return this.#qemu;
  }

  async #within<T>(promise: Promise<T>, timeoutMs: number, otherwise: string): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const say = () =>
      new Error(`boot ${this.#boot} ${otherwise} after ${timeoutMs} ms\n${this.#current.console.tail()}`);
    const timer = setTimeout(() => reject(say()), timeoutMs);
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}

function variablesOf(block: string | null): Readonly<Record<string, string>> | null {
  try {
    return Object.fromEntries(grubenvVariables(parseGrubenv(Buffer.from(block ?? ''))));
  } catch {
    return null;
  }
}

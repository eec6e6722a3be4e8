import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { grubenvVariables, parseGrubenv } from '../../../src/core/grubenv.ts';
import { type NewFile, putFiles } from '../../lab/overlay.ts';
import { must, type Ran } from '../../lab/run.ts';
import { ensureTools } from './debian.ts';
import { Disks } from './disks.ts';
import { Guest } from './guest.ts';
import { ensureImage, type ImageKind } from './image.ts';
import { DISKS } from './layout.ts';
import { type BootEnd, type Hardware, Qemu } from './qemu.ts';

const RUNS = join(tmpdir(), 'goodboot-vm');
const FRAGMENT = resolve(import.meta.dirname, '../../../dist/grub/09_goodboot.cfg');
const GRUBENV = '/boot/grub2/grubenv';
const LEDGER = '/var/lib/goodboot/ledger.jsonl';
/** One boot takes some 15 s on an idle host; on a busy one it can take ten times that. */
const BOOT_TIMEOUT_MS = 180_000;
/** The guest bounds a program's time itself: beyond it, only one that hangs does not answer. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface VmOptions extends Partial<Hardware> {
  readonly kind?: ImageKind;
  /**
   * Fragments of grub.cfg by file name, which says their place: the entries are in `10_entries.cfg`. Default: the
   * project's own `09_goodboot.cfg`, where it is built; none: `{}`.
   */
  readonly fragments?: Readonly<Record<string, string>>;
  /** Written before the first boot, below /boot, /etc and /var. */
  readonly files?: Readonly<Record<string, NewFile | null>>;
  /** Variables in GRUB's environment block before the first boot. */
  readonly grubenv?: Readonly<Record<string, string>>;
}

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

export interface Change {
  /** Contents by path, as in the image (so /etc means the image's). null removes, which is slow: 20 s, not 1. */
  readonly change?: Readonly<Record<string, NewFile | null>>;
  readonly version?: string;
  /** Default true: written at shutdown, as an updater does it. */
  readonly staged?: boolean;
  /** Added to the kernel's command line. */
  readonly kernelArguments?: readonly string[];
}

let count = 0;

/** A node: a disk of its own, and the boots that it goes through. Everything is gone with `stop`. */
export class Vm extends Guest {
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

  /** Powers on. The agent answers once PID 1 runs; `multi-user`: waits for that target. */
  async start(until: 'power' | 'agent' | 'multi-user' = 'multi-user', timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    this.#qemu = await Qemu.start(this.#tools, this.directory, this.#hardware);
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
      deployments: running ? await this.#deployments() : await this.disks.deployments(),
      ledger: (await read(LEDGER)) ?? '',
    };
  }

  /** The journal of the running boot, or of an earlier one (-1, …), one message a line. */
  journal(boot = 0): Promise<string> {
    return this.sh(`journalctl --boot=${boot} --output=short-monotonic --no-hostname`);
  }

  /** Checksum of the deployment that runs. */
  async booted(): Promise<string> {
    return (await this.#status()).find((each) => each.booted)!.checksum;
  }

  /** Commits a changed copy of the booted tree in the guest's repository, without deploying it. Gives its checksum. */
  async commit({ change = {}, version = `${Date.now()}` }: Change): Promise<string> {
    const scratch = join(this.directory, 'commit');
    const inTree = Object.entries(change).map(([path, file]) => [path.replace(/^\/etc\//, '/usr/etc/'), file] as const);
    const written = inTree.filter((entry): entry is readonly [string, NewFile] => entry[1] !== null);
    const removed = inTree.filter(([, file]) => file === null).map(([path]) => path);
    await mkdir(scratch);
    await putFiles(scratch, Object.fromEntries(written));
    await must(['tar', '--create', '--owner=0', '--group=0', '--directory', scratch, '--file', `${scratch}.tar`, '.']);
    const input = await readFile(`${scratch}.tar`);
    await rm(scratch, { recursive: true });
    const env = { base: await this.booted(), version, removed: removed.join('\n') };
    // /sysroot is writable only in the namespace of what changes it.
    const script = `
      cat >/run/lab/tree.tar
      echo "$removed" >/run/lab/removed
      mount -o remount,rw /sysroot
      ostree commit --repo=/sysroot/ostree/repo --branch="lab/$version" --add-metadata-string=version="$version" \
        --tree=ref="$base" --tree=tar=/run/lab/tree.tar --tar-autocreate-parents ${removed.length > 0 ? '--skip-list=/run/lab/removed' : ''}`;
    const ran = await this.exec(['unshare', '--mount', 'sh', '-euc', script], { input, env, timeoutMs: 120_000 });
    if (ran.exitCode !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
    return ran.stdout.trim();
  }

  /** Deploys a commit, staged by default. */
  async deploy(checksum: string, { staged = true, kernelArguments = [] }: Change = {}): Promise<void> {
    const options = [staged ? '--stage' : '--retain', ...kernelArguments.map((each) => `--karg-append=${each}`)];
    const ran = await this.exec(['ostree', 'admin', 'deploy', ...options, checksum], { timeoutMs: 120_000 });
    if (ran.exitCode !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  }

  /** An update: commits a changed copy of the booted tree and stages it. Gives its checksum. */
  async newDeployment(change: Change = {}): Promise<string> {
    const checksum = await this.commit(change);
    await this.deploy(checksum, change);
    return checksum;
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

  async #deployments(): Promise<readonly string[]> {
    return (await this.#status()).filter((each) => !each.staged).map((each) => each.checksum);
  }

  async #status(): Promise<readonly { checksum: string; booted: boolean; staged: boolean }[]> {
    // No --json: the ostree of this Debian lacks it.
    const lines = (await this.sh('ostree admin status')).matchAll(/^([ *]) \S+ ([0-9a-f]{64})\.\d+( \(staged\))?/gm);
    return [...lines].map(([, mark, checksum, staged]) => ({
      checksum: checksum!,
      booted: mark === '*',
      staged: staged !== undefined,
    }));
  }
}

/** A machine that is off, with a disk as the options say. Use it as `await using vm = await newVm({…})`, then `start`. */
export async function newVm(options: VmOptions = {}): Promise<Vm> {
  const { kind, files = {}, fragments = await ownFragment(), memoryMiB = 512, network = false, clock = null } = options;
  await sweep();
  const image = await ensureImage(kind);
  const vm = new Vm(await ensureTools(), { memoryMiB, network, clock });
  await mkdir(vm.directory, { recursive: true });
  const copied = DISKS.map((disk) => join(image, disk));
  await must(['cp', '--reflink=auto', '--sparse=always', ...copied, vm.directory], { timeoutMs: 120_000 });
  await vm.disks.write({
    '/boot/grub2/grub.cfg': await grubConfig(fragments),
    ...(options.grubenv === undefined ? {} : { [GRUBENV]: environmentBlock(options.grubenv) }),
    ...files,
  });
  return vm;
}

/** As `newVm`, and started. */
export async function bootVm(options: VmOptions = {}): Promise<Vm> {
  const vm = await newVm(options);
  try {
    await vm.start();
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

async function ownFragment(): Promise<Readonly<Record<string, string>>> {
  return existsSync(FRAGMENT) ? { '09_goodboot.cfg': await readFile(FRAGMENT, 'utf8') } : {};
}

/** The lab's parts and the fragments, in the order of their names, as bootupd puts its own together. */
async function grubConfig(fragments: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(import.meta.dirname, 'grub');
  const parts = new Map(Object.entries(fragments));
  for (const name of await readdir(directory)) parts.set(name, await readFile(join(directory, name), 'utf8'));
  return [...parts.keys()]
    .toSorted()
    .map((name) => parts.get(name))
    .join('\n');
}

function environmentBlock(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join('')}`.padEnd(1024, '#');
}

function variablesOf(block: string | null): Readonly<Record<string, string>> | null {
  try {
    return Object.fromEntries(grubenvVariables(parseGrubenv(Buffer.from(block ?? ''))));
  } catch {
    return null;
  }
}

/** Removes the disks of processes that died before they could. Their machines died with them. */
async function sweep(): Promise<void> {
  await mkdir(RUNS, { recursive: true });
  for (const name of await readdir(RUNS)) {
    if (!existsSync(`/proc/${name.split('-', 1)[0]}`)) await rm(join(RUNS, name), { recursive: true, force: true });
  }
}

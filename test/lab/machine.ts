import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { emptied, killCgroup, makeCgroups, removeCgroups } from './cgroup.ts';
import { installedLayer, labLayer } from './layer.ts';
import { leaderOf, REBOOT, spawnMachine } from './nspawn.ts';
import { clear, directoryOf, mountRoot, type NewFile, newName, putFiles, sweep } from './overlay.ts';
import { ensureRootfs, type Suite } from './rootfs.ts';
import { must, type Ran, type RunOptions, run } from './run.ts';

/** `running`: booted without a failed unit, else an error; `boot`: no job left; `none`: PID 1 answers. */
export type WaitFor = 'running' | 'boot' | 'none';

export interface MachineOptions {
  /** Default `trixie`. */
  readonly suite?: Suite;
  /** A root file system to boot instead of the suite's. Read only. */
  readonly root?: string;
  /** Written before the first boot. The journal is persistent where /var/log/journal exists (trixie: always). */
  readonly files?: Readonly<Record<string, NewFile>>;
  /** Units to enable before the first boot. */
  readonly units?: readonly string[];
  /** What podman needs in here: capabilities, system calls, its storage on a tmpfs (which a reboot empties). */
  readonly podman?: boolean;
  /** The state of the clock can be asked for. It is that of this host, and nothing in the machine can set it. */
  readonly clock?: boolean;
  /** Default true: only `lo`. */
  readonly privateNetwork?: boolean;
  /** Default true: the project is installed and its preset applied. `{ out }`: from that directory of programs. */
  readonly goodboot?: boolean | { readonly out: string };
  /** Content of /boot/grub2/grubenv. */
  readonly grubenv?: string | Buffer;
  /** Default `boot`. */
  readonly waitFor?: WaitFor;
  /** Bound of one boot, default 30 s. */
  readonly timeoutMs?: number;
}

const PODMAN_FILES = { '/etc/containers/containers.conf': '[containers]\npids_limit = 0\n' }; // no pids controller in v2
/** systemd 252 mounts all of /proc and /sys anew for these, and with that the boot id of this host over the machine's. */
const OWN_BOOT_ID = {
  '/etc/systemd/system/goodboot-verdict.service.d/10-lab.conf':
    '[Service]\nProtectControlGroups=no\nProtectKernelTunables=no\n',
};

const live = new Set<string>();
process.on('exit', () => live.forEach(killCgroup));
let swept: Promise<void> | undefined;

/** The units that goodboot's own preset names. */
const presetOf = async (root: string): Promise<readonly string[]> =>
  (await readFile(join(root, 'usr/lib/systemd/system-preset/90-goodboot.preset'), 'utf8'))
    .split('\n')
    .flatMap((line) => /^\w+ (\S+)$/.exec(line)?.[1] ?? []);

/** A booted systemd with its own root, cgroups, namespaces and machine id. Everything in it is gone with `stop`. */
export class Machine {
  readonly name = newName();
  readonly #options: MachineOptions;
  #leader = 0;
  #nspawn: ChildProcess | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  /** PID 1 of the machine, as this host numbers it. Another one after a reboot. */
  get leader(): number {
    return this.#leader;
  }

  /** Runs a program in the machine; any exit status is an answer. */
  async exec(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { timeoutMs = 10_000 } = options;
    const end = Date.now() + timeoutMs;
    // Bounded from inside: of a process killed from here the zombie would be left to this host's init, and hold the machine.
    const bounded = ['timeout', '--signal=KILL', `${timeoutMs / 1000}`, ...argv];
    const entered = ['nsenter', '-t', `${this.#leader}`, '-a', '--', ...bounded];
    const ran = await run(entered, { ...options, timeoutMs: timeoutMs + 5000 });
    if (Date.now() < end || ![137, -1].includes(ran.exitCode)) return ran; // -1: nsenter ends as timeout did, by SIGKILL
    throw new Error(`${argv.join(' ')}: no end after ${timeoutMs} ms\n${ran.stdout}${ran.stderr}`);
  }

  /** Runs a shell script in the machine and gives its stdout; a failure is an error. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    const ran = await this.exec(['sh', '-euc', script], options);
    if (ran.exitCode === 0) return ran.stdout;
    throw new Error(`${script}: exit status ${ran.exitCode}\n${ran.stdout}${ran.stderr}`);
  }

  /** All properties of a unit, as `systemctl show` prints them. */
  async unit(name: string): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await this.exec(['systemctl', 'show', '--', name]);
    return Object.fromEntries(
      stdout.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** Waits until a unit is in that ActiveState, and gives its properties. */
  async waitForUnit(name: string, activeState: string, timeoutMs = 10_000): Promise<Readonly<Record<string, string>>> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(30)) {
      const unit = await this.unit(name);
      if (unit['ActiveState'] === activeState) return unit;
    }
    throw new Error(`${name} is not ${activeState} after ${timeoutMs} ms\n${await this.sh('journalctl -b -o cat')}`);
  }

  /** Waits until systemd has no job left. */
  async waitForJobs(timeoutMs = 90_000): Promise<void> {
    let jobs = '';
    for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(30)) {
      const listed = await this.exec(['systemctl', 'list-jobs', '--no-legend', '--no-pager']);
      jobs = listed.stdout + listed.stderr; // it cannot be asked in the first moment of a boot
      if (listed.exitCode === 0 && jobs === '') return;
      if (this.#nspawn?.exitCode !== null)
        throw await this.#failure(`went down (${this.#nspawn?.exitCode}) with jobs left`);
    }
    throw await this.#failure(`has jobs left after ${timeoutMs} ms\n${jobs}`);
  }

  read(path: string): Promise<string> {
    return this.sh('cat -- "$path"', { env: { path } });
  }

  async write(path: string, text: string): Promise<void> {
    await this.sh(`mkdir -p "$(dirname "$path")"; cat >"$path"`, { input: text, env: { path } });
  }

  /** Ends all processes of a unit as systemd-oomd does it: systemd says `oom-kill`. The lab has no memory controller. */
  async oomKill(unit: string): Promise<void> {
    const cgroup = `/sys/fs/cgroup${(await this.unit(unit))['ControlGroup']}`;
    await this.sh(
      'for mark in oomd_ooms oomd_kill; do setfattr -n user.$mark -v 1 "$cgroup"; done; echo 1 >"$cgroup/cgroup.kill"',
      {
        env: { cgroup },
      },
    );
  }

  /** Boots again on the same disk. `crash`: without a shutdown, as when the power fails (but no write is lost). */
  async reboot(how: 'clean' | 'crash' = 'clean'): Promise<void> {
    if (how === 'clean') await this.exec(['systemctl', 'poweroff']);
    else killCgroup(this.name);
    await emptied(this.name, 30_000);
    await this.#start();
  }

  /** Waits until the machine has asked for a reboot itself, and boots it again. */
  async rebooted(timeoutMs = 30_000): Promise<void> {
    await emptied(this.name, timeoutMs);
    if (this.#nspawn?.exitCode === null) await once(this.#nspawn, 'exit');
    if (this.#nspawn?.exitCode !== REBOOT) throw await this.#failure('went down, but not to reboot');
    await this.#start();
  }

  /** Waits until the machine has gone down. */
  down(timeoutMs = 30_000): Promise<void> {
    return emptied(this.name, timeoutMs);
  }

  /** Boots again what has gone down. */
  up(): Promise<void> {
    return this.#start();
  }

  async stop(): Promise<void> {
    await clear(this.name);
    live.delete(this.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Makes the root and boots it. Called once, by `bootMachine`. */
  async boot(): Promise<void> {
    const { suite = 'trixie', goodboot = true, files = {}, units = [], podman = false, grubenv } = this.#options;
    const base = this.#options.root ?? (await ensureRootfs(suite));
    const layers = goodboot === false ? [] : [await installedLayer(goodboot === true ? undefined : goodboot.out)];
    const root = await mountRoot(this.name, [...layers, await labLayer(), base]);
    await putFiles(root, {
      '/etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
      ...(podman ? PODMAN_FILES : {}),
      ...(suite === 'bookworm' ? OWN_BOOT_ID : {}),
      ...(grubenv === undefined ? {} : { '/boot/grub2/grubenv': grubenv }),
      ...files,
    });
    if (goodboot) await must(['systemctl', `--root=${root}`, 'preset', ...(await presetOf(root))]);
    if (units.length > 0) await must(['systemctl', `--root=${root}`, 'enable', ...units]);
    await this.#start();
  }

  async #start(): Promise<void> {
    const { podman = false, privateNetwork = true, clock = false, timeoutMs = 90_000 } = this.#options;
    live.add(this.name);
    await removeCgroups(this.name); // the kernel kills what is cloned out of a cgroup that cgroup.kill once emptied
    await makeCgroups(this.name);
    this.#nspawn = await spawnMachine(this.name, { podman, privateNetwork, clock });
    await this.#booted(timeoutMs);
  }

  /** Waits until PID 1 answers, then for what the options say. */
  async #booted(timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    const { waitFor = 'boot' } = this.#options;
    for (;;) {
      this.#leader = await leaderOf(this.#nspawn?.pid ?? 0);
      if (this.#leader !== 0 && existsSync(`/proc/${this.#leader}/root/run/systemd/private`)) break;
      if (Date.now() > end || this.#nspawn?.exitCode !== null) throw await this.#failure('did not boot');
      await delay(5);
    }
    if (waitFor === 'none') return;
    await this.waitForJobs(end - Date.now());
    if (waitFor === 'boot') return;
    const state = await this.exec(['systemctl', 'is-system-running']);
    if (state.exitCode !== 0) throw await this.#failure(`is ${state.stdout}${await this.sh('systemctl --failed')}`);
  }

  async #failure(what: string): Promise<Error> {
    const log = await readFile(join(directoryOf(this.name), 'console.log'), 'utf8');
    return new Error(`${this.name} ${what}\n${log}`);
  }
}

/** Boots a machine. Use it as `await using machine = await bootMachine({…})`, or call `stop`. */
export async function bootMachine(options: MachineOptions = {}): Promise<Machine> {
  swept ??= sweep();
  await swept;
  const machine = new Machine(options);
  try {
    await machine.boot();
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

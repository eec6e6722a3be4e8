import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/adapters/dbus/connection.ts';
import { makeBootc } from '../../../src/adapters/deployments/bootc.ts';
import { makeOstree } from '../../../src/adapters/deployments/ostree.ts';
import { makeRpmOstree, type RpmOstreeOptions } from '../../../src/adapters/deployments/rpm-ostree.ts';
import { makeFiles } from '../../../src/adapters/files/files.ts';
import { GoodbootError } from '../../../src/core/errors.ts';
import type { Deployments } from '../../../src/ports/deployments.ts';
import type { Files } from '../../../src/ports/files.ts';
import type { Processes } from '../../../src/ports/processes.ts';
import { bootc } from './bootc.ts';
import { checksumOf, type Layout } from './layout.ts';
import { ostree, type Said } from './ostree.ts';
import { loadState, type StateEntry, saveState, stateOf, versionIn } from './sysroot-state.ts';

/** A machine with deployments, and what is there without asking the port. */
export interface Subject extends AsyncDisposable {
  readonly deployments: Deployments;
  readonly idOf: (n: number) => string;
  /** The versions in boot order, a staged one with `s`. */
  seen(): Promise<string>;
}

/** A machine of stand-ins: its state is a file, and any of their faults can be ordered. */
export interface StandIn extends Subject {
  readonly files: Files;
  readonly processes: Processes;
  /** Every command line that was run. */
  readonly ran: readonly string[];
  order(...faults: readonly string[]): void;
}

export interface StandInOptions {
  readonly change?: Partial<StateEntry>;
  /** Programs that are not installed. */
  readonly without?: readonly string[];
  readonly patience?: RpmOstreeOptions['patience'];
}

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
const DAEMON = join(import.meta.dirname, 'rpm-ostreed.ts');
const PROGRAMS: Readonly<Record<string, (state: string, args: readonly string[]) => Said>> = { ostree, bootc };

/** What the kernel of a machine booted by ostree says. */
export async function writeKernelView(root: string, booted: string): Promise<void> {
  const deployment = `/ostree/deploy/fedora/deploy/${booted}.0`;
  await mkdir(join(root, 'run'), { recursive: true });
  await mkdir(join(root, 'proc/self'), { recursive: true });
  await writeFile(join(root, 'run/ostree-booted'), '');
  const mounts = `30 1 8:4 ${deployment} / rw,relatime shared:1 - xfs /dev/vda4 rw\n31 30 8:3 / /boot ro - ext4 /dev/vda3 ro\n`;
  await writeFile(join(root, 'proc/self/mountinfo'), mounts);
}

type Make = (
  machine: Omit<StandIn, 'deployments'> & { readonly directory: string; readonly state: string },
) => Promise<{
  readonly deployments: Deployments;
  readonly stop?: () => Promise<void>;
}>;

async function standIn(places: Layout, options: StandInOptions, make: Make): Promise<StandIn> {
  const directory = await mkdtemp(join(tmpdir(), 'goodboot-deployments-'));
  const state = join(directory, 'state.json');
  const initial = stateOf(places, options.change);
  saveState(state, initial);
  await writeKernelView(directory, initial.entries.find(({ booted }) => booted)?.checksum ?? checksumOf(0));
  const ran: string[] = [];
  const processes: Processes = {
    async run(argv, { signal }) {
      const [program, ...args] = argv;
      if (signal?.aborted) throw new GoodbootError('PROGRAM_TIMEOUT', `${program}: not started`);
      if (options.without?.includes(program)) throw new GoodbootError('PROGRAM_MISSING', `${program}: no such program`);
      ran.push(argv.join(' '));
      const said = PROGRAMS[program]!(state, args);
      return { argv, ...said, signal: null, timedOut: false, truncated: false, durationMs: 1 };
    },
  };
  const machine = {
    directory,
    state,
    files: makeFiles(directory),
    processes,
    ran,
    idOf: checksumOf,
    order: (...faults: readonly string[]) => saveState(state, { ...loadState(state), faults }),
    seen: async () => versionIn(state),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
  const { deployments, stop } = await make(machine);
  const dispose = async () => {
    await stop?.();
    await rm(directory, { recursive: true });
  };
  return { ...machine, deployments, [Symbol.asyncDispose]: dispose };
}

/** Only ostree: its command line. */
export const ostreeStandIn = (places: Layout, options: StandInOptions = {}): Promise<StandIn> =>
  standIn(places, options, async ({ files, processes }) => ({ deployments: makeOstree(files, processes) }));

/** bootc and ostree: their command lines. */
export const bootcStandIn = (places: Layout, options: StandInOptions = {}): Promise<StandIn> =>
  standIn(places, options, async ({ files, processes }) => ({ deployments: makeBootc(files, processes) }));

/** The rpm-ostree daemon, started on demand by a real bus of its own, and the command line of ostree. */
export const rpmOstreeStandIn = (places: Layout, options: StandInOptions = {}): Promise<StandIn> =>
  standIn(places, options, async ({ directory, state, files, processes }) => {
    const address = `unix:path=${directory}/bus`;
    const services = join(directory, 'services');
    await mkdir(services);
    const command = [...NODE, DAEMON, state, join(directory, 'transaction.sock')].join(' ');
    const service = `[D-BUS Service]\nName=org.projectatomic.rpmostree1\nExec=${command}\n`;
    await writeFile(join(services, 'org.projectatomic.rpmostree1.service'), service);
    await writeFile(join(directory, 'bus.conf'), busConfig(address, services));
    // It dies with the tests, however they end, and the daemon with it.
    const argv = ['--pdeathsig', 'KILL', '--', 'dbus-daemon', '--nofork', '--print-address=1'];
    const bus = spawn('setpriv', [...argv, `--config-file=${directory}/bus.conf`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(bus.stdout, 'data');
    const connectBus = () => connect(address, { hello: true });
    const { patience = { busyMs: 5_000, transactionMs: 5_000 } } = options;
    const deployments = makeRpmOstree({ files, processes, connectBus, patience });
    const stop = async () => {
      // The daemon goes with its bus.
      bus.kill();
      await once(bus, 'close');
    };
    return { deployments, stop };
  });

const busConfig = (address: string, services: string): string => `<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <servicedir>${services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

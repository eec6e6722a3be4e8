import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from './agent.ts';
import { Console } from './console.ts';
import { withTools } from './debian.ts';
import { DISKS } from './layout.ts';
import { Qmp } from './qmp.ts';
import { FIRMWARE } from './systemd-boot.ts';

/** How a boot ended: `reset` and `shutdown` by the guest, `watchdog` by the device, `killed` from here. */
export type BootEnd = 'reset' | 'shutdown' | 'watchdog' | 'killed';

export interface Hardware {
  /** ISO 8601, UTC: the hardware clock at power-on, null for now. */
  readonly clock: string | null;
}

/** Not cx16: without it QEMU's kernels do not crash. The random sources save a wait of a second. */
const CPU = 'Nehalem,+rdrand,+rdseed,-cx16';
/** Enough for podman. */
const MEMORY_MIB = 512;
/** What a kernel that crashed leaves for the next one: this much, in a file that outlives the process. */
const ERST_SIZE = '64K';

/** One boot: a QEMU process, from power-on until the guest's reset or the end. */
export class Qemu {
  readonly console: Console;
  readonly agent: Agent;
  /** Fulfilled when the process is gone. */
  readonly ended: Promise<BootEnd>;
  readonly #process: ChildProcess;
  readonly #qmp: Qmp;
  #end: BootEnd | null = null;
  #killed = false;

  private constructor(process: ChildProcess, streams: { console: Console; agent: Agent; qmp: Socket }) {
    this.#process = process;
    this.console = streams.console;
    this.agent = streams.agent;
    this.#qmp = new Qmp(streams.qmp, (event, data) => this.#event(event, data));
    this.ended = this.#follow(streams.qmp);
    this.ended.catch(() => undefined); // nobody may be waiting
  }

  /**
   * Powers on, with the files of that directory: the disks, erst, and the console's log. `memory`: goes on from what
   * `suspend` has written there, in the same hardware; the console then begins in the middle.
   */
  static async start(tools: string, directory: string, hardware: Hardware, memory: string | null): Promise<Qemu> {
    const [agent, qmp] = await Promise.all(['agent', 'qmp'].map((name) => listen(join(directory, name))));
    const incoming = memory === null ? [] : ['-incoming', `file:${memory}`];
    const [file, ...args] = withTools(tools, [...argumentsOf(directory, hardware), ...incoming]);
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const log = new Console(child.stdout, join(directory, 'console.log'));
    const failed = once(child, 'close').then(() => Promise.reject(new Error(`qemu did not start\n${errors}`)));
    try {
      const [port, control] = await Promise.race([Promise.all([agent!.socket, qmp!.socket]), failed]);
      const machine = new Qemu(child, { console: log, agent: new Agent(port, memory !== null), qmp: control });
      if (memory !== null) await Promise.race([machine.#resume(), failed]);
      return machine;
    } finally {
      failed.catch(() => undefined);
      for (const { server } of [agent!, qmp!]) server.close();
    }
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The power fails: what the guest has not yet given to the disk is lost. */
  kill(): void {
    this.#killed = true;
    this.#process.kill('SIGKILL');
  }

  /** Writes the memory and the devices' state into a file. The machine does not run on: its disks are at rest. */
  async suspend(memory: string): Promise<void> {
    // Not while it runs: QEMU 10 aborts then at times.
    await this.#qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
    await this.#qmp.execute('stop');
    await this.#qmp.execute('migrate', { uri: `file:${memory}` });
    for (;;) {
      const { status, ...rest } = await this.#qmp.execute('query-migrate');
      if (status === 'completed') return this.kill();
      if (status === 'failed') throw new Error(`the machine cannot be suspended: ${JSON.stringify(rest)}`);
      await sleep(50);
    }
  }

  /** It was stopped when it was suspended, and is stopped once all of it is read. */
  async #resume(): Promise<void> {
    while ((await this.#qmp.execute('query-status'))['status'] === 'inmigrate') await sleep(20);
    await this.#qmp.execute('cont');
  }

  async #follow(qmp: Socket): Promise<BootEnd> {
    const closed = qmp.closed ? null : new Promise((resolve) => qmp.once('close', resolve));
    await Promise.all([once(this.#process, 'close'), closed]);
    this.agent.close();
    if (this.#end !== null) return this.#end;
    if (this.#killed) return 'killed';
    throw new Error(`qemu ended with ${this.#process.exitCode ?? this.#process.signalCode}\n${this.console.tail()}`);
  }

  #event(event: string, data: Readonly<Record<string, unknown>>): void {
    if (event === 'WATCHDOG') this.#end = 'watchdog';
    if (event !== 'SHUTDOWN' || this.#end !== null) return;
    if (data['reason'] === 'guest-reset') this.#end = 'reset';
    if (data['reason'] === 'guest-shutdown') this.#end = 'shutdown';
  }
}

async function listen(path: string): Promise<{ readonly server: Server; readonly socket: Promise<Socket> }> {
  await rm(path, { force: true });
  const server = createServer().listen(path);
  const socket = once(server, 'connection').then(([connection]: Socket[]) => connection!);
  await once(server, 'listening');
  return { server, socket };
}

const flash = (file: string): readonly string[] => ['-drive', `if=pflash,format=raw,file=${file},cache=unsafe`];

function argumentsOf(directory: string, { clock }: Hardware): readonly string[] {
  return [
    ...['qemu-system-x86_64', '-machine', 'pc', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', CPU, '-smp', '1'],
    ...['-m', `${MEMORY_MIB}`, '-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'],
    ...(existsSync(join(directory, FIRMWARE[0])) ? FIRMWARE.flatMap((name) => flash(join(directory, name))) : []),
    '-no-reboot', // a process per boot: quicker than a warm reset, and the disk can be looked at in between
    ...DISKS.flatMap((disk, index) => [
      // What was given to the disk survives a kill whatever this cache does; so it need not wait for this host's disk.
      ...['-drive', `file=${directory}/${disk},format=raw,if=none,id=${disk},cache=unsafe`],
      ...['-device', `virtio-blk-pci,drive=${disk},bootindex=${index}`],
    ]),
    ...['-chardev', `socket,id=qmp,path=${directory}/qmp`, '-mon', 'chardev=qmp,mode=control'],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${directory}/agent`],
    ...['-device', 'virtserialport,chardev=agent,name=lab'],
    ...['-device', 'i6300esb', '-action', 'watchdog=reset'],
    ...['-object', `memory-backend-file,id=erst,size=${ERST_SIZE},mem-path=${directory}/erst,share=on`],
    ...['-device', 'acpi-erst,memdev=erst'],
    ...(clock === null ? [] : ['-rtc', `base=${clock}`]),
    // A network whose gateway, 10.0.2.2, answers, and that leads nowhere.
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
}

import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { JobEnd, ServiceManager } from '../../ports/service-manager.ts';
import { BUS, type Connection, connect, DbusAnswerError } from '../dbus/connection.ts';
import { type Properties, unitState } from './properties.ts';

const SYSTEMD = { destination: 'org.freedesktop.systemd1' } as const;
const MANAGER = { path: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;
const BUS_SOCKET = '/run/dbus/system_bus_socket';
/** systemd's own socket, for root alone: it answers also when the bus is down, which is when a verdict matters most. */
const PRIVATE_SOCKET = '/run/systemd/private';
/** 10 s in all: systemd may be busy with the boot. */
const PING_TIMEOUT_MS = 100;
const PINGS = 100;
/** Ends of jobs that are remembered: more than the checks of any node. */
const JOBS_KEPT = 4096;

export interface ServiceManagerOptions {
  /** Default: this process is root's. */
  readonly root?: boolean;
  /** Directory that holds the machine's `run`, when it is not the running one: a container seen from outside. */
  readonly below?: string;
}

/**
 * systemd over D-Bus, connected when first needed.
 * @throws GoodbootError SYSTEMD_ABSENT when systemd is not PID 1 (sd_booted(3): no /run/systemd/system)
 */
export async function connectServiceManager(
  options: ServiceManagerOptions = {},
): Promise<ServiceManager & AsyncDisposable> {
  const { connection, bus } = await open(options);
  const target = bus ? SYSTEMD : {};
  const manager = (member: string, signature = '', body: readonly unknown[] = []) =>
    connection.call({ ...target, ...MANAGER, member, signature, body });

  const ends = new Map<string, JobEnd>();
  const waiting = new Map<string, (end: JobEnd) => void>();
  let subscribed: Promise<unknown> | null = null;
  const subscribe = () => {
    subscribed ??= (async () => {
      connection.onSignal((signal) => {
        if (signal.interface !== MANAGER.interface || signal.member !== 'JobRemoved') return;
        const [, job, unit, result] = signal.body.map(String);
        const end = { unit: unit!, result: result! };
        const waiter = waiting.get(job!);
        if (waiter !== undefined) waiter(end);
        // The signal may come before the answer that names the job: keep it for whoever asks next.
        else if (ends.size < JOBS_KEPT) ends.set(job!, end);
      });
      if (bus) {
        const match = `type='signal',interface='${MANAGER.interface}',member='JobRemoved',path='${MANAGER.path}'`;
        await connection.call({ ...BUS, member: 'AddMatch', signature: 's', body: [match] });
      }
      await manager('Subscribe');
    })();
    return subscribed;
  };

  const run = async (member: 'StartUnit' | 'StopUnit', unit: string, signal: AbortSignal): Promise<JobEnd> => {
    signal.throwIfAborted();
    await subscribe();
    const [job] = await manager(member, 'ss', [unit, 'replace']);
    return jobEnd(String(job), signal);
  };
  const jobEnd = (job: string, signal: AbortSignal) =>
    new Promise<JobEnd>((resolve, reject) => {
      const early = ends.get(job);
      if (early !== undefined) {
        ends.delete(job);
        return resolve(early);
      }
      const stop = () => {
        waiting.delete(job);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      waiting.set(job, (end) => {
        waiting.delete(job);
        signal.removeEventListener('abort', stop);
        resolve(end);
      });
    });

  const properties = async (path: string, iface: string): Promise<Properties> => {
    const [all] = await connection.call({
      ...target,
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'GetAll',
      signature: 's',
      body: [`org.freedesktop.systemd1.${iface}`],
    });
    if (all === null || typeof all !== 'object')
      throw new GoodbootError('DBUS_FAILED', `${path}: no properties came back`);
    return { ...all };
  };
  const unitPath = async (name: string) => String((await manager('LoadUnit', 's', [name]))[0]);
  const names = async (name: string, keys: readonly string[]): Promise<readonly string[]> => {
    const all = await properties(await unitPath(name), 'Unit');
    const found = keys.flatMap((key) => (Array.isArray(all[key]) ? all[key].map(String) : []));
    return [...new Set(found)].sort();
  };

  return {
    async unit(name) {
      const path = await unitPath(name);
      const [unit, service] = await Promise.all([
        properties(path, 'Unit'),
        name.endsWith('.service') ? properties(path, 'Service') : null,
      ]);
      return unitState(name, unit, service);
    },
    async failedUnits() {
      const [units] = await manager('ListUnitsFiltered', 'as', [['failed']]);
      return Array.isArray(units) ? units.map((unit) => String(unit[0])).sort() : [];
    },
    pulledInBy: (name) => names(name, ['Wants', 'Requires']),
    dependents: (name) => names(name, ['RequiredBy', 'RequisiteOf', 'BoundBy']),
    wantedBy: (name) => names(name, ['WantedBy', 'RequiredBy']),
    start: (name, signal) => run('StartUnit', name, signal),
    stop: (name, signal) => run('StopUnit', name, signal),
    async startSoon(name) {
      await manager('StartUnit', 'ss', [name, 'replace']);
    },
    async resetFailed(name) {
      try {
        await manager('ResetFailedUnit', 's', [name]);
      } catch (error) {
        // Not loaded: nothing to forget.
        if (!(error instanceof DbusAnswerError && error.errorName === 'org.freedesktop.systemd1.NoSuchUnit'))
          throw error;
      }
    },
    async reload() {
      await manager('Reload');
    },
    async reboot() {
      await manager('StartUnit', 'ss', ['reboot.target', 'replace-irreversibly']);
    },
    [Symbol.asyncDispose]: async () => connection.close(),
  };
}

async function open({
  root = process.getuid?.() === 0,
  below = '',
}: ServiceManagerOptions): Promise<{ connection: Connection; bus: boolean }> {
  if (root) {
    try {
      const connection = await connect(`unix:path=${below}${PRIVATE_SOCKET}`, { hello: false });
      await wake(connection);
      return { connection, bus: false };
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
    }
  }
  try {
    return { connection: await connect(`unix:path=${below}${BUS_SOCKET}`, { hello: true }), bus: true };
  } catch (error) {
    if (await systemdIsRunning()) throw error;
    throw new GoodbootError('SYSTEMD_ABSENT', 'systemd is not PID 1 here', { cause: error });
  }
}

/**
 * A first message that reaches systemd in one piece with the end of the login stays in its buffer until more comes
 * (seen on 257 and 252, in one of ten boots). So something harmless is sent until an answer is there.
 */
async function wake(connection: Connection): Promise<void> {
  const ping = { path: '/', interface: 'org.freedesktop.DBus.Peer', member: 'Ping', timeoutMs: PING_TIMEOUT_MS };
  for (let left = PINGS; ; left -= 1) {
    try {
      await connection.call(ping);
      return;
    } catch (error) {
      const late = error instanceof GoodbootError && error.code === 'DBUS_TIMEOUT';
      if (late && left > 1) continue;
      connection.close();
      throw error;
    }
  }
}

async function systemdIsRunning(): Promise<boolean> {
  const { lstat } = await import('node:fs/promises');
  try {
    return (await lstat('/run/systemd/system')).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

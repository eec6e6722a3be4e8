import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { JobEnd } from '../../ports/service-manager.ts';
import { BUS, type Call, type Connection, connect } from '../dbus/connection.ts';

export interface LinkOptions {
  /** Default: this process is root's. */
  readonly root?: boolean;
  /** Directory that holds the machine's `run`, when it is not the running one: a container seen from outside. */
  readonly below?: string;
}

/** One connection to systemd. It ends when systemd executes itself anew, or the bus is restarted. */
export interface Link {
  readonly connection: Connection;
  call(call: Omit<Call, 'destination'>): Promise<readonly unknown[]>;
  /** Waits for the end of a job; rejects when the link ends before it. */
  jobEnd(job: string, signal: AbortSignal): Promise<JobEnd>;
}

export const MANAGER = { path: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;
const SYSTEMD = { destination: 'org.freedesktop.systemd1' } as const;
const BUS_SOCKET = '/run/dbus/system_bus_socket';
/** systemd's own socket, for root alone: it answers also when the bus is down, which is when a verdict matters most. */
const PRIVATE_SOCKET = '/run/systemd/private';
/** 10 s in all: systemd may be busy with the boot. */
const PING_TIMEOUT_MS = 100;
const PINGS = 100;
/** PID 1 stands still while it reloads, on a slow disk for long; whoever calls has a bound of its own. */
const CALL_TIMEOUT_MS = 90_000;
/** Ends of jobs that are remembered: more than the checks of any node. */
const JOBS_KEPT = 4096;

/** @throws GoodbootError SYSTEMD_ABSENT when systemd is not PID 1 (sd_booted(3): no /run/systemd/system), DBUS_* */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { connection, bus } = await open(options);
  const call: Link['call'] = (request) =>
    connection.call({ timeoutMs: CALL_TIMEOUT_MS, ...(bus ? SYSTEMD : {}), ...request });
  const jobs = trackJobs(connection);
  let subscribed: Promise<void> | null = null;
  const subscribe = async () => {
    if (bus) {
      const match = `type='signal',interface='${MANAGER.interface}',member='JobRemoved',path='${MANAGER.path}'`;
      await connection.call({ ...BUS, member: 'AddMatch', signature: 's', body: [match] });
    }
    await call({ ...MANAGER, member: 'Subscribe' });
  };
  // Before the first job is asked for: its end may be told before the answer that names it.
  const ready = () => {
    subscribed ??= subscribe();
    subscribed.catch(() => {
      subscribed = null;
    });
    return subscribed;
  };
  return {
    connection,
    async call(request) {
      if (request.member === 'StartUnit' || request.member === 'StopUnit') await ready();
      return call(request);
    },
    jobEnd: (job, signal) => jobs(job, AbortSignal.any([signal, connection.ended])),
  };
}

/** Gathers the ends of jobs from now on, and hands each to whoever waits for it or will ask for it. */
function trackJobs(connection: Connection): (job: string, signal: AbortSignal) => Promise<JobEnd> {
  const ends = new Map<string, JobEnd>();
  const waiting = new Map<string, (end: JobEnd) => void>();
  connection.onSignal((signal) => {
    if (signal.interface !== MANAGER.interface || signal.member !== 'JobRemoved') return;
    const [, job = '', unit = '', result = ''] = signal.body.map(String);
    const waiter = waiting.get(job);
    if (waiter !== undefined) return waiter({ unit, result });
    ends.set(job, { unit, result });
    const [oldest] = ends.keys();
    if (ends.size > JOBS_KEPT && oldest !== undefined) ends.delete(oldest);
  });
  return (job, signal) =>
    new Promise((resolve, reject) => {
      const early = ends.get(job);
      ends.delete(job);
      if (early !== undefined) return resolve(early);
      if (signal.aborted) return reject(signal.reason);
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
}

async function open({ root = process.getuid?.() === 0, below = '' }: LinkOptions): Promise<{
  readonly connection: Connection;
  readonly bus: boolean;
}> {
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

import { setTimeout as sleep } from 'node:timers/promises';
import { GoodbootError } from '../../core/errors.ts';
import { type Connection, connect, DbusAnswerError } from '../dbus/connection.ts';
import type { Listed } from './backend.ts';
import { parseRpmOstree } from './rpm-ostree-status.ts';

const BUS_NAME = 'org.projectatomic.rpmostree1';
const SYSROOT = { path: '/org/projectatomic/rpmostree1/Sysroot', interface: `${BUS_NAME}.Sysroot` } as const;
const OS = `${BUS_NAME}.OS`;
const TRANSACTION = { path: '/', interface: `${BUS_NAME}.Transaction` } as const;

/** The first call starts the daemon, which reads the whole repository before it answers. */
const START_TIMEOUT_MS = 60_000;
/** A daemon that is just going away because it is idle answers with NoReply; the next call starts a new one. */
const REGISTER_TRIES = 5;
const BUSY_PAUSE_MS = 500;
/** G_IO_ERROR_BUSY, as GLib writes an error that has no D-Bus name of its own. */
const BUSY_ERROR = 'org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26';
const BUSY_TEXT = /transaction in progress/i;

/** How long to be patient, in milliseconds. */
export interface Patience {
  /** With the transaction of somebody else. */
  readonly busyMs: number;
  /** With a transaction of ours. */
  readonly transactionMs: number;
}

/** What is asked of the rpm-ostree daemon. Each call is a connection of its own: the daemon may end in between. */
export interface RpmOstreeDaemon {
  list(signal: AbortSignal): Promise<readonly Listed[]>;
  /** Changes the default as `rollbackLeadsTo` says. @throws GoodbootError DEPLOYMENT_BUSY, ROLLBACK_FAILED, DBUS_… */
  rollBack(signal: AbortSignal): Promise<void>;
  /** Drops what comes before the booted deployment. @throws as `rollBack` */
  dropPending(signal: AbortSignal): Promise<void>;
}

export function makeDaemon(connectBus: () => Promise<Connection>, patience: Patience): RpmOstreeDaemon {
  const transact = (member: string, signature: string, argument: unknown, signal: AbortSignal) =>
    whileBusy(patience.busyMs, signal, () =>
      withDaemon(connectBus, signal, async (bus) => {
        const call = { destination: BUS_NAME, path: await bootedOs(bus), interface: OS, member };
        const [address] = await bus.call({ ...call, signature, body: [argument] });
        const mostMs = AbortSignal.timeout(patience.transactionMs);
        // The bus connection stays until then: a transaction whose caller leaves before the start is taken back.
        await runTransaction(String(address), AbortSignal.any([signal, mostMs]));
      }),
    );
  return {
    list: (signal) =>
      withDaemon(connectBus, signal, async (bus) => parseRpmOstree(await get(bus, SYSROOT, 'Deployments'))),
    rollBack: (signal) => transact('Rollback', 'a{sv}', {}, signal),
    dropPending: (signal) => transact('Cleanup', 'as', ['pending-deploy'], signal),
  };
}

/** A connection to the bus on which the daemon knows us, and has read the deployments anew. */
async function withDaemon<T>(
  connectBus: () => Promise<Connection>,
  signal: AbortSignal,
  use: (bus: Connection) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw new GoodbootError('DBUS_TIMEOUT', 'rpm-ostree: not asked, the time was over before');
  await using bus = await connectBus();
  const stop = () => bus.close();
  signal.addEventListener('abort', stop);
  try {
    await register(bus);
    await bus.call({ destination: BUS_NAME, ...SYSROOT, member: 'Reload' });
    return await use(bus);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function register(bus: Connection): Promise<void> {
  const call = { destination: BUS_NAME, ...SYSROOT, member: 'RegisterClient', signature: 'a{sv}', body: [{}] };
  for (let left = REGISTER_TRIES; ; left -= 1) {
    try {
      await bus.call({ ...call, timeoutMs: START_TIMEOUT_MS });
      return;
    } catch (error) {
      const isLeaving = error instanceof DbusAnswerError && error.errorName === 'org.freedesktop.DBus.Error.NoReply';
      if (!isLeaving || left === 1) throw error;
    }
  }
}

async function get(bus: Connection, from: { path: string; interface: string }, name: string): Promise<unknown> {
  const call = { destination: BUS_NAME, path: from.path, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
  return (await bus.call({ ...call, signature: 'ss', body: [from.interface, name] }))[0];
}

/** The object of the stateroot that is booted. */
async function bootedOs(bus: Connection): Promise<string> {
  const path = await get(bus, SYSROOT, 'Booted');
  if (typeof path === 'string' && path !== '/') return path;
  throw new GoodbootError('DBUS_FAILED', 'rpm-ostree: it knows of no booted deployment');
}

/** Starts a transaction on its own socket and waits for its end. The daemon may die in the middle without a word. */
async function runTransaction(address: string, signal: AbortSignal): Promise<void> {
  await using peer = await connect(address, { hello: false });
  const { promise: finished, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
  peer.onSignal(({ interface: from, member, body }) => {
    if (from === TRANSACTION.interface && member === 'Finished') resolve(body);
  });
  peer.ended.addEventListener('abort', () => reject(peer.ended.reason));
  const stop = () => reject(new GoodbootError('DBUS_TIMEOUT', 'rpm-ostree: the transaction did not end in time'));
  signal.addEventListener('abort', stop);
  try {
    // It answers false when it runs already, for somebody who asked for the same.
    await Promise.race([peer.call({ ...TRANSACTION, member: 'Start' }), finished]);
    const [success, message] = await finished;
    if (success !== true) throw new GoodbootError('ROLLBACK_FAILED', `rpm-ostree: ${String(message)}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Repeats what the daemon refuses because it changes the deployments for somebody else. */
async function whileBusy(busyMs: number, signal: AbortSignal, action: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + busyMs;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (signal.aborted || performance.now() + BUSY_PAUSE_MS > endMs) {
        throw new GoodbootError('DEPLOYMENT_BUSY', error.message, { cause: error });
      }
    }
    // An abort ends the pause; the next try says so.
    await sleep(BUSY_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

const isBusy = (error: unknown): error is DbusAnswerError =>
  error instanceof DbusAnswerError && (error.errorName === BUSY_ERROR || BUSY_TEXT.test(error.message));

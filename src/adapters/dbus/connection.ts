import createConnection from 'dbus-next/lib/connection.js';
import { Message } from 'dbus-next/lib/message-type.js';
import { Variant } from 'dbus-next/lib/variant.js';
import { errnoOf, GoodbootError, messageOf } from '../../core/errors.ts';
import './quick-reading.ts';

/** One method call. `signature` types the body; nothing is guessed from values. */
export interface Call {
  /** Absent on a peer-to-peer connection. */
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** Default 25 s, which is libdbus's own. */
  readonly timeoutMs?: number;
}

/** A PropertiesChanged comes without its body. */
export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** A D-Bus connection. Answers come back as plain values: variants are unwrapped, 64-bit integers are bigint. */
export interface Connection extends AsyncDisposable {
  /** @throws GoodbootError DBUS_FAILED (with the D-Bus error name in the message), DBUS_DENIED, DBUS_TIMEOUT, DBUS_UNAVAILABLE */
  call(call: Call): Promise<readonly unknown[]>;
  /** Calls the listener for every signal received until the connection ends; returns the way to stop. */
  onSignal(listener: (signal: Signal) => void): () => void;
  close(): void;
  /** Aborted when the connection has ended, with why. */
  readonly ended: AbortSignal;
}

const ERROR_REPLY = 3;
const METHOD_RETURN = 2;
const SIGNAL = 4;
const CALL_TIMEOUT_MS = 25_000;
const CONNECT_TIMEOUT_MS = 5_000;
const DENIED = /\.(AccessDenied|AuthFailed|InteractiveAuthorizationRequired)$/;

/** The D-Bus error name (`org.freedesktop.DBus.Error.…`) that a service answered with. */
export class DbusAnswerError extends GoodbootError {
  readonly errorName: string;

  constructor(call: Call, errorName: string, text: string) {
    super(
      DENIED.test(errorName) ? 'DBUS_DENIED' : 'DBUS_FAILED',
      `${call.interface}.${call.member}: ${text || errorName}`,
    );
    this.errorName = errorName;
  }
}

/**
 * Connects to a bus or, with `hello: false`, to a peer that is no bus (an rpm-ostree transaction).
 * It stands on the wire layer of dbus-next alone: its MessageBus waits for ever when the peer goes away, turns a
 * refused Hello into an unhandled rejection, cannot speak to a peer, and loads an XML parser that is never used.
 * @throws GoodbootError DBUS_UNAVAILABLE, DBUS_TIMEOUT
 */
export async function connect(address: string, options: { readonly hello: boolean }): Promise<Connection> {
  const wire = createConnection({ busAddress: address, authMethods: ['EXTERNAL'] });
  const pending = new Map<
    number,
    { resolve: (body: readonly unknown[]) => void; reject: (error: Error) => void; call: Call }
  >();
  const listeners = new Set<(signal: Signal) => void>();
  let serial = 0;
  let ended: GoodbootError | null = null;
  const over = new AbortController();

  const end = (cause: unknown) => {
    ended ??= new GoodbootError(
      'DBUS_UNAVAILABLE',
      `${address}: ${cause === null ? 'the connection ended' : messageOf(cause)}`,
    );
    for (const waiting of pending.values()) waiting.reject(ended);
    pending.clear();
    wire.stream.destroy();
    over.abort(ended);
  };
  wire.on('error', end);
  wire.stream.on('close', () => end(null));
  wire.on('message', (message: Message) => {
    if (message.type === SIGNAL) {
      const { path = '', interface: iface = '', member = '' } = message;
      const body = message.body.map(unwrap);
      for (const listener of listeners) listener({ path, interface: iface, member, body });
      return;
    }
    const waiting = pending.get(message.replySerial ?? -1);
    if (waiting === undefined) return;
    pending.delete(message.replySerial ?? -1);
    if (message.type === METHOD_RETURN) waiting.resolve(message.body.map(unwrap));
    else if (message.type === ERROR_REPLY) {
      waiting.reject(new DbusAnswerError(waiting.call, message.errorName ?? '', String(message.body[0] ?? '')));
    }
  });

  const call = (request: Call) =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      if (ended !== null) return reject(ended);
      serial += 1;
      const id = serial;
      const { timeoutMs = CALL_TIMEOUT_MS, ...fields } = request;
      const timer = setTimeout(() => {
        pending.delete(id);
        reject(
          new GoodbootError('DBUS_TIMEOUT', `${request.interface}.${request.member}: no answer within ${timeoutMs} ms`),
        );
      }, timeoutMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      pending.set(id, { resolve: settle(resolve), reject: settle(reject), call: request });
      try {
        const message = new Message(fields);
        message.serial = id;
        wire.message(message);
      } catch (error) {
        pending.delete(id);
        clearTimeout(timer);
        reject(
          new GoodbootError('DBUS_FAILED', `${request.interface}.${request.member}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      }
    });

  await connected(wire, address);
  const connection: Connection = {
    call,
    onSignal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ended: over.signal,
    close: () => end(null),
    [Symbol.asyncDispose]: async () => end(null),
  };
  if (options.hello) {
    await call({ ...BUS, member: 'Hello', timeoutMs: CONNECT_TIMEOUT_MS }).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
      const hint = 'so does dbus-daemon to a process whose user it cannot look up';
      throw new GoodbootError('DBUS_UNAVAILABLE', `${address}: it hung up after the login; ${hint}`, { cause: error });
    });
  }
  return connection;
}

/** Where the bus itself answers. */
export const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/** Resolves when authentication is done; whoever says nothing within 5 s is not a bus. */
function connected(wire: ReturnType<typeof createConnection>, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (text: string, cause?: unknown) => {
      clearTimeout(timer);
      wire.stream.destroy();
      reject(new GoodbootError('DBUS_UNAVAILABLE', `${address}: ${text}`, { cause }));
    };
    const timer = setTimeout(() => refuse(`no answer within ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS);
    wire.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
    wire.once('error', (error) => {
      const errno = errnoOf(error);
      // The socket is not there, or nobody listens on it.
      const absent = errno === 'ENOENT' || errno === 'ECONNREFUSED';
      refuse(absent ? `no D-Bus answers here (${errno})` : (errno ?? messageOf(error)));
    });
    wire.stream.once('close', () => refuse('it closed the connection'));
  });
}

function unwrap(value: unknown): unknown {
  if (value instanceof Variant) return unwrap(value.value);
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

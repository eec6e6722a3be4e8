import { setTimeout as sleep } from 'node:timers/promises';
import { GoodbootError } from '../../core/errors.ts';

/** The discard service: what is sent there is answered by nobody. */
const DISCARD_PORT = 9;
/** First and longest pause between two looks at the table: an answer takes less than a millisecond, its absence 3 s. */
const PAUSE_MS = { first: 20, longest: 500 } as const;
/** The kernel has asked, or will after its delay of 5 s, and has had no answer yet. */
const PENDING = ['INCOMPLETE', 'DELAY', 'PROBE'];

export interface NeighbourQuery {
  readonly address: string;
  readonly link: string;
  /** The state of the neighbour's entry as it is now, null for none. */
  readonly read: () => Promise<string | null>;
  readonly signal: AbortSignal;
}

/**
 * Makes the kernel ask for a neighbour by having something to send to it, and waits for what it finds out.
 * An old entry proves nothing: STALE is asked again, and FAILED counts only after we have asked.
 * @throws GoodbootError CHECK_TIMEOUT when the signal came before the kernel had asked
 */
export async function askNeighbour(query: NeighbourQuery): Promise<'reachable' | 'unreachable' | 'none'> {
  const { address, link, read, signal } = query;
  const knock = await makeKnock(address, link);
  let sent: string | null = 'nothing was sent';
  let state: string | null = null;
  try {
    for (let pauseMs: number = PAUSE_MS.first; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)) {
      state = await read();
      if (state === 'REACHABLE' || state === 'PERMANENT') return 'reachable';
      if (state === 'NOARP') return 'none';
      if (state === 'FAILED' && sent === null) return 'unreachable';
      // Most neighbours refuse the datagram, which is proof sooner than the kernel has it. But only when it went out
      // (the entry has left STALE): a filter of this node can refuse it just as well.
      if (knock.isRefused() && (state === 'DELAY' || state === 'PROBE')) return 'reachable';
      if (state === null || !PENDING.includes(state)) sent = await knock.send();
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    knock.close();
  }
  if (state === 'INCOMPLETE' || state === 'PROBE') return 'unreachable';
  throw new GoodbootError(
    'CHECK_TIMEOUT',
    `neighbour ${address} on ${link}: not asked by the kernel in this time (${sent ?? state ?? 'no entry'})`,
  );
}

/** Something to send to a neighbour: an empty datagram. */
interface Knock {
  /** Null, or the errno that says why it could not be sent. */
  send(): Promise<string | null>;
  /** The neighbour, or a filter on the way, said that nobody listens there. */
  isRefused(): boolean;
  close(): void;
}

async function makeKnock(address: string, link: string): Promise<Knock> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  // A link-local address means nothing without its link.
  const to = /^fe[89ab]/i.test(address) ? `${address}%${link}` : address;
  let isConnected = false;
  let isRefused = false;
  const note = (error: Error | null | undefined): string | null => {
    const errno = error && 'code' in error ? String(error.code) : null;
    isRefused ||= errno === 'ECONNREFUSED';
    return errno;
  };
  socket.on('error', note);
  const connect = () =>
    new Promise<string | null>((resolve) => {
      // Told by an event when it works, by the argument when it does not: the types know only the first.
      const done = (error?: Error) => resolve(note(error));
      socket.connect(DISCARD_PORT, to, done);
    });
  return {
    async send() {
      const failure = isConnected ? null : await connect();
      if (failure !== null) return failure;
      isConnected = true;
      return new Promise((resolve) => socket.send('', (error) => resolve(note(error))));
    },
    isRefused: () => isRefused,
    close: () => socket.close(),
  };
}

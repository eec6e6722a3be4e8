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
  let sent: string | null = 'nothing was sent';
  let state: string | null = null;
  for (let pauseMs: number = PAUSE_MS.first; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)) {
    state = await read();
    if (state === 'REACHABLE' || state === 'PERMANENT') return 'reachable';
    if (state === 'NOARP') return 'none';
    if (state === 'FAILED' && sent === null) return 'unreachable';
    if (state === null || !PENDING.includes(state)) sent = await provoke(address, link);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  if (state === 'INCOMPLETE' || state === 'PROBE') return 'unreachable';
  throw new GoodbootError(
    'CHECK_TIMEOUT',
    `neighbour ${address} on ${link}: not asked by the kernel in this time (${sent ?? state ?? 'no entry'})`,
  );
}

/** Sends one empty datagram. Null, or the errno that says why it could not be sent. */
async function provoke(address: string, link: string): Promise<string | null> {
  const { createSocket } = await import('node:dgram');
  const isIpv6 = address.includes(':');
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  try {
    return await new Promise<string | null>((resolve) => {
      // A link-local address means nothing without its link.
      const to = /^fe[89ab]/i.test(address) ? `${address}%${link}` : address;
      const done = (error?: Error | null) => resolve(error && 'code' in error ? String(error.code) : null);
      socket.once('error', done);
      socket.send('', DISCARD_PORT, to, done);
    });
  } finally {
    socket.close();
  }
}

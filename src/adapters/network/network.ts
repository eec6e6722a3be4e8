import { connect as connectSocket } from 'node:net';
import { GoodbootError } from '../../core/errors.ts';
import type { Network } from '../../ports/network.ts';
import type { Processes } from '../../ports/processes.ts';
import { askNeighbour } from './neighbour.ts';
import { parseDefaultRoutes, parseLinks, parseNeighbourState } from './parse.ts';
import { askResolver, askSystem } from './resolve.ts';

/** `ip` answers from the kernel in milliseconds. */
const IP_TIMEOUT_MS = 5000;
/** Room for some thousand links: a container host has one for each container. */
const IP_MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** Node gives up an address after 500 ms when there is another: less than a satellite link takes. */
const ADDRESS_TIMEOUT_MS = 2000;

/** The network of this machine, by `ip -json` of iproute2 and by using it. */
export function makeNetwork(processes: Processes): Network {
  const ip = async (args: readonly string[], signal?: AbortSignal): Promise<string> => {
    const run = await processes.run(['ip', '-json', ...args], {
      timeoutMs: IP_TIMEOUT_MS,
      maxOutputBytes: IP_MAX_OUTPUT_BYTES,
      ...(signal === undefined ? {} : { signal }),
    });
    const command = run.argv.join(' ');
    if (run.timedOut || signal?.aborted) throw new GoodbootError('PROGRAM_TIMEOUT', `${command}: not done in time`);
    if (run.exitCode === 0) return run.stdout;
    throw new GoodbootError('PROGRAM_FAILED', `${command}: ${run.stderr.trim() || `exit status ${run.exitCode}`}`);
  };
  const links = async (signal: AbortSignal) => parseLinks(await ip(['addr', 'show'], signal));

  return {
    links,
    async defaultRoutes(signal) {
      const [ipv4, ipv6] = await Promise.all(
        ['-4', '-6'].map((family) => ip([family, 'route', 'show', 'default'], signal)),
      );
      return [...parseDefaultRoutes(ipv4!, 'ipv4'), ...parseDefaultRoutes(ipv6!, 'ipv6')];
    },
    async neighbour(address, link, signal) {
      const found = (await links(signal)).find(({ name }) => name === link);
      if (found === undefined || !found.up) return 'unreachable';
      if (!found.hasNeighbours) return 'none';
      // Not with the signal: a look takes milliseconds, and what it sees decides what is said when the time is over.
      const read = async () => parseNeighbourState(await ip(['neigh', 'show', address, 'dev', link]));
      return askNeighbour({ address, link, read, signal });
    },
    resolve: (name, resolver, signal) =>
      resolver === null ? askSystem(name, signal) : askResolver(name, resolver, signal),
    connect,
  };
}

const connect: Network['connect'] = (host, port, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve('no answer');
    const socket = connectSocket({ host, port, autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS });
    const end = (why: string | null) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(why);
    };
    const abort = () => end('no answer');
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => end(null));
    // Kept for the whole life of the socket: an error after the answer is nobody's business, and must not be uncaught.
    socket.on('error', (error) => end('code' in error ? String(error.code) : error.message));
  });

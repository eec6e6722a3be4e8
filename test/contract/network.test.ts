import { execFile, execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { resolve as resolvePath } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeNetwork } from '../../src/adapters/network/network.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import type { Address, Link } from '../../src/ports/network.ts';

const run = promisify(execFile);
const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: 'pipe', encoding: 'utf8' });
const onHost = makeNetwork(makeProcesses());
const inTime = () => AbortSignal.timeout(10_000);

/** Two network namespaces of our own with a cable between them: `node` is where we look from, `peer` its uplink. */
const id = `gb${process.pid.toString(36)}`;
const NODE = `${id}n`;
const PEER = `${id}p`;
const atNode = (...args: readonly string[]) => ip('-n', NODE, ...args);
const atPeer = (...args: readonly string[]) => ip('-n', PEER, ...args);

/** Runs an expression over `network` inside the namespace of the node, in a process of its own. */
async function askFromNode(expression: string): Promise<unknown> {
  const source = (path: string) => JSON.stringify(resolvePath(import.meta.dirname, '../../src/adapters', path));
  const script = `
    const { makeNetwork } = await import(${source('network/network.ts')});
    const { makeProcesses } = await import(${source('process/run.ts')});
    const network = makeNetwork(makeProcesses());
    const within = (ms) => AbortSignal.timeout(ms);
    const answer = await (${expression}).catch((error) => ({ thrown: error.code, message: error.message }));
    process.stdout.write(JSON.stringify(answer), () => process.exit());`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  // A process does not end before its last getaddrinfo has: one second, not ten.
  const env = { ...process.env, RES_OPTIONS: 'timeout:1 attempts:1' };
  const { stdout } = await run('ip', ['netns', 'exec', NODE, ...node], { env });
  return JSON.parse(stdout);
}

/** What `ip netns exec` shows as /etc/resolv.conf: a resolver that nobody has. */
const NODE_ETC = `/etc/netns/${NODE}`;

beforeAll(() => {
  mkdirSync(NODE_ETC, { recursive: true });
  writeFileSync(`${NODE_ETC}/resolv.conf`, 'nameserver 192.0.2.53\n');
  for (const name of [NODE, PEER]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  atNode('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'down0', 'netns', PEER);
  atNode('link', 'add', 'cut0', 'type', 'veth', 'peer', 'name', 'cut1');
  atNode('link', 'add', 'off0', 'type', 'veth', 'peer', 'name', 'off1');
  atNode('link', 'add', 'tun0', 'type', 'veth', 'peer', 'name', 'tun1');
  for (const name of ['up0', 'cut0', 'tun0', 'tun1']) atNode('link', 'set', name, 'up');
  atNode('link', 'set', 'tun0', 'arp', 'off');
  atPeer('link', 'set', 'down0', 'up');
  atNode('addr', 'add', '10.9.0.2/24', 'dev', 'up0');
  atNode('addr', 'add', 'fd09::2/64', 'dev', 'up0', 'nodad');
  atNode('addr', 'add', '10.8.0.2/24', 'dev', 'cut0');
  atNode('addr', 'add', '10.7.0.2/24', 'dev', 'tun0');
  atPeer('addr', 'add', '10.9.0.1/24', 'dev', 'down0');
  atPeer('addr', 'add', 'fd09::1/64', 'dev', 'down0', 'nodad');
  atPeer('addr', 'add', 'fe80::1/64', 'dev', 'down0', 'nodad');
  // The kernel takes eight seconds to give up a neighbour that it knew: here a little more than one.
  for (const family of ['ipv4', 'ipv6']) {
    for (const [key, value] of [
      ['delay_first_probe_time', 1],
      ['retrans_time_ms', 100],
    ]) {
      ip('netns', 'exec', NODE, 'sh', '-c', `echo ${value} > /proc/sys/net/${family}/neigh/up0/${key}`);
    }
  }
});
afterAll(() => {
  const made = ip('netns', 'list');
  for (const name of [NODE, PEER].filter((name) => made.includes(name))) ip('netns', 'delete', name);
  rmSync(NODE_ETC, { recursive: true, force: true });
});
/** Every test starts with a node that has no default route and has heard of nobody. */
afterEach(() => {
  for (const family of ['-4', '-6']) {
    atNode(family, 'route', 'flush', 'default');
    atNode(family, 'neigh', 'flush', 'nud', 'all', 'dev', 'up0');
  }
});

describe('links', () => {
  it('are told with their state, their carrier and their addresses', async () => {
    const links = (await askFromNode('network.links(within(5000))')) as readonly Link[];
    const link = (name: string) => links.find((one) => one.name === name);
    const address = (text: string): Partial<Address> => {
      const [address, prefix] = text.split('/');
      return { address: address!, prefixLength: Number(prefix), scope: 'global', usable: true };
    };
    expect(link('up0')).toMatchObject({ up: true, carrier: true, loopback: false, hasNeighbours: true });
    expect(link('up0')?.addresses).toMatchObject([
      { family: 'ipv4', ...address('10.9.0.2/24') },
      { family: 'ipv6', ...address('fd09::2/64') },
      { family: 'ipv6', scope: 'link', prefixLength: 64 },
    ]);
    expect(link('cut0')).toMatchObject({ up: false, carrier: false });
    expect(link('off0')).toMatchObject({ up: false, carrier: null, addresses: [] });
    expect(link('tun0')).toMatchObject({ up: true, carrier: true, hasNeighbours: false });
    expect(link('lo')).toMatchObject({ up: true, loopback: true, hasNeighbours: false });
  });

  it('have an address that is not usable when somebody else has it', async () => {
    atPeer('addr', 'add', 'fd09::99/64', 'dev', 'down0', 'nodad');
    atNode('addr', 'add', 'fd09::99/64', 'dev', 'up0');
    const usable = async () =>
      ((await askFromNode('network.links(within(5000))')) as readonly Link[])
        .flatMap(({ addresses }) => addresses)
        .find(({ address }) => address === 'fd09::99')?.usable;
    // Tentative at first, then failed: at no moment usable.
    for (let i = 0; i < 5; i += 1) expect(await usable()).toBe(false);
    await expect.poll(() => atNode('addr', 'show', 'dadfailed'), { timeout: 10_000 }).toContain('fd09::99');
    expect(await usable()).toBe(false);
    atNode('addr', 'del', 'fd09::99/64', 'dev', 'up0');
    atPeer('addr', 'del', 'fd09::99/64', 'dev', 'down0');
  });
});

describe('default routes', () => {
  const routes = () => askFromNode('network.defaultRoutes(within(5000))');

  it('are none on a node without any', async () => {
    expect(await routes()).toEqual([]);
  });

  it('are told of both families, each next hop its own, without those that refuse or lead over a dead link', async () => {
    atNode('route', 'add', 'default', 'via', '10.9.0.1');
    atNode('route', 'add', 'default', 'via', '10.8.0.1', 'metric', '5');
    atNode('route', 'add', 'unreachable', 'default', 'metric', '9');
    atNode('route', 'add', 'default', 'dev', 'tun0', 'metric', '10');
    atNode('-4', 'route', 'add', 'default', 'via', 'inet6', 'fe80::1', 'dev', 'up0', 'metric', '11');
    const hops = ['nexthop', 'via', 'fd09::1', 'dev', 'up0', 'nexthop', 'via', 'fd09::3', 'dev', 'up0'];
    atNode('-6', 'route', 'add', 'default', ...hops);
    expect(await routes()).toEqual([
      { family: 'ipv4', gateway: '10.9.0.1', link: 'up0' },
      { family: 'ipv4', gateway: null, link: 'tun0' },
      { family: 'ipv4', gateway: 'fe80::1', link: 'up0' },
      { family: 'ipv6', gateway: 'fd09::1', link: 'up0' },
      { family: 'ipv6', gateway: 'fd09::3', link: 'up0' },
    ]);
  });
});

describe('a neighbour', () => {
  const neighbour = (address: string, link = 'up0', ms = 8000) =>
    askFromNode(`network.neighbour('${address}', '${link}', within(${ms}))`);

  it.each(['10.9.0.1', 'fd09::1', 'fe80::1'])('that answers is reachable: %s', async (address) => {
    // The kernel uses its own link-local address only after duplicate address detection: the adapter waits for it.
    expect(await neighbour(address)).toBe('reachable');
  });

  it.each(['10.9.0.77', 'fd09::77'])('that nobody has is unreachable: %s', async (address) => {
    expect(await neighbour(address)).toBe('unreachable');
  });

  it('that failed before is asked again', async () => {
    atNode('neigh', 'add', '10.9.0.1', 'dev', 'up0', 'nud', 'failed');
    expect(await neighbour('10.9.0.1')).toBe('reachable');
  });

  describe('of which the kernel has an old entry', () => {
    const remember = (address: string) =>
      atNode('neigh', 'replace', address, 'lladdr', '02:00:00:00:00:99', 'dev', 'up0', 'nud', 'stale');

    it('is unreachable when it is gone: the entry proves nothing', async () => {
      remember('10.9.0.77');
      expect(await neighbour('10.9.0.77')).toBe('unreachable');
    });

    const learnAndForget = async () => {
      expect(await neighbour('10.9.0.1')).toBe('reachable');
      atNode('neigh', 'change', '10.9.0.1', 'dev', 'up0', 'nud', 'stale');
    };

    it('is reachable when it refuses what we send, before the kernel has asked', async () => {
      await learnAndForget();
      expect(await neighbour('10.9.0.1', 'up0', 800)).toBe('reachable');
    });

    it('is reachable when it answers the kernel alone', async () => {
      await learnAndForget();
      // No way back for an ICMP message: ARP does not care.
      atPeer('route', 'add', 'blackhole', '10.9.0.2/32');
      expect(await neighbour('10.9.0.1', 'up0', 800)).toMatchObject({ thrown: 'CHECK_TIMEOUT' });
      expect(await neighbour('10.9.0.1')).toBe('reachable');
      atPeer('route', 'del', 'blackhole', '10.9.0.2/32');
    });

    it('could not be told when the time was over before the kernel had asked', async () => {
      remember('10.9.0.77');
      expect(await neighbour('10.9.0.77', 'up0', 400)).toEqual({
        thrown: 'CHECK_TIMEOUT',
        message: 'neighbour 10.9.0.77 on up0: not asked by the kernel in this time (DELAY)',
      });
    });
  });

  it.each([
    ['a link without a carrier', '10.8.0.1', 'cut0', 'unreachable'],
    ['a link that is down', '10.8.0.1', 'off0', 'unreachable'],
    ['a link that does not exist', '10.8.0.1', 'eth99', 'unreachable'],
    ['a link without neighbours', '10.7.0.1', 'tun0', 'none'],
  ])('on %s needs no asking', async (_what, address, link, want) => {
    expect(await neighbour(address, link)).toBe(want);
  });

  it('that the asking may not reach could not be told', async () => {
    atNode('route', 'add', 'prohibit', '10.9.0.78/32');
    expect(await neighbour('10.9.0.78', 'up0', 400)).toMatchObject({
      thrown: 'CHECK_TIMEOUT',
      message: expect.stringContaining('(EACCES)'),
    });
    atNode('route', 'del', 'prohibit', '10.9.0.78/32');
  });
});

/** What a resolver of ours does with a query of one type (1 = A, 28 = AAAA): a response code and addresses, or nothing. */
type Answer = { readonly code: number; readonly addresses?: readonly string[] } | null;

describe('a name', () => {
  const servers: dgram.Socket[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A DNS server on loopback: echoes the question, with the addresses as resource records (RFC 1035, section 4). */
  async function resolver(answerOf: (type: number, query: number) => Answer, host = '127.0.0.1'): Promise<string> {
    const server = dgram.createSocket(host === '::1' ? 'udp6' : 'udp4');
    servers.push(server);
    let queries = 0;
    server.on('message', (query, from) => {
      let end = 12;
      while (query[end] !== 0) end += query[end]! + 1;
      const question = query.subarray(12, end + 5);
      queries += 1;
      const answer = answerOf(query.readUInt16BE(end + 1), queries);
      if (answer === null) return;
      const records = (answer.addresses ?? []).map((address) => {
        const data = Buffer.from(address.split('.').map(Number));
        const head = Buffer.from([0xc0, 12, 0, data.length === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, data.length]);
        return Buffer.concat([head, data]);
      });
      const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80 | answer.code, 0, 1, 0, records.length, 0, 0, 0, 0]);
      server.send(Buffer.concat([header, question, ...records]), from.port, from.address);
    });
    server.bind(0, host);
    await once(server, 'listening');
    return host === '::1' ? `[::1]:${server.address().port}` : `${host}:${server.address().port}`;
  }
  const IPV6_BYTES = '253.9.0.0.0.0.0.0.0.0.0.0.0.0.0.2';

  it.each(['127.0.0.1', '::1'])('has the addresses of both families that the resolver at %s gives', async (host) => {
    const at = await resolver((type) => ({ code: 0, addresses: [type === 1 ? '10.9.0.2' : IPV6_BYTES] }), host);
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ addresses: ['10.9.0.2', 'fd09::2'] });
  });

  it('with addresses of one family resolves, whatever happens to the other', async () => {
    const at = await resolver((type) => (type === 1 ? { code: 0, addresses: ['10.9.0.2'] } : { code: 2 }));
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ addresses: ['10.9.0.2'] });
  });

  it('without any address says what happened, rather than that one family has none', async () => {
    const at = await resolver((type) => ({ code: type === 1 ? 0 : 2 }));
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ failure: 'SERVFAIL' });
  });

  it.each([
    ['does not exist', { code: 3 }, 'no such name'],
    ['has no address', { code: 0 }, 'no address'],
    ['makes the server fail', { code: 2 }, 'SERVFAIL'],
    ['is refused', { code: 5 }, 'REFUSED'],
  ])('that %s is a failure that says so', async (_what, answer, failure) => {
    const at = await resolver(() => answer);
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ failure });
  });

  it('whose first query was lost is asked for again', async () => {
    const at = await resolver((_type, query) => (query <= 2 ? null : { code: 3 }));
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ failure: 'no such name' });
  });

  it('is not waited for longer than the signal, at a resolver that is silent', async () => {
    const at = await resolver(() => null);
    const startMs = performance.now();
    expect(await onHost.resolve('a.example', at, AbortSignal.timeout(200))).toEqual({ failure: 'no answer' });
    expect(performance.now() - startMs).toBeLessThan(1500);
    expect(await onHost.resolve('a.example', at, AbortSignal.abort())).toEqual({ failure: 'no answer' });
  });

  it('is not answered where no resolver listens', async () => {
    const at = await resolver(() => null);
    await new Promise<void>((closed) => servers.splice(0)[0]!.close(closed));
    expect(await onHost.resolve('a.example', at, inTime())).toEqual({ failure: 'no answer, ECONNREFUSED' });
  });

  it('is resolved as programs here do when no resolver is named', async () => {
    expect(await onHost.resolve('localhost', null, inTime())).toEqual({
      addresses: expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
    });
  });

  it('has no answer from the system when the uplink swallows everything, and is not waited for', async () => {
    atNode('route', 'add', 'default', 'via', '10.9.0.1');
    expect(await askFromNode(`network.resolve('a.example', null, within(300))`)).toEqual({ failure: 'no answer' });
  });
});

describe('a TCP connection', () => {
  const servers: net.Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  async function listen(host: string): Promise<number> {
    const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
    servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['127.0.0.1', 'localhost'],
  ])('is made to a server at %s, as %s', async (at, host) => {
    expect(await onHost.connect(host, await listen(at), inTime())).toBeNull();
  });

  it('is refused where nobody listens', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((closed) => servers.splice(0)[0]!.close(closed));
    expect(await onHost.connect('127.0.0.1', port, inTime())).toBe('ECONNREFUSED');
    expect(await onHost.connect('localhost', port, inTime())).toBe('ECONNREFUSED');
  });

  it('is not waited for longer than the signal', async () => {
    atNode('route', 'add', 'default', 'via', '10.9.0.1');
    expect(await askFromNode(`network.connect('192.0.2.9', 80, within(300))`)).toBe('no answer');
    expect(await onHost.connect('127.0.0.1', 9, AbortSignal.abort())).toBe('no answer');
  });

  it('has no way on a node without routes', async () => {
    expect(await askFromNode(`network.connect('192.0.2.9', 80, within(5000))`)).toBe('ENETUNREACH');
  });
});

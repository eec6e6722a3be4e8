import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { check } from '../../checks/network/check.ts';
import { type NetworkOptions, type as network } from '../../checks/network/options.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import type { CheckContext, CheckPorts } from '../../src/ports/check.ts';
import type { Http } from '../../src/ports/http.ts';
import type { Address, DefaultRoute, Link, Network } from '../../src/ports/network.ts';

const address = (text: string, more: Partial<Address> = {}): Address => {
  const [ip = '', prefix] = text.split('/');
  const family = ip.includes(':') ? 'ipv6' : 'ipv4';
  return { family, address: ip, prefixLength: Number(prefix), scope: 'global', usable: true, ...more };
};
const link = (name: string, addresses: readonly Address[] = [], more: Partial<Link> = {}): Link => ({
  ...{ name, up: true, carrier: true, loopback: false, hasNeighbours: true, addresses },
  ...more,
});
const LO = link('lo', [address('127.0.0.1/8', { scope: 'host' })], { loopback: true, hasNeighbours: false });
const ETH0 = link('eth0', [address('10.20.0.7/24'), address('fe80::7/64', { scope: 'link' })]);
const ROUTE: DefaultRoute = { family: 'ipv4', gateway: '10.20.0.1', link: 'eth0' };
const ROUTE6: DefaultRoute = { family: 'ipv6', gateway: 'fe80::1', link: 'eth0' };

/** The world as the check finds it; what is not named is in order. */
interface World {
  readonly links?: readonly Link[];
  readonly routes?: readonly DefaultRoute[];
  readonly neighbours?: Readonly<Record<string, 'reachable' | 'unreachable' | 'none' | 'unknown' | 'silent'>>;
  /** By `name` or `name@resolver`: why it does not resolve. */
  readonly unresolved?: Readonly<Record<string, string>>;
  /** By `host:port` or address: why it is not reached, a status, or `silent` = no answer before the signal. */
  readonly unreached?: Readonly<Record<string, string | number>>;
}

/** Runs the check in that world. Every look at the clock is 5 ms later. */
async function run(
  options: v.InferInput<typeof network.schema>,
  world: World = {},
  signal = AbortSignal.timeout(5000),
) {
  let nowMs = 0;
  const untilAborted = (during: AbortSignal) =>
    new Promise<'no answer'>((resolve) => during.addEventListener('abort', () => resolve('no answer'), { once: true }));
  const fake: Network = {
    links: async () => world.links ?? [LO, ETH0],
    defaultRoutes: async () => world.routes ?? [ROUTE],
    async neighbour(ip, _link, during) {
      const answer = world.neighbours?.[ip] ?? 'reachable';
      if (answer === 'silent') await untilAborted(during);
      if (answer === 'unknown' || answer === 'silent') throw new GoodbootError('CHECK_TIMEOUT', `neighbour ${ip}`);
      return answer;
    },
    async resolve(name, resolver) {
      const failure = world.unresolved?.[resolver === null ? name : `${name}@${resolver}`];
      return failure === undefined ? { addresses: ['192.0.2.1'] } : { failure };
    },
    async connect(host, port, during) {
      const why = world.unreached?.[`${host}:${port}`] ?? null;
      return why === 'silent' ? untilAborted(during) : why === null ? null : String(why);
    },
  };
  const http: Http = {
    async request({ url }) {
      const seen = world.unreached?.[url] ?? 200;
      if (typeof seen === 'string') return { failure: seen };
      return { status: seen, body: '', bodyTruncated: false, certificateEndMs: null };
    },
  };
  const ports: Readonly<Record<string, unknown>> = { network: fake, http, clock: { monotonicMs: () => (nowMs += 5) } };
  // The check asks for these ports alone.
  const use: CheckContext<NetworkOptions>['use'] = async (name) => ports[name] as CheckPorts[typeof name];
  // The schema of the type, whose output these options are.
  const parsed = v.parse(network.schema, options) as NetworkOptions;
  return check.run({ options: parsed, use, signal, stableMs: 0 });
}

describe('the network check without options', () => {
  it('passes with a link that has a global address and a default gateway that answers', async () => {
    expect(await run({})).toEqual({
      state: 'pass',
      facts: {
        interfaces: { eth0: { up: true, addresses: ['10.20.0.7/24', 'fe80::7/64'] } },
        defaultRoutes: ['10.20.0.1 eth0'],
        resolved: {},
        reachMs: {},
      },
    });
  });

  it.each<[what: string, world: World, reason: string]>([
    ['only loopback', { links: [LO] }, 'no link is up; one with a global address was wanted'],
    [
      'only a link that is down',
      { links: [LO, { ...ETH0, up: false }] },
      'no link is up; one with a global address was wanted',
    ],
    [
      'only link-local addresses',
      { links: [link('eth0', [address('fe80::7/64', { scope: 'link' })]), link('eth1')] },
      'no link has a usable global address (eth0, eth1 up); one was wanted',
    ],
    [
      'only an address that is not usable',
      { links: [link('eth0', [address('fd00::7/64', { usable: false })])] },
      'no link has a usable global address (eth0 up); one was wanted',
    ],
    ['no default route', { routes: [] }, 'no default route over a link that is up; one was wanted'],
    [
      'a silent gateway',
      { neighbours: { '10.20.0.1': 'unreachable' } },
      'the gateway 10.20.0.1 on eth0 does not answer',
    ],
    [
      'two silent gateways',
      { routes: [ROUTE, ROUTE6], neighbours: { '10.20.0.1': 'unreachable', 'fe80::1': 'unreachable' } },
      'the gateway 10.20.0.1 on eth0 does not answer, the gateway fe80::1 on eth0 does not answer; one of them was wanted',
    ],
  ])('fails with %s', async (_what, world, reason) => {
    expect(await run({}, world)).toMatchObject({ state: 'fail', reason });
  });

  it.each<[what: string, world: World]>([
    ['one gateway of two answers', { routes: [ROUTE, ROUTE6], neighbours: { '10.20.0.1': 'unreachable' } }],
    [
      'one gateway answers while nobody knows about the other',
      { routes: [ROUTE, ROUTE6], neighbours: { 'fe80::1': 'silent' } },
    ],
    ['the gateway is at the end of a tunnel', { neighbours: { '10.20.0.1': 'none' } }],
    [
      'the default route has no gateway',
      { routes: [{ ...ROUTE, gateway: null }], neighbours: { null: 'unreachable' } },
    ],
  ])('passes when %s', async (_what, world) => {
    expect((await run({}, world)).state).toBe('pass');
  });

  it('cannot tell when the kernel could not tell about the only gateway', async () => {
    await expect(run({}, { neighbours: { '10.20.0.1': 'unknown' } })).rejects.toMatchObject({ code: 'CHECK_TIMEOUT' });
  });

  it('cannot tell when one gateway does not answer and the other could not be told', async () => {
    const world: World = { routes: [ROUTE, ROUTE6], neighbours: { '10.20.0.1': 'unreachable', 'fe80::1': 'unknown' } };
    await expect(run({}, world)).rejects.toMatchObject({ code: 'CHECK_TIMEOUT' });
  });

  it('fails when something is wrong for certain, whatever else could not be told', async () => {
    const world: World = { links: [LO], neighbours: { '10.20.0.1': 'unknown' } };
    expect(await run({}, world)).toMatchObject({ state: 'fail' });
  });
});

describe('a wanted interface', () => {
  const twoAddresses = link('eth0', [address('192.168.1.5/24'), address('10.20.9.9/24', { usable: false })]);
  it.each<[wanted: object, links: readonly Link[], reason: string | null]>([
    [{}, [ETH0], null],
    [{}, [LO], 'there is no interface eth0'],
    [{}, [link('eth0', [], { up: false, carrier: false })], 'eth0 has no carrier'],
    [{}, [link('eth0', [], { up: false, carrier: null })], 'eth0 is administratively down'],
    [{}, [link('eth0', [], { up: false })], 'eth0 has a carrier but is not up'],
    [{ link: false }, [link('eth0', [], { up: false })], null],
    [{ address: '10.20.0.0/16' }, [ETH0], null],
    [{ address: 'fe80::/10' }, [ETH0], null],
    [{ address: ['172.16.0.0/12', '10.20.0.7'] }, [ETH0], null],
    [{ address: 'any' }, [ETH0], null],
    [
      { address: 'any' },
      [link('eth0', [address('fe80::7/64', { scope: 'link' })])],
      'eth0 has no global address (has fe80::7)',
    ],
    [{ address: '10.20.0.0/16' }, [link('eth0')], 'eth0 has no address in 10.20.0.0/16 (has none)'],
    [
      { address: ['10.20.0.0/16', 'fd00::/8'] },
      [twoAddresses],
      'eth0 has no address in 10.20.0.0/16 or fd00::/8 (has 192.168.1.5, 10.20.9.9, not usable yet)',
    ],
    [
      { address: '10.0.0.0/8' },
      [link('eth0', [], { up: false, carrier: false })],
      'eth0 has no carrier; eth0 has no address in 10.0.0.0/8 (has none)',
    ],
  ])('%j, seen as it is, is judged right', async (wanted, links, reason) => {
    const outcome = await run({ interfaces: { eth0: wanted }, gateway: false }, { links });
    expect(outcome).toMatchObject(reason === null ? { state: 'pass' } : { state: 'fail', reason });
  });

  it('is the only one whose address matters', async () => {
    expect((await run({ interfaces: { eth1: {} } }, { links: [link('eth1')] })).state).toBe('pass');
  });
});

describe('a default route', () => {
  it.each<[wanted: NetworkOptions['defaultRoute'], routes: readonly DefaultRoute[], reason: string | null]>([
    [true, [ROUTE6], null],
    ['any', [ROUTE6], null],
    ['ipv4', [ROUTE], null],
    ['ipv4', [ROUTE6], 'no IPv4 default route over a link that is up; one was wanted'],
    ['ipv6', [ROUTE], 'no IPv6 default route over a link that is up; one was wanted'],
    [false, [], null],
  ])('%j is judged right', async (defaultRoute, routes, reason) => {
    const outcome = await run({ defaultRoute }, { routes });
    expect(outcome).toMatchObject(reason === null ? { state: 'pass' } : { state: 'fail', reason });
  });

  it.each<object>([{ gateway: false }, { defaultRoute: false }])(
    'is not asked for its gateway with %j',
    async (options) => {
      expect((await run(options, { neighbours: { '10.20.0.1': 'unreachable' } })).state).toBe('pass');
    },
  );
});

describe('the gateway of a family that is not wanted', () => {
  it('is not asked', async () => {
    const world: World = { routes: [ROUTE, ROUTE6], neighbours: { 'fe80::1': 'unreachable' } };
    expect((await run({ defaultRoute: 'ipv6' }, world)).state).toBe('fail');
    expect((await run({ defaultRoute: 'ipv4' }, world)).state).toBe('pass');
  });
});

describe('names', () => {
  const resolve = ['a.example', 'b.example'];

  it('resolve as programs here do, each of them', async () => {
    const outcome = await run({ resolve }, { unresolved: { 'b.example': 'no such name' } });
    expect(outcome).toMatchObject({
      state: 'fail',
      reason: 'b.example did not resolve (no such name)',
      facts: { resolved: { 'a.example': ['192.0.2.1'] } },
    });
  });

  it('resolve at each resolver, or at any where that is enough', async () => {
    const resolvers = ['10.0.0.53', '10.0.1.53'];
    const world: World = { unresolved: { 'a.example@10.0.0.53': 'no answer', 'a.example': 'not to be asked' } };
    expect(await run({ resolve, resolvers }, world)).toMatchObject({
      state: 'fail',
      reason: 'a.example did not resolve at 10.0.0.53 (no answer)',
    });
    expect((await run({ resolve, resolvers: { all: resolvers } }, world)).state).toBe('fail');
    expect(await run({ resolve, resolvers: { any: resolvers } }, world)).toMatchObject({
      state: 'pass',
      facts: { resolved: { 'a.example at 10.0.1.53': ['192.0.2.1'] } },
    });
  });
});

describe('targets', () => {
  const reach = ['tcp://[fd00::1]:443', 'https://registry.example/v2/'];

  it('are all reached, and it is said how fast', async () => {
    const outcome = await run({ reach }, { unreached: { 'https://registry.example/v2/': 401 } });
    expect(outcome).toMatchObject({ state: 'pass', facts: { reachMs: { [reach[0]!]: expect.any(Number) } } });
  });

  it.each<[seen: string | number, why: string]>([
    ['the certificate has expired (CERT_HAS_EXPIRED)', 'the certificate has expired (CERT_HAS_EXPIRED)'],
    [502, 'the answer was 502'],
  ])('are each named when they are not: %s', async (seen, why) => {
    const unreached = { 'fd00::1:443': 'ECONNREFUSED', 'https://registry.example/v2/': seen };
    expect(await run({ reach }, { unreached })).toMatchObject({
      state: 'fail',
      reason: `${reach[0]} was not reached (ECONNREFUSED); ${reach[1]} was not reached (${why})`,
    });
  });

  it('of which one is enough do not wait for a dead one', async () => {
    const outcome = await run(
      { reach: { any: reach } },
      { unreached: { 'fd00::1:443': 'silent' } },
      new AbortController().signal,
    );
    expect(outcome).toMatchObject({ state: 'pass', facts: { reachMs: { [reach[1]!]: expect.any(Number) } } });
  });

  it('of which one is enough are told together when there is none', async () => {
    const unreached = { 'fd00::1:443': 'no answer', 'https://registry.example/v2/': 503 };
    const reason = `${reach[0]} was not reached (no answer), ${reach[1]} was not reached (the answer was 503); one of them was wanted`;
    expect(await run({ reach: { any: reach } }, { unreached })).toMatchObject({ state: 'fail', reason });
  });
});

it('everything that is wrong is said in one sentence, the most basic first', async () => {
  const outcome = await run(
    { interfaces: { eth0: { address: '10.0.0.0/8' } }, resolve: ['a.example'], reach: ['tcp://b.example:1'] },
    {
      links: [link('eth0', [], { up: false, carrier: false })],
      neighbours: { '10.20.0.1': 'unreachable' },
      unresolved: { 'a.example': 'no answer' },
      unreached: { 'b.example:1': 'ENETUNREACH' },
    },
  );
  expect(outcome).toMatchObject({
    state: 'fail',
    reason:
      'eth0 has no carrier; eth0 has no address in 10.0.0.0/8 (has none); ' +
      'the gateway 10.20.0.1 on eth0 does not answer; a.example did not resolve (no answer); ' +
      'tcp://b.example:1 was not reached (ENETUNREACH)',
  });
});

describe('the options of network', () => {
  const issues = (options: unknown) =>
    v
      .safeParse(network.schema, options)
      .issues?.map((one) => one.message)
      .join();

  it.each<object>([
    {},
    {
      interfaces: {
        eth0: { address: ['10.0.0.0/8', 'fd00::/8', '::1'] },
        'br-lan.10': { link: false, address: 'any' },
      },
    },
    { defaultRoute: 'ipv6', gateway: false },
    {
      resolve: ['a', 'a.example.org', '_srv.example.'],
      resolvers: ['10.0.0.53', '10.0.0.53:5353', 'fd00::53', '[fd00::53]:53'],
    },
    { resolve: ['a'], resolvers: { any: ['10.0.0.53'] } },
    { reach: { any: ['tcp://10.20.0.1:443', 'https://registry.example.org/v2/', 'http://[fd00::1]/'] } },
  ])('take %j', (options) => expect(issues(options)).toBeUndefined());

  it.each<object>([
    { interface: {} },
    { interfaces: { eth0: { adress: '10.0.0.0/8' } } },
    { interfaces: { eth0: { address: '10.0.0.0/33' } } },
    { interfaces: { eth0: { address: '10.0.0/8' } } },
    { interfaces: { eth0: { address: '10.0.0.0/8/9' } } },
    { interfaces: { eth0: { address: 'fd00::/129' } } },
    { interfaces: { eth0: { address: [] } } },
    { defaultRoute: 'ipv5' },
    { resolve: ['10.0.0.1'] },
    { resolve: ['a b'] },
    { resolve: ['a'], resolvers: ['dns.example'] },
    { resolve: ['a'], resolvers: ['10.0.0.53:0'] },
    { resolve: ['a'], resolvers: { any: [] } },
    { resolvers: ['10.0.0.53'] },
    { reach: ['10.0.0.1:443'] },
    { reach: ['tcp://10.0.0.1'] },
    { reach: ['https://user:secret@host/'] },
    { reach: { some: ['tcp://a:1'] } },
    { reach: { any: [], all: [] } },
  ])('refuse %j', (options) => expect(issues(options)).toBeDefined());
});

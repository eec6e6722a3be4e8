import { GoodbootError } from '../../src/core/errors.ts';
import { type Fact, type Facts, fail, pass } from '../../src/core/outcome.ts';
import { type CheckContext, defineCheck } from '../../src/ports/check.ts';
import type { DefaultRoute, Link, Network } from '../../src/ports/network.ts';
import { judgeLinks, judgeRoutes, wantedRoutes } from './judge.ts';
import type { NetworkOptions } from './options.ts';
import { askQuorum, type Findings, itemsOf, joinFindings } from './quorum.ts';
import { parseReachTarget } from './reach-target.ts';

type Context = CheckContext<NetworkOptions>;
/** Facts that probes add to while they run. */
type Seen = Record<'resolved' | 'reachMs', Record<string, Fact>>;

export const check = defineCheck<NetworkOptions>({
  type: 'network',
  async run(ctx) {
    const { options, signal } = ctx;
    const network = await ctx.use('network');
    const [links, allRoutes] = await Promise.all([network.links(signal), network.defaultRoutes(signal)]);
    const routes = wantedRoutes(options.defaultRoute, allRoutes);
    const seen: Seen = { resolved: {}, reachMs: {} };
    const asked = await Promise.all([
      askGateways(options.gateway ? routes : [], network, signal),
      askNames(ctx, network, seen),
      askReach(ctx, network, seen),
    ]);
    // Everything was asked at once, and is told in the order in which one thing needs the other.
    const local = [...judgeLinks(options.interfaces, links), ...judgeRoutes(options.defaultRoute, routes)];
    const { reasons, unknown } = joinFindings([{ reasons: local, unknown: [] }, ...asked]);
    const facts: Facts = {
      interfaces: interfaceFacts(links, Object.keys(options.interfaces)),
      defaultRoutes: allRoutes.map(({ gateway, link }) => (gateway === null ? link : `${gateway} ${link}`)),
      ...seen,
    };
    if (reasons.length > 0) return fail(reasons.join('; '), facts);
    if (unknown.length > 0) throw unknown[0];
    return pass(facts);
  },
});

/** One gateway that answers is enough: a node with two uplinks, or with IPv6 half set up, is not cut off. */
const askGateways = (routes: readonly DefaultRoute[], network: Network, signal: AbortSignal): Promise<Findings> =>
  askQuorum(
    { any: routes },
    async ({ gateway, link }, enough) => {
      if (gateway === null) return null;
      const answer = await network.neighbour(gateway, link, enough);
      return answer === 'unreachable' ? `the gateway ${gateway} on ${link} does not answer` : null;
    },
    signal,
  );

async function askNames({ options, signal }: Context, network: Network, seen: Seen): Promise<Findings> {
  const { resolve, resolvers } = options;
  const quorum = itemsOf(resolvers).length === 0 ? [null] : resolvers;
  const findings = resolve.map((name) =>
    askQuorum<string | null>(
      quorum,
      async (resolver, enough) => {
        const what = resolver === null ? name : `${name} at ${resolver}`;
        const answer = await network.resolve(name, resolver, enough);
        if ('failure' in answer) {
          return `${name} did not resolve${resolver === null ? '' : ` at ${resolver}`} (${answer.failure})`;
        }
        seen.resolved[what] = answer.addresses;
        return null;
      },
      signal,
    ),
  );
  return joinFindings(await Promise.all(findings));
}

async function askReach(ctx: Context, network: Network, seen: Seen): Promise<Findings> {
  const clock = await ctx.use('clock');
  return askQuorum(
    ctx.options.reach,
    async (target, enough) => {
      const startMs = clock.monotonicMs();
      const why = await reach(target, ctx, network, enough);
      if (why === null) seen.reachMs[target] = Math.round(clock.monotonicMs() - startMs);
      return why === null ? null : `${target} was not reached (${why})`;
    },
    ctx.signal,
  );
}

async function reach(text: string, ctx: Context, network: Network, signal: AbortSignal): Promise<string | null> {
  const parsed = parseReachTarget(text);
  if (parsed === null) throw new GoodbootError('CONFIG_INVALID', `${text}: not tcp://host:port, http:// or https://`);
  if (parsed.kind === 'tcp') return network.connect(parsed.target.host, parsed.target.port, signal);
  const http = await ctx.use('http');
  const answer = await http.request({ url: parsed.url, method: 'GET', maxBodyBytes: 0, signal });
  if ('failure' in answer) return answer.failure;
  // 401 or 404 is an answer of the wanted server; 502 and 503 mostly come from something in between.
  return answer.status < 500 ? null : `the answer was ${answer.status}`;
}

/** The interfaces that were asked for; without any, those with an address. */
const interfaceFacts = (links: readonly Link[], names: readonly string[]): Facts =>
  Object.fromEntries(
    links
      .filter(({ name, loopback, addresses }) =>
        names.length > 0 ? names.includes(name) : !loopback && addresses.length > 0,
      )
      .map(({ name, up, addresses }) => [
        name,
        { up, addresses: addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`) },
      ]),
  );

import { isIP } from 'node:net';
import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';
import { parseCidr } from './cidr.ts';
import { parseReachTarget } from './reach-target.ts';

const range = v.pipe(
  v.string(),
  v.check((text) => parseCidr(text) !== null, 'not an address range: write 10.20.0.0/16, fd00::/8 or one address'),
);

const hostName = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/,
    'not a host name',
  ),
  v.check((text) => isIP(text) === 0, 'an address needs no resolving; reach can ask whether it answers'),
);

const resolver = v.pipe(
  v.string(),
  v.check(isResolver, 'not a resolver: write 10.0.0.53, 10.0.0.53:5353, fd00::53 or [fd00::53]:5353'),
);

const reachTarget = v.pipe(
  v.string(),
  v.check((text) => parseReachTarget(text) !== null, 'not a target: write tcp://host:port, http://… or https://…'),
);

/** A plain list (all of it), `all: […]` or `any: […]`. */
const quorum = <Item extends v.GenericSchema<string>>(item: Item) => {
  const items = v.pipe(v.array(item), v.minLength(1, 'at least one is needed'));
  return v.union([v.array(item), v.strictObject({ all: items }), v.strictObject({ any: items })]);
};

const wantedInterface = v.strictObject({
  link: v.pipe(v.optional(v.boolean(), true), v.description('The link must be up and have a carrier.')),
  address: v.optional(
    v.pipe(
      v.union([v.literal('any'), range, v.pipe(v.array(range), v.minLength(1, 'at least one range is needed'))]),
      v.description('It must have a usable address in one of these ranges (CIDR); `any`: any global address.'),
    ),
  ),
});

const fields = v.strictObject({
  interfaces: v.pipe(
    v.optional(v.record(v.string(), wantedInterface), {}),
    v.description('Wanted interfaces by name. With none: at least one link must be up and have a global address.'),
  ),
  defaultRoute: v.pipe(
    v.optional(v.union([v.boolean(), v.picklist(['ipv4', 'ipv6', 'any'])]), true),
    v.description('A default route must exist, of this family; `true` and `any`: of either.'),
  ),
  gateway: v.pipe(
    v.optional(v.boolean(), true),
    v.description('One gateway of the wanted default routes must answer (ARP, NDP), if they have any.'),
  ),
  resolve: v.pipe(v.optional(v.array(hostName), []), v.description('Names that must resolve.')),
  resolvers: v.pipe(
    v.optional(quorum(resolver), []),
    v.description('Resolvers that must each resolve each name, or `any` of them. None: as programs here resolve.'),
  ),
  reach: v.pipe(
    v.optional(quorum(reachTarget), []),
    v.description(
      'Targets that must be reached: tcp://host:port accepts, http:// and https:// answer with a status below 500.',
    ),
  ),
});

const schema = v.pipe(
  fields,
  v.forward(
    v.check(
      ({ resolve, resolvers }) => resolve.length > 0 || (Array.isArray(resolvers) && resolvers.length === 0),
      'resolvers without a name to resolve do nothing; add resolve',
    ),
    ['resolvers'],
  ),
);

export type NetworkOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'network',
  summary:
    'links are up with the wanted addresses, there is a default route with a gateway that answers, names resolve and targets are reached',
  schema,
  defaults: { within: '90s', stable: '0s', timeout: '15s' },
});

function isResolver(text: string): boolean {
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<ipv4>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  const port = Number(match?.groups?.['port'] ?? 53);
  const isPort = port > 0 && port < 65_536;
  if (match?.groups?.['ipv6'] !== undefined) return isIP(match.groups['ipv6']) === 6 && isPort;
  return isIP(text) === 6 || (isIP(match?.groups?.['ipv4'] ?? '') === 4 && isPort);
}

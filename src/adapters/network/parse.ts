import { GoodbootError } from '../../core/errors.ts';
import type { Address, DefaultRoute, Link } from '../../ports/network.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Links and addresses from `ip -json addr show`.
 * @throws GoodbootError PROGRAM_OUTPUT
 */
export const parseLinks = (text: string): readonly Link[] =>
  rows(text).map((row) => {
    const flags = words(row['flags']);
    const isUp = flags.includes('UP');
    return {
      name: word(row['ifname'], 'ifname'),
      up: isUp && ['UP', 'UNKNOWN'].includes(word(row['operstate'], 'operstate')),
      carrier: isUp ? flags.includes('LOWER_UP') : null,
      loopback: flags.includes('LOOPBACK'),
      hasNeighbours: !['LOOPBACK', 'POINTOPOINT', 'NOARP'].some((flag) => flags.includes(flag)),
      addresses: objects(row['addr_info'], 'addr_info').flatMap(parseAddress),
    };
  });

/** Families other than IP are left out. */
function parseAddress(row: Row): readonly Address[] {
  const family = ({ inet: 'ipv4', inet6: 'ipv6' } as const)[word(row['family'], 'family')];
  if (family === undefined) return [];
  const prefixLength = row['prefixlen'];
  if (typeof prefixLength !== 'number') throw notUnderstood('prefixlen');
  return [
    {
      family,
      address: word(row['local'], 'local'),
      prefixLength,
      scope: word(row['scope'], 'scope'),
      // It stays tentative when somebody else has it. An optimistic one (RFC 4429) may be used before it is known.
      usable: row['tentative'] !== true || row['optimistic'] === true,
    },
  ];
}

/**
 * Routes from `ip -json route show default`, each next hop its own; without those of a link that is down and
 * those that refuse (`unreachable`, `blackhole`).
 * @throws GoodbootError PROGRAM_OUTPUT
 */
export const parseDefaultRoutes = (text: string, family: DefaultRoute['family']): readonly DefaultRoute[] =>
  rows(text)
    .filter((row) => row['type'] === undefined || row['type'] === 'unicast')
    .flatMap((row) => (row['nexthops'] === undefined ? [row] : objects(row['nexthops'], 'nexthops')))
    .filter((hop) => !words(hop['flags']).some((flag) => flag === 'dead' || flag === 'linkdown'))
    .map((hop) => ({ family, gateway: gatewayOf(hop), link: word(hop['dev'], 'dev') }));

/** `via` is a gateway of the other family (RFC 5549). */
function gatewayOf(hop: Row): string | null {
  if (hop['gateway'] !== undefined) return word(hop['gateway'], 'gateway');
  return isRow(hop['via']) ? word(hop['via']['host'], 'via.host') : null;
}

/**
 * The state of the one neighbour that `ip -json neigh show ADDRESS dev LINK` was asked for (`REACHABLE`, `STALE`,
 * `INCOMPLETE` …, ip-neighbour(8)), or null when the kernel knows nothing of it.
 * @throws GoodbootError PROGRAM_OUTPUT
 */
export function parseNeighbourState(text: string): string | null {
  const row = rows(text)[0];
  return row === undefined ? null : word(words(row['state'])[0], 'state');
}

/** What `ip -json` prints: a list of objects, nothing at all for an empty one, `{}` for what was filtered out. */
function rows(text: string): readonly Row[] {
  if (text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GoodbootError('PROGRAM_OUTPUT', 'ip -json: what it printed is not JSON', { cause });
  }
  return objects(value, 'the answer');
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

function objects(value: unknown, what: string): readonly Row[] {
  if (!Array.isArray(value) || !value.every(isRow)) throw notUnderstood(what);
  return value.filter((row) => Object.keys(row).length > 0);
}

function word(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw notUnderstood(what);
  return value;
}

const words = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

const notUnderstood = (what: string) => new GoodbootError('PROGRAM_OUTPUT', `ip -json: "${what}" is missing or wrong`);

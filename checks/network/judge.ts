import type { Address, DefaultRoute, Link } from '../../src/ports/network.ts';
import { isInRange, parseCidr } from './cidr.ts';
import type { NetworkOptions } from './options.ts';

/** Why the links and their addresses are not as wanted: for each interface the link first. */
export function judgeLinks(wanted: NetworkOptions['interfaces'], links: readonly Link[]): readonly string[] {
  const names = Object.keys(wanted).sort();
  if (names.length > 0) return names.flatMap((name) => judgeInterface(name, wanted[name]!, links));
  const up = links.filter((link) => link.up && !link.loopback);
  if (up.length === 0) return ['no link is up; one with a global address was wanted'];
  if (up.some((link) => globalAddresses(link).length > 0)) return [];
  return [`no link has a usable global address (${up.map(({ name }) => name).join(', ')} up); one was wanted`];
}

type WantedInterface = NetworkOptions['interfaces'][string];

function judgeInterface(name: string, wanted: WantedInterface, links: readonly Link[]): readonly string[] {
  const link = links.find((one) => one.name === name);
  if (link === undefined) return [`there is no interface ${name}`];
  const reasons = wanted.link && !link.up ? [`${name} ${whyDown(link)}`] : [];
  if (wanted.address === undefined || hasWantedAddress(link, wanted.address)) return reasons;
  const range = wanted.address === 'any' ? 'global address' : `address in ${[wanted.address].flat().join(' or ')}`;
  return [...reasons, `${name} has no ${range} (${describeAddresses(link)})`];
}

function whyDown(link: Link): string {
  if (link.carrier === null) return 'is administratively down';
  return link.carrier ? 'has a carrier but is not up' : 'has no carrier';
}

function hasWantedAddress(link: Link, wanted: string | readonly string[]): boolean {
  if (wanted === 'any') return globalAddresses(link).length > 0;
  const ranges = [wanted]
    .flat()
    .map(parseCidr)
    .filter((range) => range !== null);
  return link.addresses.some(({ address, usable }) => usable && isInRange(address, ranges));
}

const globalAddresses = (link: Link): readonly Address[] =>
  link.addresses.filter(({ scope, usable }) => usable && (scope === 'global' || scope === 'site'));

function describeAddresses({ addresses }: Link): string {
  if (addresses.length === 0) return 'has none';
  return `has ${addresses.map(({ address, usable }) => (usable ? address : `${address}, not usable yet`)).join(', ')}`;
}

/** The default routes of the wanted family; none when none is wanted. */
export const wantedRoutes = (
  wanted: NetworkOptions['defaultRoute'],
  routes: readonly DefaultRoute[],
): readonly DefaultRoute[] => routes.filter(({ family }) => wanted === true || wanted === 'any' || wanted === family);

/** Why there is not the wanted default route. */
export function judgeRoutes(
  wanted: NetworkOptions['defaultRoute'],
  routes: readonly DefaultRoute[],
): readonly string[] {
  if (wanted === false || routes.length > 0) return [];
  const family = { ipv4: 'IPv4 ', ipv6: 'IPv6 ', any: '', true: '' }[`${wanted}`];
  return [`no ${family}default route over a link that is up; one was wanted`];
}

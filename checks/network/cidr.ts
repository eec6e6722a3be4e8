import { BlockList, isIP } from 'node:net';

/** A range of addresses, `10.20.0.0/16`; a bare address is a range of one. */
export interface Cidr {
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads a range; null when it is none. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return null;
  const longest = version === 4 ? 32 : 128;
  const prefixLength = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return prefixLength <= longest ? { address, prefixLength, family: version === 4 ? 'ipv4' : 'ipv6' } : null;
}

/** Is the address in one of the ranges? An address that is none is in no range. */
export function isInRange(address: string, ranges: readonly Cidr[]): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const list = new BlockList();
  for (const range of ranges) list.addSubnet(range.address, range.prefixLength, range.family);
  return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

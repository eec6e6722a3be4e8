import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInRange, parseCidr } from '../../checks/network/cidr.ts';
import { parseReachTarget } from '../../checks/network/reach-target.ts';
import { parseTcpTarget } from '../../checks/tcp/target.ts';
import { parseDefaultRoutes, parseLinks, parseNeighbourState } from '../../src/adapters/network/parse.ts';
import { GoodbootError } from '../../src/core/errors.ts';

const parsers: readonly [name: string, parse: (text: string) => unknown][] = [
  ['links', parseLinks],
  ['default routes', (text) => parseDefaultRoutes(text, 'ipv4')],
  ['neighbour', parseNeighbourState],
];

/** Something like what `ip` prints, with the right keys and any value: noise that gets past the first look. */
const key = fc.constantFrom(
  ...['ifname', 'operstate', 'flags', 'addr_info', 'family', 'local', 'prefixlen', 'scope', 'tentative'],
  ...['type', 'dst', 'dev', 'gateway', 'via', 'host', 'nexthops', 'state'],
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('UP', 'inet', 'inet6', 'global', 'default', 'FAILED', '', null, true, 24, '10.0.0.1'),
    fc.jsonValue(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 8 }),
  ),
}));
const noise = fc.oneof(
  fc.string(),
  fc.json(),
  value.map((one) => JSON.stringify(one)),
  fc.array(fc.dictionary(key, value)).map((rows) => JSON.stringify(rows)),
);

describe.each(parsers)('whatever ip prints about %s', (_name, parse) => {
  it('is understood, or refused as PROGRAM_OUTPUT', () => {
    fc.assert(
      fc.property(noise, (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(GoodbootError);
          expect(error).toMatchObject({ code: 'PROGRAM_OUTPUT' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is never taken for an answer when it was cut off', () => {
    const whole = JSON.stringify([
      { ifname: 'eth0', dev: 'eth0', flags: ['UP'], operstate: 'UP', addr_info: [], state: ['REACHABLE'] },
    ]);
    parse(whole);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (length) => {
        expect(() => parse(whole.slice(0, length))).toThrow(GoodbootError);
      }),
    );
  });
});

describe('an address', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());

  it('is in every range that is made of it, and a bare address is a range of one', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (text, prefix) => {
        const longest = text.includes(':') ? 128 : 32;
        const range = parseCidr(`${text}/${Math.min(prefix, longest)}`);
        expect(range).not.toBeNull();
        expect(isInRange(text, [range!])).toBe(true);
        expect(parseCidr(text)?.prefixLength).toBe(longest);
      }),
    );
  });

  it('of IPv4 is in a range exactly when the first bits are the same', () => {
    const bits = (text: string) => text.split('.').reduce((all, octet) => all * 256n + BigInt(octet), 0n);
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (one, other, prefix) => {
        const shift = BigInt(32 - prefix);
        const isSame = bits(one) >> shift === bits(other) >> shift;
        expect(isInRange(one, [parseCidr(`${other}/${prefix}`)!])).toBe(isSame);
      }),
    );
  });
});

describe('a text of the configuration', () => {
  it('is a range, a target or null, never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.domain()), (text) => {
        parseCidr(text);
        parseTcpTarget(text);
        parseReachTarget(text);
      }),
    );
  });

  it('is the target that it was made from', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), port, (host, port) => {
        const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        expect(parseTcpTarget(text)).toEqual({ host, port });
        expect(parseReachTarget(`tcp://${text}`)).toEqual({ kind: 'tcp', target: { host, port } });
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assemble } from '../../src/config/load.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { BUILT_IN } from '../../src/config/search.ts';
import { nearest } from '../../src/core/nearest.ts';
import { HEAD, slotsOf } from '../fixtures/config/slots.ts';

const VALID = [
  `${HEAD}required:\n  units: [sshd.service, app.service]\n  containers: [web]\nreport: { collector: "https://c.example" }\n`,
  `${HEAD}checks:\n  uplink:\n    type: network\n    required: true\n    within: 90s\n    interfaces: { eth0: { address: 10.20.0.0/16 } }\n    reach: { any: ["tcp://10.20.0.1:443"] }\n`,
  `${HEAD}trial: { attempts: 3, soak: &t 5m, deadline: 15m, crashLoop: { window: *t } }\nchecks: { kernel: null, time: { within: 3s } }\n`,
  `${HEAD}checks:\n  web: { type: http, url: "http://localhost/", status: [200, 2xx], headers: { A: b } }\n  run: { type: command, argv: [/bin/true] }\n`,
  `${HEAD}onRegression: reboot\nbootLoader: grub\nwanted: { network: { resolve: [a.example] }, units: { a.service: true } }\n`,
];

const vendor = { name: 'vendor', sources: [BUILT_IN] };
const load = (files: Readonly<Record<string, string | Uint8Array>>) =>
  assemble([vendor, ...slotsOf(files)], checkTypes);

/** Text built from what YAML and the configuration are made of, so that it often comes close to being valid. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '\n',
          '\n  ',
          '\n    ',
          ': ',
          '- ',
          '[',
          ']',
          '{',
          '}',
          ', ',
          '"',
          "'",
          '&a ',
          '*a',
          '!!str ',
          '|\n',
          '>',
          '#',
          '? ',
          '<<',
          '~',
        ],
        ...[
          '---',
          '%YAML 1.1\n',
          '\t',
          '\0',
          '__proto__',
          'constructor',
          'apiVersion: goodboot/v1\n',
          'checks',
          'required',
          'units',
          'type',
        ],
        ...[
          'network',
          'trial',
          'soak',
          '5m',
          'true',
          'false',
          'null',
          '-1',
          '.inf',
          '1e999',
          'a.service',
          '\ufeff',
          '\u2028',
        ],
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

/** A valid file with a few characters cut out, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.array(fc.tuple(fc.nat(400), fc.nat(6), fc.oneof(fc.constant(''), pieces)), { minLength: 1, maxLength: 4 }),
  )
  .map(([text, edits]) =>
    edits.reduce((before, [at, length, put]) => before.slice(0, at) + put + before.slice(at + length), text),
  );

const anyFile: fc.Arbitrary<string | Uint8Array> = fc.oneof(pieces, mutated, fc.uint8Array({ maxLength: 200 }));

test('the files that the properties start from are valid', () => {
  expect(load(Object.fromEntries(VALID.map((text, at) => [`/${at}`, text]))).problems).toEqual([]);
});

describe('whatever a file holds', () => {
  test('reading it never throws, and settings always come out', () => {
    fc.assert(
      fc.property(fc.array(anyFile, { minLength: 1, maxLength: 3 }), (files) => {
        const { settings, problems, sources } = load(Object.fromEntries(files.map((text, at) => [`/${at}`, text])));
        expect(settings.trial.attempts).toBeGreaterThanOrEqual(1);
        expect(JSON.parse(JSON.stringify(settings.checks))).toEqual(settings.checks);
        const leftOut = sources.filter(({ state }) => state === 'left-out').map(({ file }) => file);
        const blamed = problems.filter(({ severity }) => severity === 'error').map(({ file }) => file);
        expect(new Set(blamed)).toEqual(new Set(leftOut));
        for (const { message, line, column } of problems) {
          expect(message).not.toMatch(/undefined|\[object/);
          expect(Math.min(line, column)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('it reaches no prototype', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        load({ '/a': text });
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

test('a broken file changes nothing, wherever it stands among valid ones', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(VALID), mutated, fc.nat(5), (texts, broken, position) => {
      const files = texts.map((text, at): [string, string] => [`/${at}`, text]);
      const at = position % (files.length + 1);
      const together = load(Object.fromEntries([...files.slice(0, at), ['/broken', broken], ...files.slice(at)]));
      fc.pre(together.sources.some(({ file, state }) => file === '/broken' && state === 'left-out'));
      const without = load(Object.fromEntries(files));
      expect(together.settings).toEqual(without.settings);
      expect(together.problems.filter(({ file }) => file !== '/broken')).toEqual(without.problems);
    }),
    { numRuns: 150 },
  );
});

const MANY = 20_000;
test.each([
  ['a MiB of open lists', '['.repeat(2 ** 20)],
  ['a MiB of the same key', 'k:\n'.repeat(2 ** 18)],
  [
    'very many checks',
    `${HEAD}checks:\n${Array.from({ length: MANY }, (_, at) => `  c${at}: { type: tcp }\n`).join('')}`,
  ],
  ['very many wrong values', `${HEAD}checks: { a: { type: network, reach: [${'1,'.repeat(4.9 * MANY)}] } }`],
])('%s are refused within 15 seconds', (_, text) => {
  const started = performance.now();
  const { problems, settings } = load({ '/big': text });
  expect(problems.length).toBeGreaterThan(0);
  expect(settings).toEqual(load({}).settings);
  expect(performance.now() - started).toBeLessThan(15_000);
});

test('the nearest word is one of the candidates, and itself when it is among them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 12 })),
      fc.string({ minLength: 1, maxLength: 12 }),
      (words, word) => {
        const near = nearest(word, words);
        if (near !== null) expect(words).toContain(near);
        expect(nearest(word, [word])).toBe(word);
      },
    ),
  );
});

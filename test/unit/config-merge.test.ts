import { describe, expect, test } from 'vitest';
import { assemble } from '../../src/config/load.ts';
import { formatPlace, formatProblem } from '../../src/config/problem.ts';
import { sampleTypes } from '../fixtures/config/check-types.ts';
import { slotsOf, VENDOR } from '../fixtures/config/slots.ts';

/** Loads files `/1`, `/2` … over the vendor file. */
const load = (...texts: readonly string[]) =>
  assemble(
    slotsOf({ '/vendor': VENDOR, ...Object.fromEntries(texts.map((text, at) => [`/${at + 1}`, text])) }),
    sampleTypes,
  );
const check = (name: string, ...texts: readonly string[]) =>
  load(...texts).settings.checks.find((one) => one.name === name);
const codes = (...texts: readonly string[]) => load(...texts).problems.map(({ code }) => code);

test('without any file the defaults count', () => {
  expect(load().settings).toEqual({
    checks: [
      {
        name: 'base',
        type: 'answer',
        required: true,
        withinMs: 30_000,
        stableMs: 0,
        timeoutMs: 5000,
        options: { port: 1 },
      },
    ],
    trial: { attempts: 3, soakMs: 300_000, deadlineMs: 900_000, crashLoop: { reboots: 3, windowMs: 3_600_000 } },
    onRegression: 'hold',
    drill: { windows: [] },
    hooks: { timeoutMs: 60_000 },
    bootLoader: 'auto',
    report: { collector: null, group: null },
  });
});

test('a later file changes one key and keeps the others', () => {
  expect(check('base', 'checks: { base: { within: 1m } }', 'checks: { base: { required: false } }')).toMatchObject({
    withinMs: 60_000,
    required: false,
    options: { port: 1 },
  });
  expect(load('trial: { crashLoop: { reboots: 5 } }').settings.trial).toMatchObject({
    attempts: 3,
    crashLoop: { reboots: 5, windowMs: 3_600_000 },
  });
});

test('null takes a key back to its default, and lists are replaced', () => {
  expect(check('base', 'checks: { base: { within: 1m } }', 'checks: { base: { within: null } }')?.withinMs).toBe(
    30_000,
  );
  const words = ['checks: { base: { words: [a, b] } }', 'checks: { base: { words: [c] } }'];
  expect(check('base', ...words)?.options).toEqual({ port: 1, words: ['c'] });
});

test.each(['checks: { base: false }', 'checks: { base: null }', 'checks: { base: { enabled: false } }'])(
  '%j removes the check',
  (text) => {
    expect(load(text).settings.checks).toEqual([]);
    expect(codes(text)).toEqual(['NO_REQUIRED_CHECK']);
  },
);

test('removing a check that is not there is said, and is no fault', () => {
  expect(load('checks: { bsae: false }').problems.map(formatProblem)).toEqual([
    '/1:2:11 checks.bsae: there is no check bsae to remove',
  ]);
});

test('a configuration without a required check is said out loud', () => {
  expect(load('checks: { base: { required: false } }').problems.map(formatProblem)).toEqual([
    '/etc/goodboot/config.yaml checks: no check is required, so that every boot counts as good',
  ]);
});

test.each(['checks:', 'required:', 'wanted:\nrequired: { units: }', 'trial:', 'report:', '# nothing'])(
  'the empty section %j says nothing',
  (text) => {
    expect(load(text).settings).toEqual(load().settings);
    expect(codes(text)).toEqual([]);
  },
);

test('an anchor can be used again within its file', () => {
  const text = 'trial: { soak: &time 1m, deadline: *time }\nchecks: { a: &a { type: answer, port: 3 }, b: *a }';
  expect(load(text).settings.trial).toMatchObject({ soakMs: 60_000, deadlineMs: 60_000 });
  expect(check('b', text)?.options).toEqual({ port: 3 });
});

describe('shorthand', () => {
  test.each<[string, string, object]>([
    [
      'required: { units: [a.service] }',
      'units',
      { type: 'units', required: true, options: { units: { 'a.service': true } } },
    ],
    [
      'required: { containers: [web] }',
      'containers',
      { type: 'containers', required: true, options: { containers: { web: true } } },
    ],
    ['required: { network: true }', 'network', { type: 'network', required: true, options: { resolve: [] } }],
    [
      'required: { network: { resolve: [a.example], within: 1s } }',
      'network',
      { type: 'network', required: true, withinMs: 1000, options: { resolve: ['a.example'] } },
    ],
    [
      'wanted: { units: [a.service] }',
      'wanted-units',
      { type: 'units', required: false, options: { units: { 'a.service': true } } },
    ],
    ['wanted: { network: true }', 'wanted-network', { type: 'network', required: false }],
    [
      'required: { units: { a.service: true, b.service: false } }',
      'units',
      { options: { units: { 'a.service': true, 'b.service': false } } },
    ],
    ['checks: { mine: { type: units, units: [a.service] } }', 'mine', { options: { units: { 'a.service': true } } }],
  ])('%s', (text, name, wanted) => {
    expect(codes(text)).toEqual([]);
    expect(check(name, text)).toMatchObject(wanted);
  });

  test('a second file adds units, and takes one out with false', () => {
    const files = ['required: { units: [a.service, b.service] }', 'required: { units: [c.service] }'];
    const wanted = { 'a.service': true, 'b.service': true, 'c.service': true };
    expect(check('units', ...files)?.options).toEqual({ units: wanted });
    expect(check('units', ...files, 'checks: { units: { units: { b.service: false } } }')?.options).toEqual({
      units: { ...wanted, 'b.service': false },
    });
  });

  test('short and long form in one file add up', () => {
    const text = 'checks: { units: { units: [b.service], within: 1m } }\nrequired: { units: [a.service] }';
    expect(check('units', text)).toMatchObject({
      withinMs: 60_000,
      options: { units: { 'a.service': true, 'b.service': true } },
    });
  });

  test('network: false removes the check', () => {
    expect(check('network', 'required: { network: true }', 'required: { network: false }')).toBeUndefined();
  });
});

test('a check that gets another type starts anew', () => {
  const files = ['checks: { a: { type: answer, port: 5, required: true } }', 'checks: { a: { type: network } }'];
  expect(codes(...files)).toEqual([]);
  expect(check('a', ...files)).toMatchObject({ type: 'network', required: false });
});

describe('a file that is not valid is left out as a whole', () => {
  const broken = 'onRegression: reboot\ntrial: { attempts: 99 }';

  test('and all others count', () => {
    const loaded = load('trial: { soak: 1m }', broken, 'trial: { deadline: 20m }');
    expect(loaded.settings).toMatchObject({
      onRegression: 'hold',
      trial: { attempts: 3, soakMs: 60_000, deadlineMs: 1_200_000 },
    });
    expect(loaded.sources.map(({ state }) => state)).toEqual(['used', 'used', 'left-out', 'used']);
  });

  test('also when a later file covers what is wrong with it', () => {
    expect(load(broken, 'trial: { attempts: 5 }').settings).toMatchObject({
      onRegression: 'hold',
      trial: { attempts: 5 },
    });
  });

  test('and it is the file that breaks what others wrote, not the one that wrote it', () => {
    const loaded = load('checks: { a: { type: answer, port: 5, method: GET } }', 'checks: { a: { port: 22 } }');
    expect(loaded.problems.map(formatProblem)).toEqual(['/2:2:11 checks.a: port 22 has no methods']);
    expect(loaded.settings.checks.find(({ name }) => name === 'a')?.options).toEqual({ port: 5, method: 'GET' });
  });
});

test('each value knows the file, line and column of the key that set it', () => {
  const { origins } = load(
    'required:\n  units:\n    - a.service\n',
    'trial:\n  soak: 1m\nchecks: { base: { port: 9 } }',
  );
  const place = (path: string) => formatPlace(origins.get(path) ?? { file: 'nowhere', line: 0, column: 0 });
  expect(place('checks.units.units.a.service')).toBe('/1:4:7');
  expect(place('checks.units.required')).toBe('/1:3:3');
  expect(place('trial.soak')).toBe('/2:3:3');
  expect(place('trial.attempts')).toBe('default');
  expect(place('checks.base.port')).toBe('/2:4:19');
  expect(place('checks.base.required')).toBe('/vendor:3:25');
});

import { describe, expect, test } from 'vitest';
import { assemble } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { sampleTypes } from '../fixtures/config/check-types.ts';
import { SITE, slotsOf, VENDOR } from '../fixtures/config/slots.ts';

const load = (text: string | Uint8Array) => assemble(slotsOf({ '/vendor': VENDOR, [SITE]: text }), sampleTypes);
const said = (text: string | Uint8Array): readonly string[] =>
  load(text).problems.map((problem) => formatProblem(problem).replace(`${SITE}:`, ''));

// Line 1 is the apiVersion where the text has none of its own.
describe('a value that is not valid is named with line, column, path and what was wanted', () => {
  test.each<[string, readonly string[]]>([
    ['requird: {}', ['2:1 requird: unknown key (did you mean required?)']],
    [
      'zzzzzz: 1',
      [
        '2:1 zzzzzz: unknown key; known here: apiVersion, bootLoader, checks, drill, hooks, onRegression, report, required, trial, wanted',
      ],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, timout: 3s }',
      ['3:31 checks.a.timout: unknown key (did you mean timeout?)'],
    ],
    [
      'checks:\n  a: { type: answer, prot: 1 }',
      ['3:3 checks.a.port: missing: this key is needed', '3:22 checks.a.prot: unknown key (did you mean port?)'],
    ],
    ['checks:\n  a: { type: anser }', ['3:8 checks.a.type: "anser" is not a check type (did you mean answer?)']],
    [
      'checks:\n  a: { type: 5 }',
      ['3:8 checks.a.type: 5 is not a check type; known here: answer, containers, network, units'],
    ],
    ['checks:\n  a: { port: 1 }', ['3:3 checks.a.type: missing: one of answer, containers, network, units was wanted']],
    [
      'checks:\n  a: answer',
      ['3:3 checks.a: "answer" was given, a map with a type was wanted, or false to remove the check'],
    ],
    [
      'checks:\n  A: { type: answer }',
      [
        '3:3 checks.A: not a name for a check: small letters, digits, ".", "_" and "-", 63 at most, a letter or digit first',
      ],
    ],
    ['checks: [a]', ['2:1 checks: a list was given, a map was wanted']],
    ['checks:\n  a: { type: answer, port: "80" }', ['3:22 checks.a.port: "80" was given, a number was wanted']],
    ['checks:\n  a: { type: answer, port: 1.5 }', ['3:22 checks.a.port: 1.5 was given, a whole number was wanted']],
    ['checks:\n  a: { type: answer, port: 0 }', ['3:22 checks.a.port: 0 was given, 1 or more was wanted']],
    ['checks:\n  a: { type: answer, port: 70000 }', ['3:22 checks.a.port: 70000 was given, 65535 or less was wanted']],
    [
      'checks:\n  a: { type: answer, port: 1, method: HAED }',
      ['3:31 checks.a.method: "HAED" was given, one of GET, HEAD was wanted (did you mean HEAD?)'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, words: [] }',
      ['3:31 checks.a.words: a list was given, a length of 1 or more was wanted'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, words: [x, 2] }',
      ['3:42 checks.a.words[1]: 2 was given, text was wanted'],
    ],
    ['checks:\n  a: { type: answer, port: 22, method: GET }', ['3:3 checks.a: port 22 has no methods']],
    [
      'checks:\n  a: { type: answer, port: 1, required: yes }',
      ['3:31 checks.a.required: "yes" was given, true or false was wanted'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, within: 5 min }',
      ['3:31 checks.a.within: "5 min" is not a duration such as 30s, 5m or 1h30m'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, within: 30 }',
      ['3:31 checks.a.within: 30 has no unit: write 30s, or another of ms, s, m, h, d'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, within: [] }',
      ['3:31 checks.a.within: a duration such as 30s, 5m or 1h30m was wanted'],
    ],
    [
      'checks:\n  a: { type: answer, port: 1, within: 14m, stable: 2m }',
      ['3:31 checks.a.within: within and stable together are 16 m, less than trial.deadline (15 m) was wanted'],
    ],
    [
      'trial: { deadline: 20s }',
      ['2:10 trial.deadline: within and stable together are 30 s, less than trial.deadline (20 s) was wanted'],
    ],
    [
      'checks:\n  n: { type: network, reach: { any: [], some: [] } }',
      ['3:41 checks.n.reach.some: unknown key; known here: any'],
    ],
    ['checks:\n  n: { type: network, reach: { any: 5 } }', ['3:32 checks.n.reach.any: 5 was given, a list was wanted']],
    ['checks:\n  n: { type: network, reach: [a, 5] }', ['3:34 checks.n.reach[1]: 5 was given, text was wanted']],
    ['checks:\n  n: { type: network, reach: 5 }', ['3:23 checks.n.reach: 5 was given, a list or a map was wanted']],
    [
      'checks:\n  n: { type: network, interfaces: { eth0: { adress: x } } }',
      ['3:45 checks.n.interfaces.eth0.adress: unknown key (did you mean address?)'],
    ],
    ['trial: { attempts: 11 }', ['2:10 trial.attempts: 11 was given, 10 or less was wanted']],
    ['trial: { crashLoop: 3 }', ['2:10 trial.crashLoop: 3 was given, a map was wanted']],
    [
      'onRegression: rebot',
      ['2:1 onRegression: "rebot" was given, one of hold, reboot was wanted (did you mean reboot?)'],
    ],
    ['bootLoader: lilo', ['2:1 bootLoader: "lilo" was given, one of auto, grub, systemd-boot, noop was wanted']],
    [
      'report: { collector: ftp://a }',
      ['2:11 report.collector: "ftp://a" is not an address such as https://collector.example.org'],
    ],
    [
      'report: { collector: "https://me:secret@a" }',
      ['2:11 report.collector: an address without user and password was wanted: secrets do not belong here'],
    ],
    [
      'report: { group: "a b" }',
      ['2:11 report.group: the name of a group was wanted: letters, digits, dots and dashes'],
    ],
    ['required:\n  units: [sshd]', ['3:11 required.units[0]: "sshd" is not a unit name: it must end in .service']],
    ['required:\n  units: [[a.service]]', ['3:3 required.units: only names may stand in this list']],
    [
      'required: { units: a.service }',
      ['2:13 required.units: a list of names was wanted, or a map of names to true or false'],
    ],
    ['wanted: { containers: { web: 1 } }', ['2:25 wanted.containers.web: 1 was given, true or false was wanted']],
    ['required: { unit: [] }', ['2:13 required.unit: unknown key (did you mean units?)']],
    [
      'required: { network: 5 }',
      ['2:13 required.network: true was wanted, or a map of options of the check type network'],
    ],
    [
      'required: { network: { interfacs: {} } }',
      ['2:24 required.network.interfacs: unknown key (did you mean interfaces?)'],
    ],
    ['required: [a]', ['2:1 required: a list was given, a map was wanted']],
    [
      'apiVersion: goodboot/v2\nnew: 1',
      [
        '1:1 apiVersion: goodboot/v2 is newer than this goodboot, which reads goodboot/v1: update goodboot, or write "apiVersion: goodboot/v1"',
      ],
    ],
    ['apiVersion: v1', ['1:1 apiVersion: "v1" is not a version of this file: write "apiVersion: goodboot/v1"']],
    ['# apiVersion\ntrial: {}', ['2:1 apiVersion: missing: write "apiVersion: goodboot/v1" at the top']],
  ])('%j', (text, wanted) => {
    expect(said(text)).toEqual(wanted);
  });
});

describe('a file that is not YAML, or more than a configuration needs, is refused with its place', () => {
  const laughs = [
    'a: &a [x, x]',
    ...Array.from(
      { length: 24 },
      (_, i) => `${'b'.repeat(i + 2)}: &${'a'.repeat(i + 2)} [*${'a'.repeat(i + 1)}, *${'a'.repeat(i + 1)}]`,
    ),
  ];
  test.each<[string, string | Uint8Array, RegExp]>([
    ['an open bracket', 'trial: [', /^2:9: Flow sequence/],
    ['a tab as indentation', 'trial:\n\tsoak: 5m', /^3:1: Tabs are not allowed/],
    ['two documents', 'trial: {}\n---\ntrial: {}', /^3:1: a second document starts here; one was wanted$/],
    ['an unknown tag', 'trial: !secret x', /^2:8: Unresolved tag: !secret$/],
    ['an alias without anchor', 'trial: *soon', /^2:1 trial: no &soon stands before this$/],
    ['a merge key', 'trial:\n  <<: { soak: 1m }', /^3:3 trial\.<<: unknown key/],
    [
      'a key that stands twice',
      'trial: {}\nreport: {}\ntrial: {}',
      /^4:1 trial: the key stands twice; the first is in line 2$/,
    ],
    [
      'a key of a prototype',
      'checks:\n  __proto__: { type: answer }',
      /^3:3 checks\.__proto__: this key is reserved; choose another name$/,
    ],
    ['a list as a key', '[a]: 1', /^2:1: a key must be a word$/],
    [
      'not a number',
      'trial: { attempts: .nan }',
      /^2:10 trial\.attempts: this is not a value that a configuration can hold$/,
    ],
    ['a list at the top', '[apiVersion]', /^1:1: a map that starts with "apiVersion: goodboot\/v1" was wanted$/],
    ['a NUL byte', 'trial: "\0"', /^2:9: holds the control character U\+0000: this is not a text file$/],
    ['bytes that are not UTF-8', Uint8Array.of(0x61, 0x0a, 0x62, 0xff), /^2:2: holds bytes that are not UTF-8$/],
    [
      '25 levels',
      `trial: ${'['.repeat(25)}${']'.repeat(25)}`,
      /^2:32 trial(\[0\]){24}: nested more than 24 levels deep$/,
    ],
    ['100,000 levels', `trial: ${'['.repeat(100_000)}`, /^2:\d+: /],
    ['an alias to itself', 'trial: &a [*a]', /nested more than 24 levels deep$/],
    [
      'aliases that double and double',
      laughs.join('\n'),
      /^1:1: holds more than 100000 values, with what its aliases stand for$/,
    ],
  ])('%s', (_, text, wanted) => {
    const { problems, settings, sources } = load(text);
    expect(
      said(text).some((line) => wanted.test(line)),
      said(text).join('\n'),
    ).toBe(true);
    expect(problems.every(({ severity, hint }) => severity === 'error' && hint !== '')).toBe(true);
    expect(sources.at(-1)).toEqual({ file: SITE, state: 'left-out' });
    expect(settings.checks.map(({ name }) => name)).toEqual(['base']);
  });
});

test('a syntax error has the code CONFIG_SYNTAX, a wrong value CONFIG_INVALID', () => {
  expect(load('trial: [').problems[0]?.code).toBe('CONFIG_SYNTAX');
  expect(load('trial: []').problems[0]?.code).toBe('CONFIG_INVALID');
});

test('every fault of a file is told at once, in the order of its lines', () => {
  expect(said('trial: { sok: 1m, attempts: x }\nbootLoder: grub\nchecks:\n  a: { type: anser }\n')).toEqual([
    '2:10 trial.sok: unknown key (did you mean soak?)',
    '2:19 trial.attempts: "x" was given, a number was wanted',
    '3:1 bootLoder: unknown key (did you mean bootLoader?)',
    '5:8 checks.a.type: "anser" is not a check type (did you mean answer?)',
  ]);
});

test('of very many faults the first fifty are told, and how many more there are', () => {
  const lines = said(`checks:\n${'  A: 1\n'.repeat(100)}`);
  expect(lines).toHaveLength(51);
  expect(lines.at(-1)).toBe(' 50 more faults');
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAnswer } from '../../src/adapters/deployments/answer.ts';
import type { Listed } from '../../src/adapters/deployments/backend.ts';
import { parseBootcStatus } from '../../src/adapters/deployments/bootc-status.ts';
import { parseOstreeJson, parseOstreeText } from '../../src/adapters/deployments/ostree-status.ts';
import { parseRpmOstree } from '../../src/adapters/deployments/rpm-ostree-status.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/deployments');
const read = (name: string): string => readFileSync(join(FIXTURES, name), 'utf8');

/** `3 (44.3) staged`: what a list tells, short. */
const told = (entries: readonly Listed[]): readonly string[] =>
  entries.map(({ id, version, booted, staged, pinned }) =>
    [id.slice(0, 4), version, booted && 'booted', staged && 'staged', pinned && 'pinned'].filter(Boolean).join(' '),
  );

describe('what ostree prints is read', () => {
  const newer = (staged: string, booted: string, pinned: string, last: string) => [
    `${staged} 1.3 staged`,
    `${booted} 1.3 booted`,
    `${pinned} 1.1 pinned`,
    `${last} 1.2`,
  ];
  test.each<[string, (text: string) => readonly Listed[], readonly string[]]>([
    [
      '2022.7/status.txt',
      parseOstreeText,
      ['4744 1.3 staged', '4744 1.3 booted pinned', '44a8 1.2 pinned', '2e2a 1.1'],
    ],
    ['2025.2/status.txt', parseOstreeText, newer('f0cf', 'f0cf', 'd752', '8963')],
    ['2026.4/status.txt', parseOstreeText, newer('f9d6', 'f9d6', '8af3', 'db62')],
    ['2026.4/status.json', parseOstreeJson, newer('f9d6', 'f9d6', '8af3', 'db62')],
  ])('%s', (name, parse, want) => {
    expect(told(parse(read(`ostree/${name}`)))).toEqual(want);
  });

  test('the same from both forms', () => {
    const text = parseOstreeText(read('ostree/2026.4/status.txt'));
    expect(text).toEqual(parseOstreeJson(read('ostree/2026.4/status.json')));
  });

  test('also without a version, and when there is nothing', () => {
    const id = 'ab'.repeat(32);
    expect(told(parseOstreeText(`* os ${id}.0\n    origin: <unknown origin type>\n`))).toEqual([
      'abab abababababab booted',
    ]);
    expect(parseOstreeText('No deployments.\n')).toEqual([]);
  });

  test.each([
    ['nothing', '', 'it printed nothing'],
    ['a short checksum', '* os abcd.0', 'not a deployment: "* os abcd.0"'],
    ['no serial', `* os ${'a'.repeat(64)}`, 'not a deployment'],
    ['a warning', 'warning: something\n', 'not a deployment: "warning: something"'],
    ['details of nothing', '    Version: 1\n', 'a detail of nothing'],
  ])('but not %s', (_, text, message) => {
    const error = { code: 'PROGRAM_OUTPUT', message: expect.stringContaining(message) };
    expect(() => parseOstreeText(text)).toThrow(expect.objectContaining(error));
  });
});

test('what rpm-ostree tells is read, with what was made from an image', () => {
  const entries = parseRpmOstree(parseAnswer('x', read('rpm-ostree/status.json'))['deployments']);
  expect(told(entries)).toEqual([
    expect.stringMatching(/ 44\.20260603\.3\.0 staged$/),
    expect.stringMatching(/ 44\.20260602\.3\.0 booted$/),
    expect.stringMatching(/ 44\.20260601\.3\.0 pinned$/),
  ]);
  expect(entries.map(({ stateroot }) => stateroot)).toEqual(Array(3).fill('fedora-coreos'));
  const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
  expect(entries.map(({ imageDigest }) => imageDigest)).toEqual([digest, digest, null]);
  expect(entries.map(({ layered }) => layered)).toEqual([false, false, true]);
});

describe('what bootc prints is read', () => {
  test.each<[string, readonly string[], boolean]>([
    ['staged', ['10.3 staged', '10.2 booted', '10.1', '10.0 pinned'], true],
    ['rollback-queued', ['10.2', '10.1 booted'], true],
    ['composefs', ['10.2 booted', '10.1'], true],
    ['not-booted', [], false],
  ])('%s', (name, want, isBootcHost) => {
    const status = parseBootcStatus(read(`bootc/${name}.json`));
    expect(told(status.entries).map((text) => text.slice(5))).toEqual(want);
    expect(status.isBootcHost).toBe(isBootcHost);
  });

  test('what rpm-ostree has layered is not its to manage', () => {
    const { entries, isBootcHost } = parseBootcStatus(read('bootc/layered.json'));
    expect(isBootcHost).toBe(false);
    expect(entries.map(({ imageDigest }) => imageDigest === null)).toEqual([true, false]);
  });

  test('the identity is what the kernel was booted with, not the digest of the image', () => {
    const [ostree] = parseBootcStatus(read('bootc/rollback-queued.json')).entries;
    expect(ostree!.id).toMatch(/^[0-9a-f]{64}$/);
    expect(ostree!.imageDigest).not.toContain(ostree!.id);
    expect(parseBootcStatus(read('bootc/composefs.json')).entries[0]!.id).toMatch(/^[0-9a-f]{128}$/);
  });

  test.each([
    [
      'another API',
      '{"apiVersion": "org.containers.bootc/v2", "status": {}}',
      'apiVersion is "org.containers.bootc/v2"',
    ],
    ['no status', '{"apiVersion": "org.containers.bootc/v1"}', 'an object was wanted'],
    ['half of it', '{"apiVersion": "org.conta', 'the answer is not JSON'],
    [
      'an entry that is neither',
      '{"apiVersion": "org.containers.bootc/v1", "status": {"booted": {"pinned": false}}}',
      'an object was wanted',
    ],
  ])('but not %s', (_, text, message) => {
    const error = { code: 'PROGRAM_OUTPUT', message: expect.stringContaining(message) };
    expect(() => parseBootcStatus(text)).toThrow(expect.objectContaining(error));
  });
});

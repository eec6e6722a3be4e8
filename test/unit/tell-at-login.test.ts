import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { fail, pass } from '../../src/core/outcome.ts';
import type { VerdictReport } from '../../src/core/verdict-report.ts';
import { LEDGER, openLedger } from '../../src/node/ledger.ts';
import { tellAtLogin } from '../../src/node/tell-at-login.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-login-'));
});
afterEach(() => rm(root, { recursive: true }));

const report = (given: Partial<VerdictReport>): VerdictReport => ({
  apiVersion: 'goodboot/v1',
  kind: 'Verdict',
  bootId: 'b1',
  time: '2026-11-21T09:45:11.519Z',
  durationMs: 1,
  dryRun: false,
  deployment: null,
  bootLoader: { name: 'grub', detail: '', counter: null, success: null },
  verdict: 'good',
  standing: 'settled',
  nothingRequired: false,
  checks: [{ name: 'a', type: 'x', required: true, outcome: pass(), durationMs: 1 }],
  actions: [],
  problems: [],
  doctor: null,
  ...given,
});
const bad = report({
  verdict: 'bad',
  checks: [{ name: 'a', type: 'x', required: true, outcome: fail('no'), durationMs: 1 }],
});

const deps = () => ({ files: makeFiles(root), clock: fakeClock() });
const issue = () => readFile(join(root, 'run/issue.d/60-goodboot.issue'), 'utf8').catch(() => null);
const motd = () => readFile(join(root, 'run/motd.d/boot-status'), 'utf8');

test('a bad boot is told in both places, whose directories are made; a good one after it in one', async () => {
  await tellAtLogin(deps(), bad);
  expect(await issue()).toContain('this boot is BAD: a: no');
  expect(await motd()).toMatch(/^Boot Status is RED/);
  await tellAtLogin(deps(), report({}));
  expect(await issue()).toBeNull();
  expect(await motd()).toMatch(/^Boot Status is GREEN/);
  // Written beside and moved there: agetty never reads a part, and nothing of it stays.
  expect(await readdir(join(root, 'run/issue.d'))).toEqual([]);
});

test('a boot that came back says so in each of its verdicts, and the boots after it do not', async () => {
  const ledger = await openLedger(makeFiles(root), fakeClock());
  await ledger.append({ event: 'trial', bootId: 'b1', step: 'fell-back', deployment: 'f'.repeat(64), detail: '' });
  await tellAtLogin(deps(), report({ standing: 'fallback' }));
  const first = [await issue(), await motd()];
  expect(first[0]).toContain('update ffffffffffff failed its trial');
  expect(first[1]).toContain('FALLBACK BOOT DETECTED! The newer deployment (ffffffffffff)');
  await tellAtLogin(deps(), report({ standing: 'settled' }));
  expect([await issue(), await motd()]).toEqual(first);
  await tellAtLogin(deps(), report({ bootId: 'b2' }));
  expect(await issue()).toBeNull();
});

test('a fallback is told without its name where the ledger cannot be read', async () => {
  await mkdir(join(root, LEDGER), { recursive: true });
  await tellAtLogin(deps(), report({ standing: 'fallback' }));
  expect(await issue()).toContain('an update failed its trial');
});

test('a directory that cannot be made is an error that says which', async () => {
  await mkdir(join(root, 'run'));
  await writeFile(join(root, 'run/issue.d'), '');
  await expect(tellAtLogin(deps(), bad)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
});

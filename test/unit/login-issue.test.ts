import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerRecord, TrialStep } from '../../src/core/ledger.ts';
import { leftInBoot, loginIssueText } from '../../src/core/login-issue.ts';
import { errored, fail, type Outcome, pass } from '../../src/core/outcome.ts';
import { run } from '../lab/run.ts';

type Report = Parameters<typeof loginIssueText>[0];
const check = (name: string, outcome: Outcome, required = true) => ({
  name,
  type: 'x',
  required,
  outcome,
  durationMs: 1,
});
const report = (given: Partial<Report>): Report => ({
  verdict: 'bad',
  standing: 'settled',
  actions: [],
  checks: [check('app', fail('app.service failed')), check('a', pass())],
  bootLoader: { name: 'grub', detail: '', counter: null, success: null },
  ...given,
});
const DRILLED = { action: { kind: 'end-trial', result: 'drilled' }, result: 'done', detail: '' } as const;
const LEFT = '0123456789abcdef'.repeat(4);

describe('what stands above the prompt of a console', () => {
  test.each<[string, Partial<Report>, string | null, string | null]>([
    ['is nothing on a good boot', { verdict: 'good' }, null, null],
    ['is why a boot is bad', {}, null, 'this boot is BAD: app: app.service failed\n"goodboot status" says more'],
    [
      'is that nobody can tell',
      { verdict: 'indeterminate', checks: [check('net', errored('X', 'no answer'))] },
      null,
      'it cannot be told whether this boot is good: net: no answer\n"goodboot status" says more',
    ],
    [
      'is a failure before what could not tell, and never a check that costs nothing',
      { checks: [check('w', fail('x'), false), check('b', errored('X', 'y')), check('c', fail('z'))] },
      null,
      'this boot is BAD: c (and 1 more): z\n"goodboot status" says more',
    ],
    [
      'is, on a good boot too, that the node came back',
      { verdict: 'good' },
      LEFT,
      'update 0123456789ab failed its trial and was left again\n"goodboot status" and "goodboot trial evidence" say more',
    ],
    [
      'is that the node came back where nobody knows from what',
      { verdict: 'good', standing: 'fallback' },
      null,
      'an update failed its trial and was left again\n"goodboot status" and "goodboot trial evidence" say more',
    ],
    ['is nothing after a drill', { verdict: 'good', standing: 'fallback', actions: [DRILLED] }, null, null],
    [
      'is both, when what the node came back to is bad',
      {},
      LEFT,
      'update 0123456789ab failed; this boot is BAD: app: app.service failed\n"goodboot status" and "goodboot trial evidence" say more',
    ],
  ])('%s', (_, given, left, want) => {
    expect(loginIssueText(report(given), left)).toBe(want === null ? null : `${want.replace(/^/gm, 'goodboot: ')}\n\n`);
  });

  const NASTY = 'C:\\new\\4 \\e{red}\u001b[31mred\u001b[0m\r\nnext\u0007\u2028 \u202eevil \u00e4 %s';

  test('has no line of more than two rows, and nothing that a console obeys', () => {
    const text = loginIssueText(report({ checks: [check('app', fail(NASTY.repeat(20)))] }), null)!;
    expect(text).toMatch(/^goodboot: this boot is BAD: app: C:\\\\new\\\\4 [ -~]+\.\.\.\n[ -~]+\n\n$/);
    for (const line of text.split('\n')) expect(line.replaceAll('\\\\', '\\').length).toBeLessThanOrEqual(158);
  });

  test('is shown by agetty as it was meant, whatever a check says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'goodboot-issue-'));
    try {
      const reason = 'C:\\new\\4\\e{red}\\S{ID}\\';
      await writeFile(
        join(directory, '60-x.issue'),
        loginIssueText(report({ checks: [check('app', fail(reason))] }), null)!,
      );
      const show = `agetty --issue-file ${directory} --show-issue`;
      const { stdout } = await run(['script', '--quiet', '--return', '--command', show, '/dev/null']);
      expect(stdout.replaceAll('\r', '')).toBe(
        `goodboot: this boot is BAD: app: ${reason}\ngoodboot: "goodboot status" says more\n\n`,
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('the deployment that the node came back from in this boot', () => {
  const step = (bootId: string, step: TrialStep, detail = ''): LedgerRecord => ({
    v: 1,
    seq: 1,
    time: '',
    bootId,
    event: 'trial',
    step,
    deployment: `by ${step}`,
    detail,
  });

  test.each<[string, readonly LedgerRecord[], string | null]>([
    ['is none where no trial ended', [step('b', 'attempt'), step('b', 'denied')], null],
    ['is that which the boot loader gave up', [step('a', 'armed'), step('b', 'fell-back')], 'by fell-back'],
    [
      'is that of a trial that another boot began to end',
      [step('a', 'fell-back'), step('b', 'ended-bad', 'rolled-back')],
      'by ended-bad',
    ],
    ['is that which the surroundings kept down', [step('b', 'environment')], 'by environment'],
    ['is none in the boots after it', [step('a', 'fell-back'), step('a', 'ended-bad')], null],
    ['is none after a drill', [step('b', 'fell-back'), step('b', 'rolled-back'), step('b', 'drilled')], null],
    ['is none where a person went back', [step('b', 'rollback-by-hand'), step('b', 'ended-bad', 'by hand')], null],
  ])('%s', (_, records, want) => {
    expect(leftInBoot(records, 'b')).toBe(want);
  });
});

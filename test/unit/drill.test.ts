import { describe, expect, test } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { Finding } from '../../src/core/doctor.ts';
import {
  DRILL_CHECK,
  type Drill,
  type DrillFacts,
  differences,
  type NodeView,
  parseDrill,
  standingOfDrill,
  whyNoDrill,
  withDrillCheck,
} from '../../src/core/drill/drill.ts';
import { resultOf } from '../../src/core/drill/result.ts';
import type { LedgerRecord, TrialStep } from '../../src/core/ledger.ts';
import { EMPTY_STATE, wentBackByHand } from '../../src/core/node-state.ts';
import { fail } from '../../src/core/outcome.ts';
import type { Trial } from '../../src/core/trial.ts';

const [OLD, COPY, OLDER] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
const trial: Trial = {
  deployment: COPY,
  from: OLD,
  attempts: 2,
  counted: 2,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
  drill: true,
};
const view: NodeView = {
  booted: OLD,
  deployments: [
    { id: OLD, pinned: false },
    { id: OLDER, pinned: true },
  ],
  marks: { boot_success: '1' },
  denied: [],
};
const drill: Drill = {
  v: 1,
  deployment: COPY,
  from: OLD,
  attempts: 2,
  started: '2026-11-21T10:00:00.000Z',
  ledgerSeq: 7,
  pinned: [],
  before: view,
};
const facts: DrillFacts = {
  booted: OLD,
  deployments: [
    { id: OLD, staged: false },
    { id: OLDER, staged: false },
  ],
  trial: null,
  chosen: null,
  open: null,
  verdict: 'good',
  findings: [],
  unsupported: null,
  isProven: true,
  isLookedAfter: true,
  windows: [],
  nowMs: Date.parse('2026-11-21T10:00:00Z'),
};
const finding = (state: Finding['state']): Finding => ({
  id: 'panic',
  title: 'kernel panic',
  state,
  why: 'it would hang',
  cure: null,
  decisive: true,
});

describe('a drill may begin', () => {
  test.each<[name: string, change: Partial<DrillFacts>, reasons: readonly RegExp[]]>([
    ['on a good node', {}, []],
    ['with a warning of the doctor', { findings: [finding('warn'), finding('unknown'), finding('skip')] }, []],
    ['in its window', { windows: ['Sun 01:00-02:00', 'Sat 09:00-11:00'] }, []],
    ['not outside of it', { windows: ['Sun 09:00-11:00'] }, [/outside of the window \(UTC\): Sun 09:00-11:00/]],
    ['not where doctor fails', { findings: [finding('fail')] }, [/^doctor: kernel panic: it would hang$/]],
    ['not without deployments', { booted: null, verdict: null }, [/no deployments$/]],
    ['not where it is not supported', { unsupported: 'signed' }, [/^signed$/]],
    ['not where nothing would end it', { isLookedAfter: false }, [/goodboot-drill\.service is not enabled/]],
    ['not where nobody knows whether boots are counted', { isProven: false }, [/has not proved in this boot/]],
    ['not twice', { open: drill, trial }, [/a drill is under way/]],
    ['not on top of a trial', { trial }, [/on trial; goodboot trial show/]],
    ['not while an update waits', { deployments: [{ id: COPY, staged: true }] }, [/an update waits/]],
    [
      'not while something else is next',
      { deployments: [{ id: COPY, staged: false }] },
      [/another deployment is next/],
    ],
    [
      'not where one is deployed twice, with other kernel arguments',
      { deployments: [...facts.deployments, { id: OLD, staged: false }] },
      [/^a{64} is deployed twice/],
    ],
    [
      'not where that waits for the reboot',
      { deployments: [{ id: OLD, staged: true }, ...facts.deployments] },
      [/^a{64} is deployed twice/],
    ],
    ['not before a rollback by hand is over', { chosen: OLDER }, [/rollback by hand waits/]],
    ['also after one', { chosen: OLD }, []],
    ['not on a bad boot', { verdict: 'bad' }, [/this boot is bad/]],
    ['not before the verdict', { verdict: null }, [/not judged yet/]],
    ['with every reason told', { verdict: 'bad', trial, windows: ['Sun 01:00-02:00'] }, [/trial/, /bad/, /window/]],
  ])('%s', (_name, change, reasons) => {
    const told = whyNoDrill({ ...facts, ...change });
    expect(told.length).toBe(reasons.length);
    for (const [at, reason] of reasons.entries()) expect(told[at]).toMatch(reason);
  });
});

describe('the check that fails on purpose', () => {
  const app = { name: 'app' };
  test('is there in the boots of the trial alone', () => {
    expect(withDrillCheck([app], trial, COPY)).toEqual([app, DRILL_CHECK]);
    expect(withDrillCheck([app], trial, OLD)).toEqual([app]);
    expect(withDrillCheck([app], null, COPY)).toEqual([app]);
    expect(withDrillCheck([app], { ...trial, byHand: { onTrial: true, deny: true } }, COPY)).toEqual([app]);
    const { drill: _, ...update } = trial;
    expect(withDrillCheck([app], update, COPY)).toEqual([app]);
  });

  test('takes the place of one of that name, and is required', () => {
    expect(withDrillCheck([{ name: 'drill' }], trial, COPY)).toEqual([DRILL_CHECK]);
    expect(DRILL_CHECK.required).toBe(true);
  });
});

describe('the trial of a drill', () => {
  test('ends without a denial, whatever failed', () => {
    const results = [{ name: 'app', type: 'units', required: true, outcome: fail('no'), durationMs: 1 }];
    for (const trialFailures of [['drill'], ['app']]) {
      const own = { ...trial, phase: 'fell-back' as const, baselineFailures: ['app'], trialFailures };
      const boot = { startedBy: 'boot-loader', booted: OLD, trial: own, counter: null, canFallBack: true } as const;
      const policy = { soak: true, onRegression: 'hold', regressionReboots: 3 } as const;
      const { actions } = decide({ results, policy, boot: { ...boot, soaked: false, regressionReboots: 0 } });
      expect(actions.map(({ kind }) => kind)).toEqual(['roll-back', 'end-trial', 'hold']);
      expect(actions[1]).toEqual({ kind: 'end-trial', result: 'drilled' });
    }
  });

  test('is not denied either when a person goes back', () => {
    const byHand = { onTrial: true, deny: true };
    expect(wentBackByHand({ ...EMPTY_STATE, trial: { ...trial, byHand } }, 0).denied).toEqual([]);
  });
});

describe('after a boot', () => {
  test.each([
    ['on trial', { trial, booted: COPY }, 'goes-on'],
    ['of another entry, while the trial waits', { trial, booted: OLD }, 'goes-on'],
    ['after the fallback', { trial: null, booted: OLD }, 'over'],
    ['that is good by mistake', { trial: null, booted: COPY }, 'not-left'],
    ['with the trial of an update', { trial: { ...trial, deployment: OLDER }, booted: OLDER }, 'over'],
  ] as const)('%s', (_name, now, standing) => {
    expect(standingOfDrill(drill, now)).toBe(standing);
  });

  test('nothing was deployed', () => {
    expect(standingOfDrill({ ...drill, deployment: null }, { trial: null, booted: OLD })).toBe('over');
  });
});

describe('what is not as it was', () => {
  test('is nothing', () => expect(differences(view, { ...view })).toEqual([]));
  test.each<[change: Partial<NodeView>, told: RegExp]>([
    [{ booted: COPY }, /^booted deployment: was a+, is b+$/],
    [
      { deployments: view.deployments.toReversed() },
      /^deployments: was a{64}, c{64} \(pinned\), is c{64} \(pinned\), a/,
    ],
    [{ deployments: view.deployments.map((entry) => ({ ...entry, pinned: false })) }, /is a{64}, c{64}$/],
    [{ marks: {} }, /^boot_success: was 1, is not set$/],
    [{ marks: { ...view.marks, boot_counter: '1' } }, /^boot_counter: was not set, is 1$/],
    [{ denied: [COPY] }, /^denied: was nothing, is b+$/],
  ])('%o', (change, told) => {
    expect(differences(view, { ...view, ...change })).toEqual([expect.stringMatching(told)]);
  });
});

describe('how it went', () => {
  let seq = 0;
  const line = (more: object, second: number): LedgerRecord =>
    ({
      v: 1,
      seq: ++seq,
      bootId: 'x',
      time: new Date(Date.parse(drill.started) + second * 1000).toISOString(),
      ...more,
    }) as LedgerRecord;
  const step = (name: TrialStep, second: number, deployment = COPY, detail = '') =>
    line({ event: 'trial', step: name, deployment, detail }, second);
  const verdict = (said: string, second: number) =>
    line({ event: 'verdict', verdict: said, results: [], actions: [] }, second);
  const run = (...lines: readonly LedgerRecord[]) =>
    resultOf({ ...drill, ledgerSeq: 0 }, lines, { view, ended: '2026-11-21T10:02:00.000Z' });
  const whole = () => [
    step('armed', 2),
    step('attempt', 20, COPY, '1 attempts left'),
    verdict('bad', 30),
    step('attempt', 50, COPY, '0 attempts left'),
    verdict('bad', 60),
    step('fell-back', 80),
    step('rolled-back', 85, OLD),
    step('drilled', 95),
    verdict('good', 96),
  ];

  test('passes when all of it happened, and each step has its time', () => {
    const result = run(...whole());
    expect(result).toMatchObject({ state: 'passed', reasons: [], from: OLD, deployment: COPY, attempts: 2 });
    expect(result.steps.map(({ step, tookMs }) => [step, tookMs])).toEqual([
      ['begun', 0],
      ['deployed and armed', 2000],
      ['booted on trial, 1 attempts left', 18_000],
      ['judged bad', 10_000],
      ['booted on trial, 0 attempts left', 20_000],
      ['judged bad', 10_000],
      ['booted as the fallback', 20_000],
      ['made the default again', 5000],
      ['trial ended', 10_000],
      ['judged good', 1000],
      ['put back and compared', 24_000],
    ]);
  });

  test.each<[name: string, lines: (all: LedgerRecord[]) => LedgerRecord[], state: string, why: RegExp]>([
    [
      'no attempt',
      (all) => all.filter((each) => Object(each).step !== 'attempt'),
      'failed',
      /^no boot on trial was seen$/,
    ],
    [
      'the boot after it is bad',
      (all) => [...all.slice(0, -1), verdict('bad', 99)],
      'failed',
      /^the boot after it was bad$/,
    ],
    ['no verdict ended the trial', (all) => all.toSpliced(7, 1), 'failed', /^the trial was not ended by a verdict$/],
    [
      'withdrawn',
      () => [step('armed', 1), step('withdrawn', 2, COPY, 'gone')],
      'interrupted',
      /no?t come to a fallback: withdrawn, gone/,
    ],
    ['nothing', () => [], 'interrupted', /fallback$/],
  ])('%s', (_name, change, state, why) => {
    const result = run(...change(whole()));
    expect(result.state).toBe(state);
    expect(result.reasons).toEqual([expect.stringMatching(why)]);
  });

  test('an attempt that nobody saw takes nothing from it', () => {
    expect(run(...whole().toSpliced(1, 2)).state).toBe('passed');
  });

  test('what was in the ledger before says nothing of it', () => {
    const lines = whole();
    const last = lines.at(-1)?.seq ?? 0;
    expect(resultOf({ ...drill, ledgerSeq: last }, lines, { view, ended: drill.started }).state).toBe('interrupted');
  });

  test('a node that is not as it was did not pass', () => {
    const after = { ...view, denied: [COPY] };
    const result = resultOf({ ...drill, ledgerSeq: 0 }, whole(), { view: after, ended: drill.started });
    expect(result).toMatchObject({ state: 'failed', reasons: [`denied: was nothing, is ${COPY}`] });
    expect(result.steps.at(-1)?.tookMs).toBeNull();
  });
});

test('a file that is no drill is none', () => {
  expect(parseDrill(JSON.stringify(drill))).toEqual(drill);
  for (const text of [
    '',
    '{',
    'null',
    '{"v":2}',
    JSON.stringify({ ...drill, v: 2 }),
    JSON.stringify({ ...drill, before: null }),
  ])
    expect(parseDrill(text), text).toBeNull();
});

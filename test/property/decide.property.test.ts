import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, decide, judge, type Policy } from '../../src/core/decide.ts';
import { type CheckResult, errored, fail, pass, skip } from '../../src/core/outcome.ts';
import type { BootFacts, Trial } from '../../src/core/trial.ts';

const name = fc.constantFrom('app', 'network', 'web', 'disk');
const outcome = fc.constantFrom(pass(), fail('seen'), skip('not here'), errored('INTERNAL', 'could not tell'));
const result: fc.Arbitrary<CheckResult> = fc.record({
  name,
  type: fc.constant('units'),
  required: fc.boolean(),
  outcome,
  durationMs: fc.nat(),
});
const results = fc.array(result, { maxLength: 8 });
const identity = fc.constantFrom('old', 'new', 'third');
const failures = fc.uniqueArray(name);
const trial: fc.Arbitrary<Trial> = fc.record({
  deployment: fc.constant('new'),
  from: fc.constant('old'),
  attempts: fc.integer({ min: 1, max: 10 }),
  counted: fc.integer({ min: 0, max: 10 }),
  phase: fc.constantFrom('armed', 'fell-back'),
  baselineFailures: fc.option(failures),
  trialFailures: failures,
});
const boot: fc.Arbitrary<BootFacts> = fc.record({
  startedBy: fc.constantFrom('boot-loader', 'kexec', 'container', 'live'),
  booted: fc.option(identity),
  trial: fc.option(trial),
  counter: fc.option(fc.integer({ min: -1, max: 10 })),
  canFallBack: fc.option(fc.boolean()),
  soaked: fc.boolean(),
  regressionReboots: fc.nat(5),
});
const policy: fc.Arbitrary<Policy> = fc.record({
  soak: fc.boolean(),
  onRegression: fc.constantFrom('hold', 'reboot'),
  regressionReboots: fc.nat(5),
});
const facts = fc.record({ results, boot, policy });

const kinds = (actions: readonly Action[]) => actions.map(({ kind }) => kind);
const BADNESS = { good: 0, indeterminate: 1, bad: 2 } as const;

describe('decide, for every input', () => {
  it('is total, and always says what to do', () => {
    fc.assert(
      fc.property(facts, (input) => {
        expect(decide(input).actions.length).toBeGreaterThan(0);
      }),
    );
  });

  it('does not depend on the order of the results', () => {
    fc.assert(
      fc.property(facts, fc.infiniteStream(fc.nat()), (input, keys) => {
        const shuffled = input.results
          .map((entry) => ({ entry, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ entry }) => entry);
        expect(decide({ ...input, results: shuffled })).toEqual(decide(input));
      }),
    );
  });

  it('never lets a wanted check cost the boot', () => {
    fc.assert(
      fc.property(facts, result, (input, extra) => {
        const more = { ...input, results: [...input.results, { ...extra, required: false }] };
        expect(judge(more.results)).toBe(judge(input.results));
      }),
    );
  });

  it('never gets better by one more failing required check', () => {
    fc.assert(
      fc.property(results, result, (list, extra) => {
        const worse = judge([...list, { ...extra, required: true, outcome: fail('seen') }]);
        expect(BADNESS[worse]).toBeGreaterThanOrEqual(BADNESS[judge(list)]);
      }),
    );
  });

  it('rule 2: never reboots or rolls back what is not on trial, unless the operator asked for it', () => {
    fc.assert(
      fc.property(facts, (input) => {
        const { standing, actions } = decide({ ...input, policy: { ...input.policy, onRegression: 'hold' } });
        if (standing === 'settled' || standing === 'by-hand') {
          expect(kinds(actions)).not.toContain('reboot');
          expect(kinds(actions)).not.toContain('roll-back');
          expect(kinds(actions)).not.toContain('deny');
        }
      }),
    );
  });

  it('rule 3: never reboots a trial that has nothing to fall back to', () => {
    fc.assert(
      fc.property(facts, (input) => {
        const { standing, actions } = decide(input);
        if (standing === 'on-trial' && input.boot.canFallBack !== true) expect(kinds(actions)).not.toContain('reboot');
      }),
    );
  });

  it('rule 5: rolls back from the deployment on trial, to the one that is booted, and never to itself', () => {
    fc.assert(
      fc.property(facts, (input) => {
        for (const action of decide(input).actions) {
          if (action.kind !== 'roll-back') continue;
          expect(action.to).toBe(input.boot.booted);
          expect(action.from).toBe(input.boot.trial?.deployment);
          expect(action.from).not.toBe(action.to);
        }
      }),
    );
  });

  it('rule 6: denies nothing when all that failed is failing before, during and after', () => {
    fc.assert(
      fc.property(facts, fc.uniqueArray(name, { minLength: 1 }), (input, names) => {
        const everywhere = names.map((each) => ({ ...failing, name: each }));
        const open: Trial = {
          deployment: 'new',
          from: 'old',
          attempts: 3,
          counted: 3,
          phase: 'armed',
          baselineFailures: names,
          trialFailures: names,
        };
        const fallen = { ...input.boot, startedBy: 'boot-loader', booted: 'old', trial: open, counter: -1 } as const;
        const { actions } = decide({ ...input, boot: fallen, results: everywhere });
        expect(kinds(actions)).not.toContain('deny');
        expect(kinds(actions)).toContain('roll-back');
      }),
    );
  });

  it('never marks a boot good together with a reboot, nor without a good verdict', () => {
    fc.assert(
      fc.property(facts, (input) => {
        const { verdict, actions } = decide(input);
        if (!kinds(actions).includes('mark-good')) return;
        expect(verdict).toBe('good');
        expect(kinds(actions)).not.toContain('reboot');
        expect(kinds(actions)).not.toContain('soak');
      }),
    );
  });
});

const failing: CheckResult = { name: 'app', type: 'units', required: true, outcome: fail('seen'), durationMs: 1 };

describe('a chain of bad boots', () => {
  it('ends within attempts + 1 boots, on the deployment that worked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.boolean(), policy, (attempts, oldIsBadToo, rules) => {
        let counter: number | null = attempts;
        let open: Trial | null = {
          deployment: 'new',
          from: 'old',
          attempts,
          counted: 3,
          phase: 'armed',
          baselineFailures: [],
          trialFailures: [],
        };
        let boots = 0;
        for (;;) {
          // GRUB, as the fragment counts: at 0 or below the fallback and -1, else one less.
          counter = counter === null ? null : counter <= 0 ? -1 : counter - 1;
          const booted: string = open === null || counter === -1 ? 'old' : 'new';
          boots += 1;
          expect(boots).toBeLessThanOrEqual(attempts + 1);
          const bad = booted === 'new' || oldIsBadToo;
          const facts: BootFacts = { ...plain, booted, trial: open, counter };
          const { actions } = decide({
            results: bad ? [failing] : [],
            boot: facts,
            policy: { ...rules, onRegression: 'hold' },
          });
          if (kinds(actions).includes('end-trial')) {
            open = null;
            counter = null;
          }
          if (!kinds(actions).includes('reboot')) {
            expect(booted).toBe('old');
            expect(boots).toBe(attempts + 1);
            break;
          }
        }
      }),
    );
  });
});

const plain: BootFacts = {
  startedBy: 'boot-loader',
  booted: 'old',
  trial: null,
  counter: null,
  canFallBack: true,
  soaked: false,
  regressionReboots: 0,
};

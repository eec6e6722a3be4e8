import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { check } from '../../checks/time/check.ts';
import { type TimeOptions, type } from '../../checks/time/options.ts';
import type { CheckContext } from '../../src/ports/check.ts';

const NEW_YEAR = Date.UTC(2026, 0, 1);

interface Host {
  readonly now?: number;
  /** Left out: nobody may ask. */
  readonly state?: { readonly synchronised: boolean; readonly maxErrorMs: number };
}

function run(options: v.InferInput<typeof type.schema>, { now = NEW_YEAR, state }: Host = {}) {
  const ports: Record<string, unknown> = {
    clock: { now: () => now },
    systemClock: state === undefined ? undefined : { state: async () => state },
  };
  // The fakes answer only what a time check may ask.
  const use = (async (name: string) => ports[name]) as CheckContext<TimeOptions>['use'];
  return check.run({ options: v.parse(type.schema, options), use, signal: new AbortController().signal, stableMs: 0 });
}

describe('the time check', () => {
  it('passes from the day of the build on, without asking the kernel', async () => {
    expect(await run({})).toEqual({ state: 'pass', facts: { now: '2026-01-01T00:00:00Z' } });
  });

  it.each([
    {
      options: {},
      now: 62_000,
      reason: 'the clock says 1970-01-01T00:01:02Z; not before 2026-01-01T00:00:00Z was wanted',
    },
    {
      options: {},
      now: NEW_YEAR - 1,
      reason: 'the clock says 2025-12-31T23:59:59Z; not before 2026-01-01T00:00:00Z was wanted',
    },
    {
      options: { notBefore: '2026-06-01' },
      reason: 'the clock says 2026-01-01T00:00:00Z; not before 2026-06-01T00:00:00Z was wanted',
    },
    {
      options: { notBefore: '2026-01-01T00:01Z' },
      reason: 'the clock says 2026-01-01T00:00:00Z; not before 2026-01-01T00:01:00Z was wanted',
    },
  ])('fails when $reason', async ({ options, reason, now }) => {
    expect(await run(options, now === undefined ? {} : { now })).toMatchObject({ state: 'fail', reason });
  });

  it('takes an older day when that is wanted', async () => {
    expect(await run({ notBefore: '1970-01-01' }, { now: 5000 })).toMatchObject({ state: 'pass' });
  });

  const good = { synchronised: true, maxErrorMs: 100 };
  const lost = { synchronised: false, maxErrorMs: 16_000 };

  it.each([{ synchronised: true }, { maxError: '100ms' }, { synchronised: true, maxError: '1s' }])(
    'passes for %j when the clock is synchronised to 100 ms',
    async (options) => {
      expect(await run(options, { state: good })).toMatchObject({ state: 'pass', facts: good });
    },
  );

  it.each([
    {
      options: { synchronised: true },
      state: lost,
      reason: 'the clock follows no time source; a synchronised clock was wanted',
    },
    { options: { maxError: '500ms' }, state: lost, reason: 'the clock may be off by 16 s; at most 500ms was wanted' },
    { options: { maxError: '99ms' }, state: good, reason: 'the clock may be off by 100 ms; at most 99ms was wanted' },
  ])('fails when $reason', async ({ options, state, reason }) => {
    expect(await run(options, { state })).toMatchObject({ state: 'fail', reason, facts: state });
  });

  it('tells all that is wrong at once', async () => {
    expect(await run({ synchronised: true }, { now: 0, state: lost })).toMatchObject({
      reason:
        'the clock says 1970-01-01T00:00:00Z; not before 2026-01-01T00:00:00Z was wanted, and ' +
        'the clock follows no time source; a synchronised clock was wanted',
    });
  });
});

describe('the options of the time check', () => {
  it.each([
    { notBefore: '2026-13-01' },
    { notBefore: '2026-01-32' },
    { notBefore: 'yesterday' },
    { notBefore: '2026-01-01T24:00Z' },
    { notBefore: '2026-01-01T12:00' },
    { maxError: '100' },
    { maxError: '1 year' },
    { synchronized: true },
  ])('refuse %j', (options) => {
    expect(v.safeParse(type.schema, options).success).toBe(false);
  });
});

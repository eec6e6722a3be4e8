import { describe, expect, it } from 'vitest';
import { errored, fail, type Outcome, pass, skip } from '../../src/core/outcome.ts';
import { runCheck } from '../../src/node/run-check.ts';
import { type Check, defineCheck, type PlannedCheck } from '../../src/ports/check.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

const planned = (more: Partial<PlannedCheck> = {}): PlannedCheck => ({
  name: 'app',
  type: 'units',
  required: true,
  withinMs: 10_000,
  stableMs: 0,
  timeoutMs: 1000,
  options: {},
  ...more,
});

/** Runs a check whose outcome is a function of the time since its start. */
async function run(at: (ms: number) => Outcome, more: Partial<PlannedCheck> = {}, extra: Partial<Check<object>> = {}) {
  const clock = fakeClock();
  const start = clock.monotonicMs();
  let probes = 0;
  const check = defineCheck<object>({
    type: 'units',
    async run() {
      probes += 1;
      return at(clock.monotonicMs() - start);
    },
    ...extra,
  });
  const outcome = await runCheck(check, planned(more), { options: {}, use: noPorts, clock });
  return { outcome, tookMs: clock.monotonicMs() - start, probes };
}
const noPorts = () => Promise.reject(new Error('no port was wanted'));

describe('runCheck', () => {
  it('passes at the first probe that holds', async () => {
    expect(await run(() => pass())).toMatchObject({ outcome: { state: 'pass' }, tookMs: 0, probes: 1 });
  });

  it('waits for something that comes to hold in time', async () => {
    const { outcome, tookMs } = await run((ms) => (ms >= 7000 ? pass() : fail('not yet')));
    expect(outcome.state).toBe('pass');
    expect(tookMs).toBeLessThan(9000);
  });

  it('fails with the last reason when the time is over, and not before', async () => {
    const { outcome, tookMs } = await run((ms) => fail(`seen after ${ms >= 10_000}`));
    expect(outcome).toMatchObject({ state: 'fail', reason: 'seen after true' });
    expect(tookMs).toBe(10_000);
  });

  it('probes exactly once when it has no time to come to hold', async () => {
    expect(await run(() => fail('no'), { withinMs: 0 })).toMatchObject({ outcome: { state: 'fail' }, probes: 1 });
  });

  it('does not repeat a skip', async () => {
    expect(await run(() => skip('not here'))).toMatchObject({ outcome: { state: 'skip' }, probes: 1 });
  });

  it('repeats what could not tell: the bus may not be up yet', async () => {
    const { outcome } = await run((ms) => (ms >= 3000 ? pass() : errored('DBUS_UNAVAILABLE', 'no bus')));
    expect(outcome.state).toBe('pass');
  });

  it('passes only after it has held for the stable time', async () => {
    const { outcome, tookMs } = await run(() => pass(), { stableMs: 4000 });
    expect(outcome.state).toBe('pass');
    expect(tookMs).toBe(4000);
  });

  it('fails what flaps, and says that it had held', async () => {
    const { outcome, tookMs } = await run((ms) => (ms % 3000 < 1500 ? pass() : fail('down')), { stableMs: 5000 });
    expect(outcome).toMatchObject({ state: 'fail' });
    expect(outcome).toHaveProperty('reason', expect.stringMatching(/^down/));
    expect(tookMs).toBeLessThanOrEqual(10_000 + 5000);
  });

  it('starts the stable time anew after a break', async () => {
    const { outcome, tookMs } = await run((ms) => (ms >= 1000 && ms < 2000 ? fail('break') : pass()), {
      stableMs: 3000,
    });
    expect(outcome.state).toBe('pass');
    expect(tookMs).toBeGreaterThanOrEqual(5000);
  });

  it('gives a check that tells stability from facts its stable time on top', async () => {
    const young = (ms: number) => (ms >= 12_000 ? pass() : fail('too young'));
    const { outcome } = await run(young, { stableMs: 5000 }, { tellsStability: true });
    expect(outcome.state).toBe('pass');
  });

  it('turns a throw into error, with the code of a GoodbootError', async () => {
    const thrown = await run(
      () => {
        throw new TypeError('x is not a function');
      },
      { withinMs: 0 },
    );
    expect(thrown.outcome).toEqual({ state: 'error', code: 'CHECK_THREW', reason: 'x is not a function' });
  });

  it('ends a probe that never answers, and calls it a timeout', async () => {
    const hang = () => new Promise<Outcome>(() => undefined);
    const { outcome } = await run(() => pass(), { withinMs: 0, timeoutMs: 20 }, { run: hang });
    expect(outcome).toMatchObject({ state: 'error', code: 'CHECK_TIMEOUT', reason: 'it could not tell within 20 ms' });
  });

  it('lets a probe say what it was waiting for when its signal fires', async () => {
    const { outcome } = await run(
      () => pass(),
      { withinMs: 0, timeoutMs: 20 },
      {
        run: ({ signal }) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve(fail('10.0.0.1 did not answer')))),
      },
    );
    expect(outcome).toMatchObject({ state: 'fail', reason: '10.0.0.1 did not answer' });
  });
});

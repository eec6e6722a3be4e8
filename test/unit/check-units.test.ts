import { describe, expect, it } from 'vitest';
import { check } from '../../checks/units/check.ts';
import type { UnitsOptions } from '../../checks/units/options.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import type { CheckContext } from '../../src/ports/check.ts';
import type { ServiceManager, ServiceState, UnitState } from '../../src/ports/service-manager.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

const NOW = 100_000;

const unit = (
  more: Partial<Omit<UnitState, 'service'>> & { readonly service?: Partial<ServiceState> | null } = {},
): UnitState => {
  const { service, ...rest } = more;
  return {
    name: 'app.service',
    loadState: 'loaded',
    activeState: 'active',
    subState: 'running',
    unitFileState: 'enabled',
    activeSinceMs: 5000,
    startedAtMs: 4000,
    conditionResult: true,
    assertResult: true,
    failedConditions: [],
    ...rest,
    service:
      service === null
        ? null
        : { type: 'simple', result: 'success', restarts: 0, exitKind: null, exitStatus: 0, ...service },
  };
};

interface Host {
  readonly units?: readonly UnitState[];
  readonly members?: readonly string[];
  readonly failed?: readonly string[];
  readonly options?: Partial<UnitsOptions>;
}

function run({ units = [], members = [], failed = [], options = {} }: Host) {
  const manager: Partial<ServiceManager> = {
    unit: async (name) =>
      units.find((each) => each.name === name) ?? unit({ name, loadState: 'not-found', activeState: 'inactive' }),
    pulledInBy: async () => members,
    failedUnits: async () => failed,
  };
  const ports: Record<string, unknown> = { serviceManager: manager, clock: fakeClock(NOW) };
  return check.run(context(options, async (name) => ports[name]));
}

/** The fake answers only what a units check may ask. */
const context = (
  options: Partial<UnitsOptions>,
  use: (name: string) => Promise<unknown>,
): CheckContext<UnitsOptions> => ({
  options: { units: {}, target: 'goodboot-required.target', noFailedUnits: false, except: [], ...options },
  use: use as CheckContext<UnitsOptions>['use'],
  signal: new AbortController().signal,
  stableMs: 10_000,
});

const wanted = { units: { 'app.service': true } };

describe('the units check', () => {
  it.each([
    ['a running service', unit()],
    [
      'a oneshot that remains after it finished',
      unit({ subState: 'exited', activeSinceMs: NOW - 10, service: { type: 'oneshot', exitKind: 'exited' } }),
    ],
    [
      'a oneshot that finished with success',
      unit({
        activeState: 'inactive',
        subState: 'dead',
        activeSinceMs: 0,
        service: { type: 'oneshot', exitKind: 'exited' },
      }),
    ],
    ['a mount', unit({ subState: 'mounted', service: null })],
    ['a service that restarted long ago', unit({ activeSinceMs: NOW - 11_000, service: { restarts: 3 } })],
    ['a service that reloads', unit({ activeState: 'reloading' })],
  ])('passes for %s', async (_name, state) => {
    expect(await run({ units: [state], options: wanted })).toMatchObject({ state: 'pass' });
  });

  it.each([
    [
      'does not exist',
      unit({ loadState: 'not-found', activeState: 'inactive' }),
      'app.service does not exist (no unit file); active was wanted',
    ],
    ['is masked', unit({ loadState: 'masked', activeState: 'inactive' }), 'app.service is masked; active was wanted'],
    [
      'has a bad unit file',
      unit({ loadState: 'bad-setting', activeState: 'inactive' }),
      'app.service cannot be loaded (bad-setting); active was wanted',
    ],
    [
      'was skipped by a condition',
      unit({ activeState: 'inactive', conditionResult: false, failedConditions: ['ConditionPathExists=/etc/app'] }),
      'app.service was skipped because a condition did not hold (ConditionPathExists=/etc/app)',
    ],
    [
      'was refused by an assertion',
      unit({ activeState: 'inactive', assertResult: false }),
      'app.service was refused by an assertion',
    ],
    [
      'failed',
      unit({ activeState: 'failed', service: { result: 'exit-code', exitKind: 'exited', exitStatus: 3 } }),
      'app.service failed (exit-code, status 3)',
    ],
    [
      'was killed',
      unit({ activeState: 'failed', service: { result: 'signal', exitKind: 'killed', exitStatus: 9 } }),
      'app.service failed (signal, signal 9)',
    ],
    [
      'was not started',
      unit({ activeState: 'inactive', startedAtMs: 0, conditionResult: null }),
      'app.service is inactive and was not started in this boot, or was and systemd has forgotten it (RemainAfterExit=yes keeps it); active was wanted',
    ],
    [
      'has ended',
      unit({ activeState: 'inactive', service: { exitKind: 'exited' } }),
      'app.service is inactive (it ended: success, status 0); active was wanted',
    ],
    [
      'is still starting',
      unit({ activeState: 'activating', subState: 'start-pre' }),
      'app.service is still starting (start-pre)',
    ],
    [
      'keeps restarting',
      unit({
        activeState: 'activating',
        subState: 'auto-restart',
        service: { restarts: 4, result: 'exit-code', exitKind: 'exited', exitStatus: 1 },
      }),
      'app.service keeps restarting (4 restarts, exit-code, status 1)',
    ],
    [
      'flaps',
      unit({ activeSinceMs: NOW - 2000, service: { restarts: 1 } }),
      'app.service has been active for 2 s only, 1 restart; 10 s was wanted',
    ],
    [
      'is a oneshot that failed',
      unit({
        activeState: 'inactive',
        service: { type: 'oneshot', result: 'exit-code', exitKind: 'exited', exitStatus: 1 },
      }),
      'app.service is inactive (it ended: exit-code, status 1); active was wanted',
    ],
  ])('fails when a unit %s, and says so', async (_name, state, reason) => {
    expect(await run({ units: [state], options: wanted })).toMatchObject({ state: 'fail', reason });
  });

  it('names every unit that is not good, not only the first', async () => {
    const two = { units: { 'a.service': true, 'b.service': true } };
    const outcome = await run({ options: two });
    expect(outcome).toHaveProperty(
      'reason',
      expect.stringMatching(/a\.service does not exist.*; b\.service does not exist/),
    );
  });

  it('looks at the members of the target too', async () => {
    expect(await run({ members: ['web.service'] })).toMatchObject({
      state: 'fail',
      reason: expect.stringContaining('web.service'),
    });
  });

  it.each([
    ['masked', { loadState: 'masked' }, 'goodboot-required.target is masked, so its members are not known'],
    ['mistyped', { name: 'my.target', loadState: 'not-found' }, 'my.target does not exist; a target was wanted'],
  ])('fails when its target is %s: nothing is silently green', async (_name, more, reason) => {
    const target = unit({ name: 'goodboot-required.target', service: null, ...more });
    expect(await run({ units: [target], options: { target: target.name } })).toMatchObject({ state: 'fail', reason });
  });

  it('leaves out what a drop-in set to false', async () => {
    expect(await run({ options: { units: { 'app.service': false } } })).toMatchObject({ state: 'skip' });
  });

  it('says out loud when there is nothing to look at', async () => {
    expect(await run({})).toEqual({
      state: 'skip',
      reason: 'no unit is listed, and goodboot-required.target has no members',
    });
  });

  it('noFailedUnits names every failed unit, but for the exceptions and its own', async () => {
    const failed = ['bluetooth.service', 'goodboot-check@app.service', 'mdadm-a.service'];
    const outcome = await run({ failed, options: { noFailedUnits: true, except: ['mdadm-*'] } });
    expect(outcome).toMatchObject({ state: 'fail', reason: 'bluetooth.service is failed' });
  });

  it('skips where there is no systemd, and fails to tell when systemd does not answer', async () => {
    const without = (code: 'SYSTEMD_ABSENT' | 'DBUS_TIMEOUT') =>
      check.run(context(wanted, () => Promise.reject(new GoodbootError(code, 'no answer'))));
    expect(await without('SYSTEMD_ABSENT')).toMatchObject({ state: 'skip' });
    await expect(without('DBUS_TIMEOUT')).rejects.toMatchObject({ code: 'DBUS_TIMEOUT' });
  });
});

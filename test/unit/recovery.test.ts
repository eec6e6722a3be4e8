import { describe, expect, test } from 'vitest';
import { startWhatWaited } from '../../src/node/recovery.ts';
import type { ServiceManager, UnitState } from '../../src/ports/service-manager.ts';

/** What recovery looks at in a unit. */
interface Unit extends Partial<UnitState> {
  readonly wantedBy?: readonly string[];
}

const WAITING: Unit = { wantedBy: ['boot-complete.target', 'multi-user.target'] };

/** A systemd with these units that need boot-complete.target. It keeps what is asked of it, in order. */
function fakeManager(units: Readonly<Record<string, Unit>>) {
  const asked: string[] = [];
  const all: Readonly<Record<string, Unit>> = {
    ...units,
    'multi-user.target': { activeState: 'active' },
    'graphical.target': { activeState: 'inactive' },
    'boot-complete.target': { activeState: 'active' },
  };
  const unused = () => Promise.reject(new Error('not wanted'));
  const manager: ServiceManager = {
    unit: async (name) => ({
      name,
      loadState: 'loaded',
      activeState: 'inactive',
      subState: 'dead',
      unitFileState: 'enabled',
      activeSinceMs: 0,
      startedAtMs: 0,
      conditionResult: null,
      assertResult: null,
      failedConditions: [],
      service: null,
      ...all[name],
    }),
    dependents: async (name) => (name === 'boot-complete.target' ? Object.keys(units) : []),
    wantedBy: async (name) => all[name]?.wantedBy ?? [],
    startSoon: async (name) => void asked.push(`start ${name}`),
    stop: async (unit) => {
      asked.push(`stop ${unit}`);
      return { unit, result: 'done' };
    },
    failedUnits: unused,
    pulledInBy: unused,
    start: unused,
    resetFailed: unused,
    reload: unused,
    reboot: unused,
  };
  return { manager, asked };
}

const signal = new AbortController().signal;

describe('when health is back', () => {
  test('the judging again ends, the target is reached, and then what waited for it is started', async () => {
    const { manager, asked } = fakeManager({ 'updater.service': WAITING, 'lock.service': WAITING });
    expect(await startWhatWaited(manager, signal)).toEqual(['updater.service', 'lock.service']);
    expect(asked).toEqual([
      'stop goodboot-recheck.timer',
      'start boot-complete.target',
      'start updater.service',
      'start lock.service',
    ]);
  });

  test.each<[string, Unit]>([
    ['runs already', { ...WAITING, activeState: 'active', startedAtMs: 5000 }],
    ['is starting', { ...WAITING, activeState: 'activating', startedAtMs: 5000 }],
    ['failed by itself', { ...WAITING, activeState: 'failed' }],
    ['was stopped by a person, after it had run', { ...WAITING, startedAtMs: 5000 }],
    ['is masked', { ...WAITING, loadState: 'masked' }],
    ['does not exist', { ...WAITING, loadState: 'not-found' }],
    ['nobody enabled', { wantedBy: [] }],
    ['nothing but the target itself pulls in', { wantedBy: ['boot-complete.target'] }],
    ['is pulled in only by a target that is not up', { wantedBy: ['graphical.target'] }],
  ])('a unit that %s is left alone', async (_, unit) => {
    const { manager, asked } = fakeManager({ 'other.service': unit, 'updater.service': WAITING });
    expect(await startWhatWaited(manager, signal)).toEqual(['updater.service']);
    expect(asked).not.toContain('start other.service');
  });

  test('a unit that one target of several pulls in is started', async () => {
    const { manager } = fakeManager({ 'a.service': { wantedBy: ['graphical.target', 'multi-user.target'] } });
    expect(await startWhatWaited(manager, signal)).toEqual(['a.service']);
  });
});

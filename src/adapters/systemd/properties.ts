import type { ServiceState, UnitState } from '../../ports/service-manager.ts';

/** Properties as a bus answers them. */
export type Properties = Readonly<Record<string, unknown>>;

/** Exit kinds of org.freedesktop.systemd1.Service.ExecMainCode: CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2). */
const EXIT_KIND = new Map<unknown, ServiceState['exitKind']>([
  [1, 'exited'],
  [2, 'killed'],
  [3, 'dumped'],
]);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
/** systemd gives monotonic times in microseconds, as 64-bit integers. */
const millis = (value: unknown): number => (typeof value === 'bigint' ? Number(value / 1000n) : 0);

/** What systemd says of a unit, in our words. Absent properties (another unit type, an older systemd) read as "never". */
export function unitState(name: string, unit: Properties, service: Properties | null): UnitState {
  return {
    name,
    loadState: text(unit['LoadState']),
    activeState: text(unit['ActiveState']),
    subState: text(unit['SubState']),
    unitFileState: text(unit['UnitFileState']),
    activeSinceMs: millis(unit['ActiveEnterTimestampMonotonic']),
    startedAtMs: millis(unit['InactiveExitTimestampMonotonic']),
    conditionResult: evaluated(unit, 'Condition'),
    assertResult: evaluated(unit, 'Assert'),
    failedConditions: failedConditions(unit['Conditions']),
    service: service === null ? null : serviceState(service),
  };
}

function serviceState(service: Properties): ServiceState {
  return {
    type: text(service['Type']),
    result: text(service['Result']),
    restarts: count(service['NRestarts']),
    exitKind: EXIT_KIND.get(service['ExecMainCode']) ?? null,
    exitStatus: count(service['ExecMainStatus']),
  };
}

/** systemd answers `false` also for what it has not looked at yet; the time tells the two apart. */
function evaluated(unit: Properties, what: 'Condition' | 'Assert'): boolean | null {
  return millis(unit[`${what}TimestampMonotonic`]) === 0 ? null : unit[`${what}Result`] === true;
}

/** `Conditions` is a(sbbsi): name, triggering (`|`), negated (`!`), parameter, result (below 0: did not hold). */
function failedConditions(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    const [name, trigger, negate, parameter, result] = entry;
    if (typeof result !== 'number' || result >= 0) return [];
    return [`${name}=${trigger === true ? '|' : ''}${negate === true ? '!' : ''}${parameter}`];
  });
}

/** One unit as systemd knows it (org.freedesktop.systemd1.Unit and .Service, systemd's own words). */
export interface UnitState {
  readonly name: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error` … */
  readonly loadState: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, `maintenance`. */
  readonly activeState: string;
  /** `running`, `exited`, `dead`, `auto-restart`, `start-pre` … */
  readonly subState: string;
  /** `enabled`, `disabled`, `static`, `generated`, `masked` … or empty. */
  readonly unitFileState: string;
  /** CLOCK_MONOTONIC milliseconds at which it last became active; 0 = never in this boot. */
  readonly activeSinceMs: number;
  /** CLOCK_MONOTONIC milliseconds at which it last left `inactive`; 0 = never in this boot. */
  readonly startedAtMs: number;
  /** False when the last start was skipped by a condition; null when none was evaluated yet. */
  readonly conditionResult: boolean | null;
  readonly assertResult: boolean | null;
  /** The conditions that did not hold, as the unit file has them: `ConditionPathExists=/etc/x`. */
  readonly failedConditions: readonly string[];
  /** Services only. */
  readonly service: ServiceState | null;
}

export interface ServiceState {
  /** `simple`, `notify`, `oneshot`, `forking` … */
  readonly type: string;
  /** `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, `core-dump`, `watchdog`, `start-limit-hit` … */
  readonly result: string;
  /** Restarts by systemd itself (Restart=) since it was last started by hand or by a job. */
  readonly restarts: number;
  /** How the main process ended: `exited`, `killed`, `dumped`; null while it runs or when it never ran. */
  readonly exitKind: 'exited' | 'killed' | 'dumped' | null;
  /** Exit status or signal number, as `exitKind` says. */
  readonly exitStatus: number;
}

/** How a job ended: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped` … (JobRemoved in org.freedesktop.systemd1). */
export interface JobEnd {
  readonly unit: string;
  readonly result: string;
}

/** systemd over D-Bus. Every call is bounded; errors are GoodbootError DBUS_* or SYSTEMD_ABSENT. */
export interface ServiceManager {
  /** Loads the unit where needed; a unit that does not exist is a state (`not-found`), not an error. */
  unit(name: string): Promise<UnitState>;
  /** Names of units in `failed`, sorted. */
  failedUnits(): Promise<readonly string[]>;
  /** Units that `name` pulls in by Wants= or Requires=, sorted. */
  pulledInBy(name: string): Promise<readonly string[]>;
  /** Units that cannot run without `name` (reverse of Requires=, Requisite=, BindsTo=), sorted. */
  dependents(name: string): Promise<readonly string[]>;
  /** Units that pull `name` in (reverse of Wants=, Requires=), sorted. */
  wantedBy(name: string): Promise<readonly string[]>;
  /** Starts a unit (mode `replace`) and waits for the end of its job. */
  start(name: string, signal: AbortSignal): Promise<JobEnd>;
  /** Puts a start job in the queue and does not wait. */
  startSoon(name: string): Promise<void>;
  stop(name: string, signal: AbortSignal): Promise<JobEnd>;
  /** Forgets the failure of a unit, so that it can be started afresh. */
  resetFailed(name: string): Promise<void>;
  reload(): Promise<void>;
  /** Puts the job for reboot.target in the queue, as `systemctl reboot` does. */
  reboot(): Promise<void>;
}

/** The part of systemd that feeds the watchdog of the machine. Bounded like the rest of it. */
export interface WatchdogTimer {
  /** Milliseconds after which the watchdog resets a system that hangs; 0: systemd feeds none. */
  runtimeWatchdogMs(): Promise<number>;
}

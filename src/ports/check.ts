import type { Facts, Outcome } from '../core/outcome.ts';
import type { Clock } from './clock.ts';
import type { Containers } from './containers.ts';
import type { Credentials } from './credentials.ts';
import type { Files } from './files.ts';
import type { Http } from './http.ts';
import type { Network } from './network.ts';
import type { Processes } from './processes.ts';
import type { ScriptLog } from './script-log.ts';
import type { ServiceManager } from './service-manager.ts';
import type { SystemClock } from './system-clock.ts';
import type { Traces } from './traces.ts';

/** The ports that a check may use. */
export interface CheckPorts {
  readonly clock: Clock;
  readonly containers: Containers;
  readonly credentials: Credentials;
  readonly files: Files;
  readonly http: Http;
  readonly network: Network;
  readonly processes: Processes;
  readonly scriptLog: ScriptLog;
  readonly serviceManager: ServiceManager;
  readonly systemClock: SystemClock;
  readonly traces: Traces;
}

/** What one probe of a check is given. */
export interface CheckContext<Options> {
  readonly options: Options;
  /** A port, loaded when first asked for: start-up pays only for what the check uses. */
  use<Name extends keyof CheckPorts>(name: Name): Promise<CheckPorts[Name]>;
  /** Aborted when the time of this probe is over. Hand it to every port call that takes one. */
  readonly signal: AbortSignal;
  /** The check's `stable` time, for checks that can tell from facts that something held that long. */
  readonly stableMs: number;
}

/** A check program: one probe. The runner repeats it within the check's time, and bounds each probe. */
export interface Check<Options> {
  readonly type: string;
  /** True: the check itself looks at `stableMs` (systemd and podman keep start times). False: the runner keeps probing that long. */
  readonly tellsStability?: boolean;
  /** Answers pass, fail or skip; throwing is `error`. */
  run(ctx: CheckContext<Options>): Promise<Outcome>;
}

export const defineCheck = <Options>(check: Check<Options>): Check<Options> => check;

/** One configured check, ready to run: what the verdict writes into the plan, and all that a check program reads. */
export interface PlannedCheck {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Time in which it must come to hold. */
  readonly withinMs: number;
  /** Time for which it must then keep holding. */
  readonly stableMs: number;
  /** Bound of one probe. */
  readonly timeoutMs: number;
  readonly options: Facts;
}

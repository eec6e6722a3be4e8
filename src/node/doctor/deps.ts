import type { ConfigFacts } from '../../core/doctor/facts.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';
import type { CheckContext, PlannedCheck } from '../../ports/check.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeploymentActions } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { GrubView } from '../../ports/grub.ts';
import type { Processes } from '../../ports/processes.ts';
import type { ServiceManager, WatchdogTimer } from '../../ports/service-manager.ts';
import type { Boot } from '../boot.ts';

/** What the doctor asks. */
export interface DoctorDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly processes: Processes;
  readonly boot: Boot;
  readonly bootLoader: BootLoader;
  readonly deployments: Pick<DeploymentActions, 'booted'>;
  readonly grub: GrubView;
  /** Other ports, each loaded when first asked for. */
  readonly use: CheckContext<never>['use'];
  /** systemd; a reason: it is not there, or does not answer. */
  readonly manager: (ServiceManager & WatchdogTimer) | { readonly absent: string } | { readonly trouble: string };
  /** The files belong to a machine that does not run here: this is where they lie. */
  readonly root: string | null;
  readonly config: {
    readonly problems: ConfigFacts['problems'];
    readonly checks: readonly PlannedCheck[];
    /** Names of required checks that are not as the defaults have them. */
    readonly own: readonly string[];
    readonly collector: string | null;
    /** Boots that a new deployment is to get. */
    readonly attempts: number;
  };
  /** When this goodboot was built, milliseconds since 1970. */
  readonly builtMs: number;
}

/** What only a machine that runs can tell; null: this one does. */
export const onlyRunning = ({ root }: Pick<DoctorDeps, 'root'>): string | null =>
  root === null ? null : 'only the running machine can tell';

/** systemd, to be asked. Throws the reason where it cannot be. */
export function managerOf({ manager }: Pick<DoctorDeps, 'manager'>): ServiceManager & WatchdogTimer {
  if ('trouble' in manager) throw new Error(manager.trouble);
  if ('absent' in manager) throw new Error(manager.absent);
  return manager;
}

/** Why systemd need not be asked; null: it has to be. */
export const withoutSystemd = (deps: Pick<DoctorDeps, 'manager' | 'root'>): string | null =>
  onlyRunning(deps) ?? ('absent' in deps.manager ? deps.manager.absent : null);

/** One container as its engine reports it. */
export interface ContainerState {
  readonly name: string;
  /** `running`, `exited`, `created`, `paused`, `restarting`, `stopping`, `dead` … (the engine's own word). */
  readonly status: string;
  /** Null where the container has no health check. */
  readonly health: 'healthy' | 'unhealthy' | 'starting' | null;
  /** Restarts by the engine itself (--restart=); systemd restarts a quadlet as a new container, with 0. */
  readonly restarts: number;
  /** Last start, milliseconds since 1970 (podman tells whole seconds); null when it never ran. */
  readonly startedAtMs: number | null;
  readonly exitCode: number;
  readonly image: string;
  /** The systemd unit that runs it (a quadlet's `web.service`), null where none does. */
  readonly unit: string | null;
}

/** Whose containers: podman of root or of a user (rootless), or the Docker engine. */
export type ContainerOwner =
  | { readonly engine: 'podman'; readonly user: string | null }
  | { readonly engine: 'docker' };

/** The containers of an owner; `none` is the reason why that owner cannot have a running one now: no such user, no session. */
export type ContainerList = readonly ContainerState[] | { readonly none: string };

/** Container engines, read only. Errors: PROGRAM_MISSING, PROGRAM_FAILED, PROGRAM_TIMEOUT, PROGRAM_OUTPUT, NEEDS_ROOT. */
export interface Containers {
  /** Every container of that owner, running or not, sorted by name. */
  list(owner: ContainerOwner, signal: AbortSignal): Promise<ContainerList>;
}

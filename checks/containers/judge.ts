import { formatDuration } from '../../src/core/duration.ts';
import type { ContainerState } from '../../src/ports/containers.ts';

/** Now on both clocks, and for how long a container must have been running. */
export interface Need {
  readonly nowMs: number;
  /** Milliseconds since the machine started. */
  readonly uptimeMs: number;
  readonly stableMs: number;
}

/** Why a container is not good, without its name (`is paused; running was wanted`), or null when it is. */
export function whyNotGood(container: ContainerState, need: Need): string | null {
  if (container.status === 'exited') return `exited with status ${container.exitCode}; running was wanted`;
  if (container.status !== 'running') return `is ${container.status}; running was wanted`;
  return whyNotHealthy(container) ?? whyNotStable(container, need);
}

function whyNotHealthy({ health }: ContainerState): string | null {
  if (health === null || health === 'healthy') return null;
  return health === 'starting'
    ? 'runs, but its health check has not succeeded yet; healthy was wanted'
    : 'is unhealthy; healthy was wanted';
}

function whyNotStable({ restarts, startedAtMs }: ContainerState, { nowMs, uptimeMs, stableMs }: Need): string | null {
  const count = restarts === 1 ? '1 restart' : `${restarts} restarts`;
  const upMs = startedAtMs === null ? null : nowMs - startedAtMs;
  if (upMs === null || upMs < 0 || upMs > uptimeMs) {
    // A start before this boot or in the future: the wall clock was set since. What is left is the count.
    return restarts === 0 || stableMs === 0
      ? null
      : `had ${count}, and the clock was set since its last start; ${formatDuration(stableMs)} without one was wanted`;
  }
  if (upMs >= stableMs) return null;
  const after = restarts === 0 ? '' : ` after ${count}`;
  return `has been running for ${formatDuration(upMs)} only${after}; ${formatDuration(stableMs)} was wanted`;
}

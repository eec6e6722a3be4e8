/** One bootable version of the operating system; `id` (ostree checksum or image digest) is its identity. */
export interface Deployment {
  readonly id: string;
  /** For people: the version string, or a short form of the id. */
  readonly version: string;
}

/** A deployment as its backend lists it. */
export interface DeploymentEntry extends Deployment {
  readonly booted: boolean;
  /** Not in the boot menu yet: it is written at shutdown. */
  readonly staged: boolean;
  readonly pinned: boolean;
}

/** What manages the deployments of this system. Every call is bounded by its signal. */
export interface Deployments {
  readonly name: 'rpm-ostree' | 'bootc' | 'ostree' | 'none';
  /** Rolling back is possible at all; a backend without deployments can do nothing. */
  readonly can: { readonly rollBack: boolean };
  /** What is booted now; null when this system has no deployments. Read without a daemon or a program. */
  booted(): Promise<Deployment | null>;
  /** In boot order, the next to be booted first (a staged one before all others). */
  list(signal: AbortSignal): Promise<readonly DeploymentEntry[]>;
  /**
   * Makes a deployment the default for good, and reads that back. A staged one is dropped first. Being the default
   * already is success.
   * @throws GoodbootError DEPLOYMENT_UNKNOWN, DEPLOYMENT_BUSY, ROLLBACK_FAILED
   */
  makeDefault(id: string, signal: AbortSignal): Promise<void>;
  /** Takes a staged deployment away, so that it is not written at shutdown. None being there is success. */
  dropStaged(signal: AbortSignal): Promise<void>;
}

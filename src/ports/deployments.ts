/** One bootable version of the operating system. */
export interface Deployment {
  /**
   * Its identity: the ostree commit, or the composefs digest, that the kernel is booted with. It is the same whichever
   * backend tells it: an update may bring or take away the program that manages deployments.
   */
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
  /** `sha256:…` of the container image that it was made from, where there is one and the backend knows it. */
  readonly imageDigest: string | null;
  /** Something was put on top of that image on this node: what fails may not be the image's fault. */
  readonly layered: boolean;
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
   * already is success, and so is being staged itself.
   * @throws GoodbootError DEPLOYMENT_UNKNOWN, DEPLOYMENT_BUSY, ROLLBACK_FAILED, or what `list` threw
   */
  makeDefault(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Takes a staged deployment away, so that it is not written at shutdown, and reads that back. None being there is
   * success.
   * @throws GoodbootError DEPLOYMENT_BUSY, ROLLBACK_FAILED, or what `list` threw
   */
  dropStaged(signal: AbortSignal): Promise<void>;
}

/** What the use cases ask for: which backend answers is not their business. */
export type DeploymentActions = Omit<Deployments, 'name' | 'can'>;

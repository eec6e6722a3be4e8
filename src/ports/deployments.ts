/** One bootable version of the operating system; `id` (ostree checksum or image digest) is its identity. */
export interface Deployment {
  readonly id: string;
  /** For people: the version string, or a short form of the id. */
  readonly version: string;
}

export interface Deployments {
  readonly name: 'ostree' | 'none';
  /** What is booted now; null when this system has no deployments. */
  booted(): Promise<Deployment | null>;
}

/** What a drill needs beyond an update: a deployment of its own, and everything as it was afterwards. */
export interface Rehearsal {
  /** Why a copy of what runs cannot be deployed on this system, as a clause; null: it can. */
  unsupported(): Promise<string | null>;
  /**
   * Makes a deployable copy: the same content under another identity. Takes no space to speak of, and is gone by itself
   * when nothing is deployed from it.
   * @throws GoodbootError PROGRAM_*, DEPLOYMENT_BUSY
   */
  copy(id: string, signal: AbortSignal): Promise<string>;
  /** Stages it as an updater would: it is written at shutdown. @throws as `copy` */
  stage(id: string, signal: AbortSignal): Promise<void>;
  /** An update drops the deployments that are not pinned, except the one that runs. Done already is success. @throws as `copy` */
  pin(id: string, pinned: boolean, signal: AbortSignal): Promise<void>;
  /** Takes a deployment away that does not run, with all its files. Not being there is success. @throws as `copy` */
  remove(id: string, signal: AbortSignal): Promise<void>;
}

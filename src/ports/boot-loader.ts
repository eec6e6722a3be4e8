/** The boot loader's own account of this boot, as read, never as remembered. */
export interface BootLoaderState {
  /** The `boot_counter` of the GRUB environment block: attempts left, -1 = the fallback was chosen, null = not set. */
  readonly counter: number | null;
  /** `boot_success`; null = not set. */
  readonly success: boolean | null;
}

/** A change that is made in one durable write. An absent key stays as it is. */
export interface BootLoaderChange {
  readonly success?: boolean;
  /** Null removes the counter. */
  readonly counter?: number | null;
  /**
   * The deployment to fall back to, where the boot loader has to be told; null, or one whose entry is not found: by
   * position. Entries are renamed when the order of deployments changes, so a change of the counter without it forgets
   * the one that was named.
   */
  readonly fallback?: string | null;
}

export interface BootLoader {
  readonly name: 'grub' | 'systemd-boot' | 'noop';
  /** What it works on, or why there is nothing to work on: one line for people. */
  readonly detail: string;
  readonly can: { readonly mark: boolean; readonly countAttempts: boolean };
  /**
   * `onTrial`: the deployment whose counter is asked for, where each entry has its own; without it the one that was booted.
   * @throws GoodbootError GRUBENV_*, FILE_UNREADABLE, BOOT_LOADER_UNSUPPORTED; what cannot be read is never the same as no counter
   */
  read(onTrial?: string | null): Promise<BootLoaderState>;
  /**
   * True: the mark lies on a file system that is read-only for the whole machine. It can be made writable for a moment,
   * but only in a mount namespace of one's own, which this process has not.
   */
  needsOwnMounts(): Promise<boolean>;
  /**
   * Synced when it resolves. Asking for the state already there is success and writes nothing; false = nothing to do.
   * @throws GoodbootError GRUBENV_*, BOOT_LOADER_UNSUPPORTED
   */
  apply(change: BootLoaderChange): Promise<boolean>;
  /**
   * How many boots a trial gets when that many are wished for. Changes nothing.
   * @throws GoodbootError BOOT_LOADER_UNSUPPORTED, GRUBENV_*: it would not count, or could not fall back
   */
  attemptsFor(wish: number): Promise<number>;
  /** There is a second entry, which a boot loader that counts can fall back to; null: could not tell. */
  hasFallback(): Promise<boolean | null>;
  /**
   * Whether the boot loader proved in this boot that it counts: it ran its part, and could write. The proof is taken
   * away, so that the next boot has to give it anew; asked for once a boot, by goodboot-begin.
   */
  takeProof(): Promise<boolean>;
}

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
}

export interface BootLoader {
  readonly name: 'grub' | 'systemd-boot' | 'noop';
  /** What it works on, or why there is nothing to work on: one line for people. */
  readonly detail: string;
  readonly can: { readonly mark: boolean; readonly countAttempts: boolean };
  /** @throws GoodbootError GRUBENV_* ; a block that cannot be read is never the same as no counter */
  read(): Promise<BootLoaderState>;
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
   * Whether the boot loader proved in this boot that it counts: it ran its part, and could write. The proof is taken
   * away, so that the next boot has to give it anew; asked for once a boot, by goodboot-begin.
   */
  takeProof(): Promise<boolean>;
}

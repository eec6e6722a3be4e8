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
   * Synced when it resolves. Asking for the state already there is success and writes nothing; false = nothing to do.
   * @throws GoodbootError GRUBENV_*, BOOT_LOADER_UNSUPPORTED
   */
  apply(change: BootLoaderChange): Promise<boolean>;
}

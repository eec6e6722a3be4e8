/** What the kernel and the hardware left of the boot before this one. */
export interface Traces {
  /**
   * Paths of the records of a kernel crash that were found since this boot: in the kernel's own store, or where
   * systemd-pstore put them. @throws GoodbootError FILE_UNREADABLE
   */
  crashRecords(): Promise<readonly string[]>;
  /** The end of the kernel's last words in such a record, at most that many bytes. @throws GoodbootError FILE_UNREADABLE */
  crashText(record: string, maxBytes: number): Promise<string>;
  /** The watchdogs of this machine, and those that say that they reset it last. @throws GoodbootError FILE_UNREADABLE */
  watchdogs(): Promise<{ readonly watchdogs: readonly string[]; readonly resets: readonly string[] }>;
}

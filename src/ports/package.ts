/** One file that goodboot brings along, by its path in the repository. */
export interface PackedFile {
  readonly path: string;
  /** Permission bits: 0o755. */
  readonly mode: number;
}

/** What goodboot is made of beside its code: units, the fragment for GRUB, texts. They are in the executable itself. */
export interface Package {
  /** Sorted by path. */
  files(): readonly PackedFile[];
  /** The text of one of them. @throws GoodbootError PACKAGE_BROKEN when it is not there */
  text(path: string): string;
  /** The directory on this machine that holds the programs; null in a checkout where they are not built. */
  readonly programs: string | null;
}

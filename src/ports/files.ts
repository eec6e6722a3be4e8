/** What is known of a file without reading it. */
export interface FileInfo {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly sizeBytes: number;
  /** Permission bits: 0o755. */
  readonly mode: number;
  /** Last change of content, milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Space on the file system that holds a path, as an unprivileged writer may use it. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Both 0 on file systems without a fixed inode table (btrfs, vfat). */
  readonly freeInodes: number;
  readonly totalInodes: number;
}

/**
 * Files below one root. Absolute paths are taken from that root, so that `--root DIR` and tests need
 * nothing else. `null` means: known not to exist. Every other trouble throws GoodbootError
 * (FILE_UNREADABLE, FILE_UNWRITABLE) with the path and the errno in the message.
 */
export interface Files {
  /** The path on this machine, for programs that are given it. */
  resolve(path: string): string;
  readText(path: string): Promise<string | null>;
  /** At most `maxBytes + 1` bytes from byte `start` (default 0) on, so that the caller sees when there is more. */
  readBytes(path: string, maxBytes: number, start?: number): Promise<Buffer | null>;
  /** Names in a directory, sorted by code point. */
  list(path: string): Promise<readonly string[] | null>;
  /** `follow`: of what a link leads to; without it a link is a link. */
  info(path: string, links?: 'follow'): Promise<FileInfo | null>;
  /** The path on this machine, links resolved as the root sees them, for programs that must not leave it. With the root `/` it is the path itself. */
  place(path: string): Promise<string>;
  space(path: string): Promise<Space | null>;
  /** The target of a symbolic link, or null when it is none or does not exist. */
  readLink(path: string): Promise<string | null>;
  /** Writes beside it, syncs, renames, syncs the directory: after a power cut there is the old or the new, never a part. */
  replace(path: string, content: string, mode?: number): Promise<void>;
  /** Appends in one write and syncs. Creates the file and its directory where needed. */
  append(path: string, content: string, mode?: number): Promise<void>;
  /** Cuts the file to `sizeBytes` and syncs. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  makeDirectory(path: string, mode?: number): Promise<void>;
  link(target: string, path: string): Promise<void>;
  /** Removes a file, or a directory with what is in it. Not being there is success. */
  remove(path: string): Promise<void>;
  /** Makes a file without a name (else one that is removed at once) in a directory, writes one block, syncs: does the disk take it? */
  probeWrite(directory: string): Promise<void>;
  /**
   * Runs `work` while no other process, and nothing else in this one, holds the lock of that path; a file is made there,
   * and stays. Waits for it at most `waitMs`. Never within another call for the same path: that would wait for itself.
   * @throws GoodbootError FILE_LOCKED when the time is over, LIBRARY_MISSING, or what `work` throws
   */
  exclusively<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T>;
}

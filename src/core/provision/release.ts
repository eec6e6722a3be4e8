import type { Program } from '../package/layout.ts';
import type { Content } from './first-boot.ts';

/** The processors that there are releases for, as `uname -m` calls them. */
export const ARCHITECTURES = ['x86_64', 'aarch64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The file of a release directory that says what is in it. */
export const RELEASE_FILE = 'release.json';

/** One program of a release. */
export interface ReleaseFile {
  /** Its name in the release. */
  readonly file: string;
  /** Whether it is compressed there. */
  readonly gzip: boolean;
  /** Of the program as it is run, hexadecimal. */
  readonly sha256: string;
}

/** What a release has for one architecture. */
export interface Release {
  readonly version: string;
  readonly programs: Readonly<Record<Program, ReleaseFile>>;
}

/** The programs of a release whose files have their usual names. */
export function usualRelease(version: string, arch: Architecture, sha256: Readonly<Record<Program, string>>): Release {
  return {
    version,
    programs: {
      goodboot: { file: `goodboot-${version}-${arch}.gz`, gzip: true, sha256: sha256.goodboot },
      'libatomic.so.1': {
        file: `libatomic-${version}-${arch}.so.1`,
        gzip: false,
        sha256: sha256['libatomic.so.1'],
      },
    },
  };
}

/** What release.json says of one architecture. Null: it is no such file, or has nothing for that one. */
export function parseRelease(text: string, arch: Architecture): Release | null {
  const top = mapOf(jsonOf(text));
  const of = mapOf(mapOf(top?.['architectures'])?.[arch]);
  const [program, library] = [mapOf(of?.['goodboot']), mapOf(of?.['libatomic'])];
  const goodboot = { file: mapOf(program?.['gzip'])?.['file'], gzip: true, sha256: program?.['sha256'] };
  const libatomic = { file: library?.['file'], gzip: false, sha256: library?.['sha256'] };
  const version = top?.['version'];
  if (typeof version !== 'string' || !isFile(goodboot) || !isFile(libatomic)) return null;
  return { version, programs: { goodboot, 'libatomic.so.1': libatomic } };
}

/** What a node fetches, when the files of a release lie below an address that ends in a slash. */
export const contentAt = (base: string, { file, gzip, sha256 }: ReleaseFile): Content => ({
  url: `${base}${file}`,
  gzip,
  sha256,
});

const isFile = (value: { file: unknown; gzip: boolean; sha256: unknown }): value is ReleaseFile =>
  typeof value.file === 'string' &&
  /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(value.file) &&
  typeof value.sha256 === 'string' &&
  /^[0-9a-f]{64}$/.test(value.sha256);

const mapOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : null;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

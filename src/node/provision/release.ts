import { GoodbootError } from '../../core/errors.ts';
import { PROGRAMS } from '../../core/package/layout.ts';
import {
  type Architecture,
  parseRelease,
  RELEASE_FILE,
  type Release,
  usualRelease,
} from '../../core/provision/release.ts';
import type { Files } from '../../ports/files.ts';

export interface ReleaseDeps {
  /** Of this machine. */
  readonly files: Files;
  /** The digest of a file of this machine. */
  readonly sha256: (path: string) => Promise<string>;
  /** The directory of the executable that runs, its version, and its architecture. Null: it is none, a checkout runs. */
  readonly own: { readonly programs: string; readonly arch: string } | null;
  readonly version: string;
}

/**
 * What nodes will fetch: what release.json says, in the named directory or beside the executable that runs. Without one,
 * the programs that run themselves.
 * @throws GoodbootError USAGE when it is not known, or is that of another version: units and programs belong together
 */
export async function findRelease(
  { files, sha256, own, version }: ReleaseDeps,
  arch: Architecture,
  directory: string | null,
): Promise<Release> {
  const from = directory ?? own?.programs ?? null;
  const path = `${from}/${RELEASE_FILE}`;
  const text = from === null ? null : await files.readText(path);
  if (text !== null) return checked(parseRelease(text, arch), { path, arch, version });
  if (directory === null && own !== null && own.arch === arch) {
    const present = await Promise.all(PROGRAMS.map((name) => files.info(`${own.programs}/${name}`)));
    if (!present.includes(null)) {
      const [goodboot, library] = await Promise.all(PROGRAMS.map((name) => sha256(`${own.programs}/${name}`)));
      return usualRelease(version, arch, { goodboot: goodboot!, 'libatomic.so.1': library! });
    }
  }
  const why = directory === null ? `what nodes of ${arch} would fetch is not known` : `there is no ${path}`;
  throw new GoodbootError('USAGE', why, { hint: `--release DIR: the directory of a release, with ${RELEASE_FILE}` });
}

function checked(
  release: Release | null,
  { path, arch, version }: { readonly path: string; readonly arch: Architecture; readonly version: string },
): Release {
  if (release === null) {
    throw new GoodbootError('USAGE', `${path} names no programs for ${arch}`, { hint: 'fetch the release anew' });
  }
  if (release.version === version) return release;
  throw new GoodbootError('USAGE', `${path} is that of goodboot ${release.version}, and this is ${version}`, {
    hint: `use the executable of that release: units and programs belong together`,
  });
}

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GoodbootError } from '../../core/errors.ts';
import type { Package, PackedFile } from '../../ports/package.ts';

/** What is packed, in a checkout. */
const TOPS = ['dist', 'schema', 'units'] as const;
/** The list of what is packed, in the executable. */
const LIST = 'files.json';

/** What the running goodboot brings along: out of its own executable, or out of the checkout that it was built in. */
export function openPackage(): Package {
  const sea = process.getBuiltinModule('node:sea');
  return sea.isSea() ? packed(sea.getAsset) : ofCheckout();
}

function packed(asset: (name: string, encoding: 'utf8') => string): Package {
  const text = (path: string): string => {
    try {
      return asset(path, 'utf8');
    } catch (cause) {
      throw new GoodbootError('PACKAGE_BROKEN', `${path} is not in the executable`, { cause });
    }
  };
  // The build has made the list.
  return { text, files: () => JSON.parse(text(LIST)) as PackedFile[], programs: dirname(process.execPath) };
}

function ofCheckout(): Package {
  let root = import.meta.dirname;
  while (!isCheckout(root)) {
    if (root === dirname(root)) throw new GoodbootError('PACKAGE_BROKEN', `${import.meta.dirname} is in no checkout`);
    root = dirname(root);
  }
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  const files = (): readonly PackedFile[] =>
    TOPS.flatMap((top) => readdirSync(join(root, top), { recursive: true, withFileTypes: true }))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: path.slice(root.length + 1), stat: statSync(path) })) // of what a link leads to
      .filter(({ stat }) => stat.isFile())
      .map(({ path, stat }) => ({ path, mode: stat.mode & 0o111 ? 0o755 : 0o644 }))
      .toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const built = join(root, 'out', process.arch === 'arm64' ? 'aarch64' : 'x86_64');
  return { text, files, programs: existsSync(join(built, 'goodboot')) ? built : null };
}

function isCheckout(directory: string): boolean {
  try {
    return statSync(join(directory, 'units')).isDirectory() && statSync(join(directory, 'schema')).isDirectory();
  } catch {
    return false;
  }
}

/** The executable that runs, links resolved: where it lies says where its data is. */
export const ownExecutable = (): string => realpathSync(process.execPath);

import { copyInto } from '../../src/adapters/files/copy-in.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { sameBytesIn } from '../../src/adapters/files/same-bytes.ts';
import { openPackage } from '../../src/adapters/package/package.ts';
import type { Prefix } from '../../src/core/package/layout.ts';
import { type InstallDeps, install, planInstall } from '../../src/node/install/install.ts';
import { elf } from '../helpers/elf.ts';

/** Programs that only lie there: what is looked at is everything else. */
const STUB = new URL('stub/', import.meta.url).pathname;

/** What installs the checkout below a root, with programs that do nothing. */
export function depsBelow(root: string): InstallDeps {
  const files = makeFiles(root);
  return {
    files,
    source: openPackage(),
    programs: STUB,
    same: sameBytesIn(files),
    copyIn: copyInto(files),
    startOf: async () => ({ head: elf(''), sizeBytes: elf('').length }),
    machine: null,
  };
}

/** Installs it. */
export async function installInto(root: string, prefix: Prefix = '/usr'): Promise<void> {
  const deps = depsBelow(root);
  await install(deps, await planInstall(deps, prefix, '0'));
}

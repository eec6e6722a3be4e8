import { shortId } from '../../core/short-id.ts';
import { answers, flagIn, idIn, optionalTextIn, textIn } from './answer.ts';
import { bootedStateroot, type Listed } from './backend.ts';

const WHO = 'rpm-ostree';

/** The deployments in the property `Sysroot.Deployments`: dictionaries in boot order. @throws GoodbootError PROGRAM_OUTPUT */
export const parseRpmOstree = (deployments: unknown): readonly Listed[] =>
  answers(WHO, deployments).map((entry) => {
    const id = idIn(WHO, entry, 'checksum');
    return {
      id,
      version: optionalTextIn(entry, 'version') ?? shortId(id),
      booted: flagIn(WHO, entry, 'booted'),
      staged: flagIn(WHO, entry, 'staged'),
      pinned: flagIn(WHO, entry, 'pinned'),
      imageDigest: optionalTextIn(entry, 'container-image-reference-digest'),
      // It names a base where it made the commit itself: packages, overrides, an initramfs.
      layered: optionalTextIn(entry, 'base-checksum') !== null,
      stateroot: textIn(WHO, entry, 'osname'),
    };
  });

/**
 * The deployment that `Rollback` would make the default: the next after the booted one, and only when there is none, the
 * booted one itself. So with three deployments it does not always go back to what is booted. Null: it would refuse.
 */
export function rollbackLeadsTo(entries: readonly Listed[]): string | null {
  const { same, at } = bootedStateroot(entries);
  if (at < 0 || same.some(({ staged }) => staged)) return null;
  return same[at + 1]?.id ?? (at > 0 ? same[at]!.id : null);
}

/** `Cleanup(pending-deploy)` drops whatever comes before the booted deployment: right only where that is the staged one alone. */
export function cleanupDropsStagedAlone(entries: readonly Listed[]): boolean {
  const { same, at } = bootedStateroot(entries);
  return at === 1 && same[0]!.staged;
}

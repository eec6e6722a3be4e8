import { commitOf, linkIn } from '../../core/deployment-link.ts';
import { GoodbootError } from '../../core/errors.ts';
import { shortId } from '../../core/short-id.ts';
import type { Deployment } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';

/** Made by ostree-prepare-root at every boot, and missing in a container, which sees the host's command line. */
const OSTREE_BOOTED = '/run/ostree-booted';
/**
 * The directory of a deployment as mountinfo tells the origin of `/`, or of `/etc` where `/` is a composefs image
 * (ostree-prepare-root(1)). Not so with a transient `/etc`.
 */
const MOUNTED = /^\S+ \S+ \S+ \S*\/deploy\/[^/ ]+\/deploy\/(?<commit>[0-9a-f]{64})\.\d+(?:\/etc)? (?:\/|\/etc) /m;
/** The origin of `/` where bootc mounted it from a composefs image; SHA-256 or SHA-512. */
const COMPOSEFS = / \/ \/ .* - \S+ (?:transient:composefs=|composefs:)(?<digest>[0-9a-f]{128}|[0-9a-f]{64}) /;

/**
 * What is booted, read from what the kernel says: no daemon, no program, so it works when everything else does not.
 * Null on a system that was booted neither by ostree nor from a composefs image.
 * @throws GoodbootError FILE_UNREADABLE when it was, and which deployment it is cannot be told
 */
export async function readBooted(files: Files): Promise<Deployment | null> {
  const mounts = (await files.readText('/proc/self/mountinfo')) ?? '';
  const isOstree = (await files.info(OSTREE_BOOTED)) !== null;
  const id = isOstree
    ? (MOUNTED.exec(mounts)?.groups?.['commit'] ?? (await linkedCommit(files)))
    : (COMPOSEFS.exec(mounts)?.groups?.['digest'] ?? null);
  return id === null ? null : { id, version: await versionOf(files, id) };
}

/**
 * The commit behind the link that `ostree=` on the kernel command line names. Only right until the order of deployments
 * changes: then the link is gone, and after a second change it leads to another deployment.
 */
async function linkedCommit(files: Files): Promise<string> {
  const link = linkIn((await files.readText('/proc/cmdline')) ?? '');
  const target = link === null ? null : await files.readLink(link);
  const commit = target === null ? null : commitOf(target);
  if (commit !== null) return commit;
  throw new GoodbootError(
    'FILE_UNREADABLE',
    link === null
      ? `/proc/cmdline: no link in ostree=, although ${OSTREE_BOOTED} says that ostree booted this system`
      : `${link}: not a link to a deployment, which ostree= on the kernel command line names`,
  );
}

async function versionOf(files: Files, id: string): Promise<string> {
  const release = (await files.readText('/etc/os-release')) ?? (await files.readText('/usr/lib/os-release')) ?? '';
  for (const key of ['OSTREE_VERSION', 'IMAGE_VERSION', 'VERSION_ID']) {
    const value = new RegExp(`^${key}=["']?([^"'\\n]+)`, 'm').exec(release)?.[1];
    if (value !== undefined) return value;
  }
  return shortId(id);
}

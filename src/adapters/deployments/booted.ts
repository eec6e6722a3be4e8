import { GoodbootError } from '../../core/errors.ts';
import type { Deployment } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';

/** `…/deploy/<stateroot>/deploy/<commit>.<serial>`: what the link that the kernel was booted with points at. */
const DEPLOYMENT = /\/deploy\/(?<commit>[0-9a-f]{64})\.\d+\/?$/;

/**
 * What is booted, read from the kernel's command line and the link that it names: no daemon, no program, so it works
 * when everything else does not. Null on a system that was not booted by ostree.
 * @throws GoodbootError FILE_UNREADABLE when the command line names something that is no deployment
 */
export async function readBooted(files: Files): Promise<Deployment | null> {
  const argument = ostreeArgument((await files.readText('/proc/cmdline')) ?? '');
  if (argument === null) return null;
  const target = await files.readLink(argument);
  const commit = target === null ? undefined : DEPLOYMENT.exec(target)?.groups?.['commit'];
  if (commit === undefined) {
    throw new GoodbootError(
      'FILE_UNREADABLE',
      `${argument}: not a link to a deployment, which ostree= on the kernel command line names`,
    );
  }
  return { id: commit, version: await versionOf(files, commit) };
}

/** The value of `ostree=` on a kernel command line (ostree-prepare-root(1)), or null. */
export function ostreeArgument(commandLine: string): string | null {
  const found = commandLine.split(/\s+/).find((word) => word.startsWith('ostree='));
  return found === undefined ? null : found.slice('ostree='.length);
}

async function versionOf(files: Files, commit: string): Promise<string> {
  const release = (await files.readText('/etc/os-release')) ?? (await files.readText('/usr/lib/os-release')) ?? '';
  for (const key of ['OSTREE_VERSION', 'IMAGE_VERSION', 'VERSION_ID']) {
    const value = new RegExp(`^${key}=["']?([^"'\\n]+)`, 'm').exec(release)?.[1];
    if (value !== undefined) return value;
  }
  return commit.slice(0, 12);
}

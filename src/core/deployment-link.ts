/**
 * The link that `ostree=` on a kernel command line names: it leads to the deployment. Of several the first, as
 * ostree-prepare-root takes it. Null: there is none; a value that is no path (`ostree=aboot`) is none either.
 */
export function linkIn(commandLine: string): string | null {
  const value = optionIn(commandLine, 'ostree');
  return value?.startsWith('/') ? value : null;
}

/** The first value of an option on a kernel command line; null: it is not there, or empty. */
export const optionIn = (commandLine: string, name: string): string | null =>
  commandLine
    .split(/\s+/)
    .find((word) => word.startsWith(`${name}=`))
    ?.slice(name.length + 1) || null;

/** The commit in the target of such a link, which is the directory of the deployment; null: it is none. */
export const commitOf = (target: string): string | null =>
  /\/deploy\/[^/]+\/deploy\/(?<commit>[0-9a-f]{64})\.\d+\/?$/.exec(target)?.groups?.['commit'] ?? null;

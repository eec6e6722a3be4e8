/** What one file of the Boot Loader Specification says, as far as it is looked at here. */
export interface EntryText {
  /** Kernel, initrds or a unified image, as the boot loader names them. */
  readonly files: readonly string[];
  readonly hasKernel: boolean;
  /** The value of `ostree=`: the link to the deployment. */
  readonly ostree: string | null;
  /** The value of `composefs=`: the digest of the deployment, where no link leads to it. */
  readonly composefs: string | null;
}

/** Keys whose value is one file of the boot partition. `initrd` may stand there more than once. */
const FILES = new Set(['linux', 'initrd', 'efi', 'uki']);

/** Reads an entry. Never throws: what is not there is a fault of the entry. */
export function parseEntry(text: string): EntryText {
  const pairs = text.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^\s*([a-z][\w-]*)[ \t]+(\S.*?)\s*$/.exec(line) ?? [];
    return key === '' ? [] : [[key, value] as const];
  });
  const words = pairs.filter(([key]) => key === 'options').flatMap(([, value]) => value.split(/\s+/));
  const option = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) || null;
  return {
    files: pairs.filter(([key]) => FILES.has(key)).flatMap(([, value]) => value.split(/\s+/)),
    hasKernel: pairs.some(([key]) => FILES.has(key) && key !== 'initrd'),
    ostree: option('ostree'),
    composefs: option('composefs')?.replace(/^\?/, '') ?? null,
  };
}

/** The commit in the target of a link to a deployment. */
export const commitOf = (target: string): string | null =>
  /\/deploy\/[^/]+\/deploy\/([0-9a-f]{64})\.\d+\/?$/.exec(target)?.[1] ?? null;

import { linkIn, optionIn } from './deployment-link.ts';

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
export function parseEntryText(text: string): EntryText {
  const pairs = text.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^\s*([a-z][\w-]*)[ \t]+(\S.*?)\s*$/.exec(line) ?? [];
    return key === '' ? [] : [[key, value] as const];
  });
  // The key may stand there more than once, then all of it counts.
  const options = pairs.flatMap(([key, value]) => (key === 'options' ? [value] : [])).join(' ');
  return {
    files: pairs.filter(([key]) => FILES.has(key)).flatMap(([, value]) => value.split(/\s+/)),
    hasKernel: pairs.some(([key]) => FILES.has(key) && key !== 'initrd'),
    ostree: linkIn(options),
    composefs: optionIn(options, 'composefs')?.replace(/^\?/, '') ?? null,
  };
}

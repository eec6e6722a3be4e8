import { commandsOf } from './grub-script.ts';

/** Where a grub.cfg on the EFI system partition sends GRUB. */
export interface StubTarget {
  /** How it finds the file system; null: it does not search, or by a way that is not known here. */
  readonly search: { readonly by: 'uuid' | 'label'; readonly value: string } | null;
  /** Directories of the grub.cfg that it goes on with, as GRUB names them on that file system, the first that exists. */
  readonly directories: readonly string[];
  /** It has menu entries of its own: GRUB stays in it. */
  readonly isWhole: boolean;
}

const SEARCH_COMMANDS: Readonly<Record<string, 'uuid' | 'label'>> = {
  'search.fs_uuid': 'uuid',
  'search.fs_label': 'label',
};
const SEARCH_OPTIONS: Readonly<Record<string, 'uuid' | 'label'>> = {
  '--fs-uuid': 'uuid',
  '-u': 'uuid',
  '--label': 'label',
  '-l': 'label',
};

/**
 * Reads a stub as Fedora's installer, bootupd and Debian write them. `beside` gives the text of a file next to it, as
 * bootupd's stub reads the id of its file system from one. Branches are all taken: what is set wins over what is not.
 */
export function readStub(text: string, beside: (name: string) => string | null): StubTarget {
  const variables = new Map<string, string>();
  const directories: string[] = [];
  let search: StubTarget['search'] = null;
  let isWhole = /^\s*(?:menuentry|blscfg)\b/m.test(text);
  const walk = (script: string, depth: number) => {
    for (const command of commandsOf(script)) {
      const [name = '', ...words] = command;
      const found = searchOf(name, words, variables);
      // An id tells more than a label, which a second disk may have too.
      if (found !== null && (search === null || found.by === 'uuid')) search = found;
      else if (name === 'set' && words[0] !== undefined) assign(variables, words[0]);
      else if (name === 'configfile' || name === 'normal') {
        isWhole = false;
        const directory = directoryOf(filled(words[0] ?? '', variables));
        if (directory !== null && !directories.includes(directory)) directories.push(directory);
      } else if ((name === 'source' || name === '.') && depth === 0) {
        walk(beside((words[0] ?? '').replace(/^.*\//, '')) ?? '', 1);
      }
    }
  };
  walk(text, 0);
  return { search, directories, isWhole };
}

function searchOf(
  name: string,
  words: readonly string[],
  variables: ReadonlyMap<string, string>,
): StubTarget['search'] {
  const direct = SEARCH_COMMANDS[name];
  if (direct !== undefined) return { by: direct, value: filled(words[0] ?? '', variables) };
  if (name !== 'search') return null;
  let by: 'uuid' | 'label' | null = null;
  const rest: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    by = SEARCH_OPTIONS[word] ?? by;
    // `--set` and `-s` take the name of a variable with them.
    if (word === '--set' || word === '-s') at += 1;
    else if (!word.startsWith('-')) rest.push(word);
  }
  const value = filled(rest[0] ?? '', variables);
  return by === null || value === '' ? null : { by, value };
}

function assign(variables: Map<string, string>, word: string): void {
  const at = word.indexOf('=');
  // What a search found is a device: which one is not known here, and an earlier branch may have set it otherwise.
  const value = word.slice(at + 1).replace(/^\(\$(?:\{\w+\}|\w+)\)/, '(device)');
  if (at > 0) variables.set(word.slice(0, at), filled(value, variables));
}

/** A word with its variables replaced. One that is not known is nothing, as for GRUB. */
const filled = (word: string, variables: ReadonlyMap<string, string>): string =>
  word.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced?: string, bare?: string) => variables.get(braced ?? bare ?? '') ?? '',
  );

/** `/grub2` of `($dev)/grub2/grub.cfg`; null when it is no such path. */
const directoryOf = (path: string): string | null => /^\([^()]*\)(\/[^()]*)\/[^/]+$/.exec(path)?.[1] ?? null;

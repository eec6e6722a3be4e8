/** What a directory's scripts are for: checks whose failure costs the boot, or does not, and hooks after the verdict. */
export type ScriptKind = 'required' | 'wanted' | 'green' | 'red';

export interface ScriptDirectory {
  readonly path: string;
  readonly kind: ScriptKind;
}

/** The image's tree first, then the site's: scripts of the same number start in this order. */
export const CHECK_DIRECTORIES: readonly ScriptDirectory[] = [
  { path: '/usr/lib/greenboot/check/required.d', kind: 'required' },
  { path: '/etc/greenboot/check/required.d', kind: 'required' },
  { path: '/usr/lib/greenboot/check/wanted.d', kind: 'wanted' },
  { path: '/etc/greenboot/check/wanted.d', kind: 'wanted' },
];

export const HOOK_DIRECTORIES: Readonly<Record<'green' | 'red', readonly ScriptDirectory[]>> = {
  green: [
    { path: '/usr/lib/greenboot/green.d', kind: 'green' },
    { path: '/etc/greenboot/green.d', kind: 'green' },
  ],
  red: [
    { path: '/usr/lib/greenboot/red.d', kind: 'red' },
    { path: '/etc/greenboot/red.d', kind: 'red' },
  ],
};

/** One name in a directory, or below it. */
export interface Entry {
  readonly path: string;
  readonly directory: ScriptDirectory;
  /** What it is, with links followed; `nothing`: a link that leads nowhere. */
  readonly is: 'file' | 'nothing' | 'null-device' | 'other';
  readonly executable: boolean;
}

/** A script that is to be run. */
export interface Script {
  readonly path: string;
  readonly kind: ScriptKind;
  /** Why it cannot be run, where that is known beforehand; it counts all the same. */
  readonly broken: string | null;
}

/** A file that is there and is not run. */
export interface NotRun {
  readonly path: string;
  readonly why: string;
}

export interface Selection {
  readonly scripts: readonly Script[];
  readonly notRun: readonly NotRun[];
  /** Names in DISABLED_HEALTHCHECKS that no file has: most likely mistyped. */
  readonly unknownDisabled: readonly string[];
}

/** What editors and package managers leave beside a file. */
const LEFT_OVER = /(?:~|\.(?:bak|orig|old|rej|swp|rpmnew|rpmsave|rpmorig|dpkg-\w+|ucf-\w+))$|^\.#|^#.*#$/;

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Which files are scripts: `*.sh` whether executable or not, as greenboot has it, and any executable directly in the
 * directory, as greenboot-rs has it. A link to /dev/null in /etc takes the file of that name in /usr/lib out.
 */
export function select(entries: readonly Entry[], disabled: readonly string[]): Selection {
  const scripts: Script[] = [];
  const notRun: NotRun[] = [];
  const masks = new Set(entries.filter(isMask).map(({ path, directory }) => maskKey(path, directory)));
  for (const entry of entries) {
    const why = whyNot(entry, disabled, masks);
    if (why !== null) notRun.push({ path: entry.path, why });
    else scripts.push({ path: entry.path, kind: entry.directory.kind, broken: whyBroken(entry) });
  }
  const names = new Set(entries.map(({ path }) => baseName(path)));
  return { scripts, notRun, unknownDisabled: disabled.filter((name) => !names.has(name)) };
}

const isMask = ({ is, path }: Entry): boolean => is === 'null-device' && path.startsWith('/etc/');

/** The kind and the path below the directory: the same in both trees. */
const maskKey = (path: string, directory: ScriptDirectory): string =>
  `${directory.kind} ${path.slice(directory.path.length)}`;

function whyNot({ path, directory, is, executable }: Entry, disabled: readonly string[], masks: ReadonlySet<string>) {
  const name = baseName(path);
  if (is === 'null-device') return 'a link to /dev/null';
  if (disabled.includes(name)) return 'named in DISABLED_HEALTHCHECKS';
  if (path.startsWith('/usr/') && masks.has(maskKey(path, directory))) return 'masked by a link to /dev/null in /etc';
  if (LEFT_OVER.test(name)) return 'left over by an editor or a package manager';
  if (name.endsWith('.sh')) return null;
  if (path.slice(directory.path.length + 1).includes('/')) return 'not *.sh, and below a subdirectory';
  // Whether a link to nothing would be executable, nobody knows: it is not passed over.
  return executable || is === 'nothing' ? null : 'neither *.sh nor executable';
}

const whyBroken = ({ is }: Entry): string | null =>
  is === 'file' ? null : is === 'nothing' ? 'it is a link that leads nowhere' : 'it is no file';

/** Interpreters that bash stands in for. */
const SHELLS = /^(?:sh|bash|dash|ash|ksh|busybox)$/;
const ELF = '\u007fELF';

/**
 * How a script is started, from the bytes at its start. `*.sh` is read by bash, whatever its first line says, unless
 * that names something other than a shell. An executable without a first line for the kernel is read by bash too.
 */
export function commandOf(path: string, place: string, head: string): readonly [string, ...string[]] {
  const [, interpreter = '', argument] = /^#![ \t]*(\S+)(?:[ \t]+([^\n]*?))?[ \t]*\r?(?:\n|$)/.exec(head) ?? [];
  if (!path.endsWith('.sh')) return interpreter !== '' || head.startsWith(ELF) ? [place] : ['bash', place];
  if (interpreter === '' || SHELLS.test(programOf(interpreter, argument))) return ['bash', place];
  return argument === undefined ? [interpreter, place] : [interpreter, argument, place];
}

/** The program that a first line means: behind env(1), the first word that is neither an option nor a variable. */
function programOf(interpreter: string, argument = ''): string {
  const name = baseName(interpreter);
  if (name !== 'env') return name;
  return baseName(argument.split(/\s+/).find((word) => !/^-|=/.test(word)) ?? '');
}

/**
 * The scripts in the order they start in: those of the same number together, numbers in the order of their text, as
 * names have always been sorted; what has no number last.
 */
export function wavesOf(scripts: readonly Script[]): readonly (readonly Script[])[] {
  const waves = Map.groupBy(scripts, ({ path }) => /^\d+/.exec(baseName(path))?.[0] ?? '');
  return [...waves].sort(([one], [other]) => compareNumbers(one, other)).map(([, wave]) => wave);
}

function compareNumbers(one: string, other: string): number {
  if (one === '' || other === '') return one === '' ? 1 : -1;
  return one < other ? -1 : 1;
}

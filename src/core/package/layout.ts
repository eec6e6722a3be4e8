/**
 * Where goodboot is installed. `/usr`: a part of the image, and of each deployment. `/usr/local`: beside an image that is
 * not to be changed. Units are in /etc there, since PID 1 reads them before /var is mounted, where OSTree has /usr/local.
 */
export const PREFIXES = ['/usr', '/usr/local'] as const;
export type Prefix = (typeof PREFIXES)[number];

/** The files of a program: it needs the second one beside it. The names are those of a release. */
export const PROGRAMS = ['goodboot', 'libatomic.so.1'] as const;
export type Program = (typeof PROGRAMS)[number];

/** One thing to install. `program`: copied from where the programs are; everything else is text, or a link. */
export type Placed =
  | { readonly path: string; readonly content: string; readonly mode: number }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly program: Program; readonly mode: number };

interface Places {
  /**
   * Below a directory `bin` and below none that is called `lib`: SELinux labels it as programs that a unit may start,
   * also in /usr/local (file contexts of the reference policy and of Fedora's).
   */
  readonly programs: string;
  /** Read only by what runs after /var is mounted. */
  readonly data: string;
  /** Started when nothing but / and /etc is there. */
  readonly deadman: string;
  readonly why: string;
  readonly systemd: string;
  readonly tmpfiles: string;
  readonly sysusers: string;
  /** What only an image has: systems that are installed already get it another way. */
  readonly image: boolean;
}

const PLACES: Readonly<Record<Prefix, Places>> = {
  '/usr': {
    programs: '/usr/libexec/goodboot',
    data: '/usr/lib/goodboot',
    deadman: '/usr/libexec/goodboot/deadman',
    why: '/usr/libexec/goodboot/why',
    systemd: '/usr/lib/systemd',
    tmpfiles: '/usr/lib/tmpfiles.d',
    sysusers: '/usr/lib/sysusers.d',
    image: true,
  },
  '/usr/local': {
    programs: '/usr/local/libexec/goodboot/bin',
    data: '/usr/local/libexec/goodboot',
    deadman: '/etc/goodboot/deadman',
    why: '/etc/goodboot/why',
    systemd: '/etc/systemd',
    tmpfiles: '/etc/tmpfiles.d',
    sysusers: '/etc/sysusers.d',
    image: false,
  },
};

export const GRUB_FRAGMENT = 'dist/grub/09_goodboot.cfg';
export const PRESET = 'units/90-goodboot.preset';

/** The directory of what a running goodboot reads: `executable` is its own path, links resolved. */
export const dataDirectory = (executable: string): string =>
  /^(.*\/libexec\/goodboot)\/bin\/[^/]+$/.exec(executable)?.[1] ?? PLACES['/usr'].data;

/**
 * Whether a file in the directory of the programs is what a copy left that a power cut ended. Such a one is named by
 * chance, so no record has it, and it may have the size of the whole program.
 */
export const isLeftover = (name: string): boolean => PROGRAMS.some((program) => name.startsWith(`.${program}.`));

/** The directory of the programs. */
export const programsPath = (prefix: Prefix): string => PLACES[prefix].programs;

/** Where the record of an installation is: what was put where. */
export const recordPath = (prefix: Prefix): string => `${PLACES[prefix].data}/installed.json`;

/** The units that the preset enables. */
export const enabledUnits = (preset: string): readonly string[] =>
  [...preset.matchAll(/^enable (\S+)$/gm)].map((match) => match[1]!);

/** Everything that an installation consists of: the programs first, the units after what they start. */
export function layOut(
  prefix: Prefix,
  files: readonly { readonly path: string; readonly mode: number }[],
  text: (path: string) => string,
): readonly Placed[] {
  const places = PLACES[prefix];
  const { programs } = places;
  return [
    { path: `${programs}/libatomic.so.1`, program: 'libatomic.so.1', mode: 0o755 },
    { path: `${programs}/goodboot`, program: 'goodboot', mode: 0o755 },
    { path: `${programs}/goodboot-check`, link: 'goodboot' },
    { path: `${prefix}/bin/goodboot`, link: `..${programs.slice(prefix.length)}/goodboot` },
    ...files.flatMap(({ path, mode }): readonly Placed[] => {
      const place = placeOf(path, prefix, places);
      return place === null ? [] : [{ path: place, mode, content: withPaths(text(path), prefix, places) }];
    }),
  ];
}

/** The place of a file of the repository; null: it is not installed. */
function placeOf(path: string, prefix: Prefix, places: Places): string | null {
  const [, name = ''] = /^units\/((?:good|green|red)boot-.+)$/.exec(path) ?? [];
  if (name !== '') return `${places.systemd}/system/${name}`;
  const [, data = ''] = /^units\/((?:sandbox|greenboot)\/.+)$/.exec(path) ?? [];
  if (data !== '') return `${places.data}/${data}`;
  const share = `${prefix}/share`;
  if (path.startsWith('schema/')) return `${share}/goodboot/${path}`;
  switch (path) {
    case PRESET:
      return `${places.systemd}/system-preset/90-goodboot.preset`;
    case 'units/goodboot.tmpfiles.conf':
      return `${places.tmpfiles}/goodboot.conf`;
    case 'units/goodboot.sysusers.conf':
      return `${places.sysusers}/goodboot.conf`;
    case 'dist/libexec/deadman':
      return places.deadman;
    case 'dist/libexec/why':
      return places.why;
    case GRUB_FRAGMENT: // bootupd takes it from there when it makes a disk
      return places.image ? '/usr/lib/bootupd/grub2-static/configs.d/09_goodboot.cfg' : null;
    case 'dist/config.yaml': // goodboot has it built in
      return places.image ? `${places.data}/config.yaml` : null;
    case 'dist/catalog/goodboot.catalog':
      return `${prefix}/lib/systemd/catalog/goodboot.catalog`;
    case 'dist/man/goodboot.8':
      return `${share}/man/man8/goodboot.8`;
    case 'dist/completions/goodboot.bash':
      return `${share}/bash-completion/completions/goodboot`;
    case 'dist/completions/_goodboot':
      return `${share}/zsh/site-functions/_goodboot`;
    case 'dist/completions/goodboot.fish':
      return `${share}/fish/vendor_completions.d/goodboot.fish`;
    default:
      return null;
  }
}

/** The files are written for /usr; elsewhere their paths are others. */
function withPaths(text: string, prefix: Prefix, places: Places): string {
  const usr = PLACES['/usr'];
  if (places === usr) return text;
  return text
    .replaceAll('/usr/bin/goodboot', `${prefix}/bin/goodboot`)
    .replaceAll(usr.deadman, places.deadman)
    .replaceAll(usr.why, places.why)
    .replaceAll(`${usr.programs}/`, `${places.programs}/`)
    .replaceAll(`${usr.data}/sandbox`, `${places.data}/sandbox`)
    .replaceAll(`${usr.data}/greenboot`, `${places.data}/greenboot`);
}

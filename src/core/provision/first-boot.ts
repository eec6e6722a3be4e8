import { enabledUnits, layOut, type Placed, PRESET, type Program, recordPath } from '../package/layout.ts';
import { type InstallRecord, recordText } from '../package/record.ts';

/** Where the bytes of a file come from: the config itself, or a server. */
export type Content =
  | { readonly text: string }
  /** `sha256`: of what is written, hexadecimal. `gzip`: the server has it compressed. */
  | { readonly url: string; readonly sha256: string; readonly gzip: boolean };

/** What Ignition does in the first boot of a node, whatever the format that it is written in. */
export interface FirstBoot {
  /** Another config that is fetched and done first; `sha512` is hexadecimal. */
  readonly merge: { readonly url: string; readonly sha512: string } | null;
  readonly directories: readonly { readonly path: string; readonly mode: number }[];
  readonly files: readonly { readonly path: string; readonly mode: number; readonly content: Content }[];
  /** Added at the end of a file, which is made where there is none. */
  readonly appended: readonly { readonly path: string; readonly mode: number; readonly text: string }[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly units: readonly { readonly name: string; readonly enabled: boolean; readonly text: string }[];
  /** Whether files are below /boot, which has a file system of its own. */
  readonly boot: boolean;
}

export const NOTHING: FirstBoot = {
  merge: null,
  directories: [],
  files: [],
  appended: [],
  links: [],
  units: [],
  boot: false,
};

const UNITS = '/etc/systemd/system/';
/** What every system has, or what others put things into as well: it is not taken out with goodboot. */
const SHARED = new Set([
  ...[
    '/etc',
    '/etc/systemd',
    '/etc/systemd/system',
    '/etc/systemd/system-preset',
    '/etc/sysusers.d',
    '/etc/tmpfiles.d',
  ],
  ...['/usr', '/usr/local', '/usr/local/bin', '/usr/local/lib', '/usr/local/libexec', '/usr/local/share'],
  '/usr/local/share/man',
]);

/** Everything of goodboot itself, for any node: as `goodboot install` lays it out beside an image. */
export function installation(
  { version, programs }: { readonly version: string; readonly programs: Readonly<Record<Program, Content>> },
  files: readonly { readonly path: string; readonly mode: number }[],
  text: (path: string) => string,
): FirstBoot {
  const placed = layOut('/usr/local', files, text);
  const enabled = new Set(enabledUnits(text(PRESET)));
  const isUnit = ({ path }: Placed) => path.startsWith(UNITS) && !path.slice(UNITS.length).includes('/');
  const record = {
    path: recordPath('/usr/local'),
    mode: 0o644,
    content: recordText(recordOf(placed, version, [...enabled])),
  };
  return {
    ...NOTHING,
    files: [...placed, record].flatMap((each) => {
      if ('link' in each || isUnit(each)) return [];
      const content: Content = 'program' in each ? programs[each.program] : { text: each.content };
      return [{ path: each.path, mode: each.mode, content }];
    }),
    links: placed.flatMap((each) => ('link' in each ? [{ path: each.path, target: each.link }] : [])),
    units: placed.flatMap((each) => {
      if (!('content' in each) || !isUnit(each)) return [];
      const name = each.path.slice(UNITS.length);
      return [{ name, enabled: enabled.has(name), text: each.content }];
    }),
  };
}

/** Lets GRUB count the boots of a trial. `hook` is what custom.cfg reads the fragment with. */
export const counting = (fragment: string, fragmentName: string, hook: string): FirstBoot => ({
  ...NOTHING,
  files: [{ path: `/boot/grub2/${fragmentName}`, mode: 0o600, content: { text: fragment } }],
  appended: [{ path: '/boot/grub2/custom.cfg', mode: 0o600, text: hook }],
  boot: true,
});

/** Several, one after the other. Only one of them merges another config. */
export const together = (parts: readonly FirstBoot[]): FirstBoot => ({
  merge: parts.find(({ merge }) => merge !== null)?.merge ?? null,
  directories: parts.flatMap(({ directories }) => directories),
  files: parts.flatMap(({ files }) => files),
  appended: parts.flatMap(({ appended }) => appended),
  links: parts.flatMap(({ links }) => links),
  units: parts.flatMap(({ units }) => units),
  boot: parts.some(({ boot }) => boot),
});

/** As `goodboot install` would have written it, so that a later one, and `goodboot uninstall`, know what is whose. */
function recordOf(placed: readonly Placed[], version: string, preset: readonly string[]): InstallRecord {
  const paths = placed.map(({ path }) => path).toSorted();
  const directories = new Set<string>();
  for (const path of [...paths, recordPath('/usr/local')]) {
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) if (!SHARED.has(at)) directories.add(at);
  }
  return { v: 1, version, prefix: '/usr/local', paths, directories: [...directories].toSorted(), preset };
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

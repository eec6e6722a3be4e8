import type { Content, FirstBoot } from './first-boot.ts';

/** As Butane's own settings for GRUB have it: /boot is mounted for Ignition, and nothing in it is touched. */
const BOOT = { device: '/dev/disk/by-label/boot', format: 'ext4', path: '/boot' } as const;

/** A text within a config, as its format has it. */
type Pack = (text: string) => object;

/** A text as a data URL, compressed where that is shorter. */
export type DataUrl = (text: string) => { readonly source: string; readonly compression?: 'gzip' };

/**
 * The config as Ignition reads it, to be written as JSON. Specification 3.3.0 is the oldest that has all that is wanted
 * here: nodes of any age take it.
 */
export const ignitionOf = (config: FirstBoot, dataUrl: DataUrl): object => ({
  ignition: { version: '3.3.0', ...mergeOf(config) },
  ...storageOf(config, dataUrl, 'wipeFilesystem'),
  ...systemdOf(config),
});

/** The same config as Butane reads it, to be written as YAML. It translates this version to 3.3.0. */
export const butaneOf = (config: FirstBoot): object => ({
  variant: 'fcos',
  version: '1.4.0',
  ...(config.merge === null ? {} : { ignition: mergeOf(config) }),
  ...storageOf(config, (text) => ({ inline: text }), 'wipe_filesystem'),
  ...systemdOf(config),
});

const mergeOf = ({ merge }: FirstBoot): object =>
  merge === null
    ? {}
    : { config: { merge: [{ source: merge.url, verification: { hash: `sha512-${merge.sha512}` } }] } };

function storageOf(config: FirstBoot, pack: Pack, wipe: 'wipeFilesystem' | 'wipe_filesystem'): object {
  const files = [
    // A node that is provisioned again may still have its old /var, and these files in it.
    ...config.files.map(({ path, mode, content }) => ({
      path,
      mode,
      overwrite: true,
      contents: contentsOf(content, pack),
    })),
    ...config.appended.map(({ path, mode, text }) => ({ path, mode, append: [pack(text)] })),
  ];
  return some('storage', {
    ...some('directories', config.directories),
    ...(config.boot ? { filesystems: [{ ...BOOT, [wipe]: false }] } : {}),
    ...some('files', files),
    ...some(
      'links',
      config.links.map((link) => ({ ...link, overwrite: true })),
    ),
  });
}

/** Of a file from elsewhere. The hash is that of what is written, also where the server has it compressed. */
function contentsOf(content: Content, pack: Pack): object {
  if ('text' in content) return pack(content.text);
  const { url, sha256, gzip } = content;
  return { source: url, ...(gzip ? { compression: 'gzip' } : {}), verification: { hash: `sha256-${sha256}` } };
}

function systemdOf({ units }: FirstBoot): object {
  const items = units.map(({ name, enabled, text }) => ({ name, ...(enabled ? { enabled } : {}), contents: text }));
  return some('systemd', some('units', items));
}

/** What holds nothing is left out. */
const some = (name: string, value: object): object => (Object.keys(value).length === 0 ? {} : { [name]: value });

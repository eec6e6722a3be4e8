import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { dataUrl } from '../../src/adapters/files/data-url.ts';

/** What stands at a key: a value of that type, a map with these keys, or a list of such maps. */
type Shape = 'text' | 'truth' | 'mode' | 'resource' | { readonly [key: string]: Shape } | readonly [Shape];

const MERGED = { source: 'text', verification: { hash: 'text' } } as const;

/** The part of variant fcos, version 1.4.0, that goodboot writes (Butane's page of that version). */
const SHAPE: Shape = {
  variant: 'text',
  version: 'text',
  ignition: { config: { merge: [MERGED] } },
  storage: {
    directories: [{ path: 'text', mode: 'mode' }],
    filesystems: [{ device: 'text', format: 'text', path: 'text', wipe_filesystem: 'truth' }],
    files: [{ path: 'text', mode: 'mode', overwrite: 'truth', contents: 'resource', append: ['resource'] }],
    links: [{ path: 'text', target: 'text', overwrite: 'truth' }],
  },
  systemd: { units: [{ name: 'text', enabled: 'truth', contents: 'text' }] },
};

/** The config of Ignition that Butane makes of a text, with what is inline as `opened` has it. @throws on any other key */
export function translated(text: string): object {
  const {
    variant,
    version,
    ignition = {},
    ...rest
  } = translate(parse(text, { version: '1.1' }), SHAPE, '') as Record<string, object>;
  if (String(variant) !== 'fcos' || String(version) !== '1.4.0') throw new Error(`${variant} ${version}`);
  return { ignition: { version: '3.3.0', ...ignition }, ...rest };
}

/** A config of Ignition with every data URL as the text that it holds. */
export function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== 'object') return value;
  const { source, compression } = value as { source?: string; compression?: string };
  if (source?.startsWith('data:')) return { inline: textOf(source, compression) };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, opened(each)]));
}

function textOf(url: string, compression: string | undefined): string {
  const [head = '', data = ''] = url.split(/,(.*)/s);
  const bytes = head.endsWith(';base64') ? Buffer.from(data, 'base64') : Buffer.from(decodeURIComponent(data));
  return (compression === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

function translate(value: unknown, shape: Shape, at: string): unknown {
  const wrong = (): Error => new Error(`${at}: ${JSON.stringify(value)?.slice(0, 80)}`);
  if (shape === 'resource') {
    const inline = value !== null && typeof value === 'object' && 'inline' in value;
    return translate(value, inline ? { inline: 'text' } : { ...MERGED, compression: 'text' }, at);
  }
  if (typeof shape === 'string') {
    const type = { text: 'string', truth: 'boolean', mode: 'number' }[shape];
    if (typeof value !== type) throw wrong();
    return value;
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw wrong();
    return value.map((each, index) => translate(each, shape[0], `${at}[${index}]`));
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong();
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const inner = (shape as Readonly<Record<string, Shape>>)[key];
      if (inner === undefined) throw new Error(`${at}.${key}: not a key of Butane 1.4.0`);
      return [key === 'wipe_filesystem' ? 'wipeFilesystem' : key, translate(each, inner, `${at}.${key}`)];
    }),
  );
}

/** The other way round: every text as a data URL. */
export function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const { inline } = value as { inline?: string };
  if (inline !== undefined) return dataUrl(inline);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closed(each)]));
}

import { gzipSync } from 'node:zlib';
import type { DataUrl } from '../../core/provision/ignition.ts';

/** What `"compression":"gzip",` adds. */
const PACKED_MORE = 21;

/** A text as a data URL (RFC 2397), compressed where that is shorter. */
export const dataUrl: DataUrl = (text) => {
  const plain = { source: `data:,${encodeURIComponent(text)}` };
  const base64 = gzipSync(text, { level: 9 }).toString('base64');
  const packed = { source: `data:;base64,${base64}`, compression: 'gzip' } as const;
  return packed.source.length + PACKED_MORE < plain.source.length ? packed : plain;
};

import { GoodbootError } from './errors.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
};

/** How a size is written: a number and its unit, which tells powers of 1024 from powers of 1000. */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?) ?([KMGTP]iB|[kMGTP]?B)$/;

/**
 * Bytes of a size as people write it: `500MiB`, `1.5 GB`. `0` needs no unit.
 * @throws GoodbootError SIZE_INVALID
 */
export function parseSize(text: string): number {
  if (text === '0') return 0;
  const [, number, unit] = SIZE_PATTERN.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (UNIT_BYTES[unit ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) {
    throw new GoodbootError('SIZE_INVALID', `"${text}" is not a size such as 500MiB or 1.5GB`);
  }
  return bytes;
}

/** A size as people read it, rounded down so that it never claims more than there is: `12 MiB`, `1.5 GiB`. */
export function formatSize(bytes: number): string {
  const unit = ['PiB', 'TiB', 'GiB', 'MiB', 'KiB'].find((name) => bytes >= UNIT_BYTES[name]!) ?? 'B';
  const count = bytes / UNIT_BYTES[unit]!;
  return `${count < 10 ? Math.floor(count * 10) / 10 : Math.floor(count)} ${unit}`;
}

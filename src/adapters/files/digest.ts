import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { errnoOf, GoodbootError } from '../../core/errors.ts';

/** The digest of a file of this machine, hexadecimal. @throws GoodbootError FILE_UNREADABLE */
export async function digestOf(path: string, algorithm: 'sha256' | 'sha512'): Promise<string> {
  const hash = createHash(algorithm);
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new GoodbootError('FILE_UNREADABLE', `${path}: cannot be read: ${errnoOf(cause) ?? 'failed'}`, { cause });
  }
  return hash.digest('hex');
}

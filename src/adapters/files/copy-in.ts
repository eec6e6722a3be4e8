import { basename, dirname, join } from 'node:path';
import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import { copyNew, placeDurably } from './durable.ts';
import { sameBytes } from './same-bytes.ts';

/**
 * Puts a copy of a file of this machine, whatever its size, at a path of these files, in one step and durably.
 * @throws GoodbootError FILE_UNWRITABLE
 */
export const copyInto =
  (files: Files) =>
  async (from: string, path: string, mode: number): Promise<void> => {
    try {
      const place = join(await files.place(dirname(path)), basename(path));
      await placeDurably(place, async (beside) => {
        await copyNew(from, beside, mode);
        // Read back before it takes the place of one that works: what is copied may change meanwhile.
        if (!(await sameBytes(from, beside)))
          throw new GoodbootError('FILE_UNWRITABLE', `${from} to ${path}: the copy is another one than the original`);
      });
    } catch (cause) {
      if (cause instanceof GoodbootError) throw cause;
      throw new GoodbootError('FILE_UNWRITABLE', `${from} to ${path}: ${errnoOf(cause) ?? 'failed'}`, { cause });
    }
  };

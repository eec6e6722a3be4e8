import { basename, dirname, join } from 'node:path';
import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import { copyNew, placeDurably } from './durable.ts';

/**
 * Puts a copy of a file of this machine, whatever its size, at a path of these files, in one step and durably.
 * @throws GoodbootError FILE_UNWRITABLE
 */
export const copyInto =
  (files: Files) =>
  async (from: string, path: string, mode: number): Promise<void> => {
    try {
      const place = join(await files.place(dirname(path)), basename(path));
      await placeDurably(place, (beside) => copyNew(from, beside, mode));
    } catch (cause) {
      if (cause instanceof GoodbootError) throw cause;
      throw new GoodbootError('FILE_UNWRITABLE', `${from} to ${path}: ${errnoOf(cause) ?? 'failed'}`, { cause });
    }
  };

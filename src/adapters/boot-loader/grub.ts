import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ErrorCode, errnoOf, GoodbootError, messageOf } from '../../core/errors.ts';
import {
  editGrubenv,
  GRUBENV_BYTES,
  type Grubenv,
  type GrubenvChange,
  grubenvVariables,
  parseGrubenv,
  serializeGrubenv,
} from '../../core/grubenv.ts';
import type { BootLoader, BootLoaderState } from '../../ports/boot-loader.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { entryOf, hasSecondEntry } from './grub-entry.ts';
import { isReadOnlyForAll, makeWritable, mountOf } from './mount.ts';

export interface GrubOptions {
  /** The environment block on this machine; a link is followed. */
  readonly path: string;
  /** Where the boot entries are, and what they lead to. */
  readonly files: Files;
  /** Runs mount(8) when the block's file system is read-only. */
  readonly processes: Processes;
  /** Told one sentence when the change was made, but something else was left undone. */
  readonly warn: (message: string) => void;
}

/** GRUB, which keeps its state in an environment block: `boot_counter` and `boot_success`. */
export function makeGrub(options: GrubOptions): BootLoader {
  const { path, files } = options;
  const edit = (change: (block: Grubenv) => GrubenvChange) => editBlock(options, change);
  return {
    name: 'grub',
    detail: path,
    can: { mark: true, countAttempts: true },
    read: () =>
      about(path, 'GRUBENV_UNREADABLE', async () => stateOf(grubenvVariables(parseGrubenv(await readBlock(path))))),
    needsOwnMounts: () => isReadOnlyForAll(path),
    apply: async ({ success, counter, fallback }) => {
      const variables = {
        ...(success === undefined ? {} : { boot_success: success ? '1' : '0' }),
        // The copy tells the fragment whether another counting snippet was there before it in the same boot.
        ...(counter === undefined ? {} : counted(counter === null ? null : String(counter))),
      };
      if (counter === undefined && fallback === undefined) return edit(() => variables);
      const entry = fallback === undefined || fallback === null ? null : await entryOf(files, fallback);
      return edit((block) => {
        const named = { ...variables, [FALLBACK]: entry };
        return hasRoom(editGrubenv(block, named)) ? named : { ...variables, [FALLBACK]: null };
      });
    },
    attemptsFor: (wish) =>
      about(path, 'GRUBENV_UNREADABLE', async () => {
        const armed = editGrubenv(parseGrubenv(await readBlock(path)), counted(String(wish)));
        serializeGrubenv(editGrubenv(withGrubsOwn(armed), { [FALLBACK]: 'x'.repeat(FALLBACK_BYTES) }));
        return wish;
      }),
    hasFallback: () => hasSecondEntry(files),
    takeProof: async () => {
      const proof = await about(path, 'GRUBENV_UNREADABLE', async () =>
        grubenvVariables(parseGrubenv(await readBlock(path))).get(PROOF),
      );
      // Not removed: its bytes would be given back, and a block that fills up meanwhile could not be saved by GRUB.
      if (proof === '1') await edit(() => ({ [PROOF]: '0' }));
      return proof === '1';
    },
  };
}

/**
 * Takes out of the block what only goodboot and its fragment use, and a counter that they set: a distribution's own counting
 * would go on with it, and leave a deployment that nobody marks. False: there was nothing of it.
 * @throws GoodbootError GRUBENV_*
 */
export const forgetGoodboot = (options: GrubOptions): Promise<boolean> =>
  editBlock(options, (block) => {
    const variables = grubenvVariables(block);
    const isOurs = variables.has(COPY) && variables.get(COPY) === variables.get('boot_counter');
    return { [PROOF]: null, [FALLBACK]: null, [COPY]: null, ...(isOurs ? { boot_counter: null } : {}) };
  });

/** False: the block says so already, and was not written. */
async function editBlock(options: GrubOptions, change: (block: Grubenv) => GrubenvChange): Promise<boolean> {
  const { path } = options;
  const [current, next] = await about(path, 'GRUBENV_UNREADABLE', async () => {
    const bytes = await readBlock(path);
    const block = parseGrubenv(bytes);
    return [bytes, serializeGrubenv(editGrubenv(block, change(block)))];
  });
  if (next.equals(current)) return false;
  await about(path, 'GRUBENV_UNWRITABLE', () => writeBlock(options, next));
  return true;
}

/** The fragment (dist/grub/) saves it on every boot: who finds it knows that GRUB ran the fragment and can write. */
const PROOF = 'goodboot_fragment';
/** The id of the entry that the fragment starts when the attempts are used up. */
const FALLBACK = 'goodboot_fallback';
/** `boot_counter` as goodboot and its fragment wrote it last. */
const COPY = 'goodboot_counter';
/** Room that is kept for it while nobody knows it: `ostree-1-fedora-coreos` takes 22. A longer one is used where it fits. */
const FALLBACK_BYTES = 64;

/** An empty value is as good as none: GRUB's own tests (`-n`) see no difference either. */
function stateOf(variables: ReadonlyMap<string, string>): BootLoaderState {
  const counter = variables.get('boot_counter') || null;
  const success = variables.get('boot_success') || null;
  if (counter !== null && !/^-?\d{1,9}$/.test(counter)) {
    throw new GoodbootError('GRUBENV_INVALID', `boot_counter is "${counter}", a whole number was wanted`);
  }
  if (success !== null && success !== '0' && success !== '1') {
    throw new GoodbootError('GRUBENV_INVALID', `boot_success is "${success}", 0 or 1 was wanted`);
  }
  return { counter: counter === null ? null : Number(counter), success: success === null ? null : success === '1' };
}

const counted = (counter: string | null): GrubenvChange => ({ boot_counter: counter, [COPY]: counter });

/** The block with what GRUB will write into it, each value as long as it gets: without room, GRUB writes nothing and counts nothing. */
function withGrubsOwn(block: Grubenv): Grubenv {
  const counter = grubenvVariables(block).get('boot_counter') ?? '';
  const longest = counter.length > 2 ? counter : '-1';
  return editGrubenv(block, { ...counted(longest), boot_success: '0', [PROOF]: '1' });
}

function hasRoom(block: Grubenv): boolean {
  try {
    serializeGrubenv(withGrubsOwn(block));
    return true;
  } catch {
    return false;
  }
}

/** The whole block. Opened without blocking: a FIFO in its place must not hang the boot. */
async function readBlock(path: string): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const info = await file.stat();
  if (!info.isFile()) throw new GoodbootError('GRUBENV_UNREADABLE', 'a regular file was wanted');
  if (info.size !== GRUBENV_BYTES) {
    throw new GoodbootError('GRUBENV_INVALID', `${info.size} bytes, ${GRUBENV_BYTES} wanted`);
  }
  return await readWhole(file);
}

async function readWhole(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(GRUBENV_BYTES), 0, GRUBENV_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

async function writeBlock({ path, processes, warn }: Omit<GrubOptions, 'files'>, block: Buffer): Promise<void> {
  try {
    return await writeInPlace(path, block);
  } catch (error) {
    if (errnoOf(error) !== 'EROFS') throw error;
  }
  const putBack = await makeWritable(await mountOf(path), processes);
  try {
    await writeInPlace(path, block);
  } finally {
    const warning = await putBack();
    if (warning !== null) warn(warning);
  }
}

/** One write into the blocks that GRUB has on record: the file is neither cut nor replaced, and read back after. */
async function writeInPlace(path: string, block: Buffer): Promise<void> {
  await using file = await open(path, constants.O_RDWR);
  const { bytesWritten } = await file.write(block, 0, GRUBENV_BYTES, 0);
  await file.sync();
  if (bytesWritten !== GRUBENV_BYTES || !(await readWhole(file)).equals(block)) {
    throw new GoodbootError('GRUBENV_UNWRITABLE', 'what was written is not what is read back');
  }
}

/** Runs one operation. What it throws names the block and has a code: `code` for what the system refused. */
async function about<T>(path: string, code: ErrorCode, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    const subject = `grubenv ${path}`;
    if (error instanceof GoodbootError) {
      const message = error.message.replace(/^grubenv: /, '');
      throw new GoodbootError(error.code, `${subject}: ${message}`, { cause: error.cause, hint: error.hint });
    }
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new GoodbootError('GRUBENV_MISSING', `${subject}: does not exist`);
    }
    // Root is refused like this only by the immutable attribute.
    const hint = errno === 'EPERM' ? { hint: 'see lsattr, and take the attribute away: chattr -i FILE' } : {};
    throw new GoodbootError(code, `${subject}: ${messageOf(error)}`, { cause: error, ...hint });
  }
}

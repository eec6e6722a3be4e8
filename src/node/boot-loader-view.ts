import { GoodbootError, messageOf } from '../core/errors.ts';
import type { Problem, VerdictReport } from '../core/verdict-report.ts';
import type { BootLoader } from '../ports/boot-loader.ts';

export type BootLoaderView = VerdictReport['bootLoader'];

/** The boot loader's state for people and for judging. One that cannot be read is a problem that is said, not a blank. */
export async function readBootLoader(
  bootLoader: BootLoader,
  note: (problem: Problem) => void,
  onTrial: string | null = null,
): Promise<BootLoaderView> {
  const { name, detail } = bootLoader;
  try {
    return { name, detail, ...(await bootLoader.read(onTrial)) };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    note({ code: error.code, message: messageOf(error) });
    return { name, detail, counter: null, success: null };
  }
}

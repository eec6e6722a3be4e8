import type { CountingFacts, FragmentFacts, GrubenvFacts } from '../../core/doctor/facts.ts';
import { GoodbootError } from '../../core/errors.ts';
import { loadState } from '../state.ts';
import type { DoctorDeps } from './deps.ts';

const FREEZER = 'grub-boot-success.timer';
/** Clocks of early boot and of file systems may be that far apart. */
const APART_MS = 60_000;
/** A file that is older than this was written while the clock was wrong, or its tool writes no times. */
const LEAST_TIME_MS = Date.UTC(2015);
/** Codes that say that the block is wrong; others say that it could not be looked at. */
const WRONG: readonly string[] = ['GRUBENV_MISSING', 'GRUBENV_INVALID', 'GRUBENV_FULL'];

export async function lookAtFragment(deps: DoctorDeps): Promise<FragmentFacts> {
  const [{ changedMs, ...facts }, proof] = await Promise.all([deps.grub.fragment(), proofOf(deps)]);
  const isOlderThanBoot =
    proof !== null &&
    deps.boot.startedBy === 'boot-loader' &&
    changedMs !== null &&
    changedMs > LEAST_TIME_MS &&
    changedMs < proof.beganMs - APART_MS;
  return { ...facts, proven: proof?.proven ?? null, isOlderThanBoot };
}

export async function lookAtGrubenv(deps: DoctorDeps): Promise<GrubenvFacts> {
  const { bootLoader, config, files, root } = deps;
  const inRoot = root === null ? bootLoader.detail : bootLoader.detail.slice(root.length);
  const proof = await proofOf(deps);
  try {
    await bootLoader.read();
    // Also says whether the counter still fits in.
    await bootLoader.attemptsFor(config.attempts);
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    const trouble = { message: error.message, hint: error.hint, isWrong: WRONG.includes(error.code) };
    return { path: inRoot, trouble, place: null, isLinkedAway: false, proven: proof?.proven ?? null };
  }
  const info = await files.info(inRoot);
  const { place, isLinkedAway } = await deps.grub.place(inRoot).catch((error: unknown) => {
    if (error instanceof GoodbootError || info !== null) return { place: null, isLinkedAway: false };
    throw error;
  });
  return { path: inRoot, trouble: null, place, isLinkedAway, proven: proof?.proven ?? null };
}

/** What goodboot-begin found in this boot. A memory that cannot be read is a finding of its own. */
async function proofOf({ files, boot }: DoctorDeps): Promise<{ proven: boolean; beganMs: number } | null> {
  try {
    const seen = (await loadState(files)).boots.at(-1);
    return seen?.bootId === boot.id && boot.id !== '' ? { proven: seen.proven, beganMs: seen.timeMs } : null;
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}

/** The unit is for users, and pulled in by a link that its package brings: being there is being enabled. */
export async function lookForFreezer({ files }: DoctorDeps): Promise<{ readonly timer: string | null }> {
  const own = `/etc/systemd/user/${FREEZER}`;
  if ((await files.readLink(own)) === '/dev/null') return { timer: null };
  for (const timer of [own, `/usr/lib/systemd/user/${FREEZER}`])
    if ((await files.info(timer)) !== null) return { timer };
  return { timer: null };
}

/** Asks the boot loader as arming an update does. */
export async function lookAtCounting({ bootLoader, config }: DoctorDeps): Promise<CountingFacts> {
  try {
    return { attempts: await bootLoader.attemptsFor(config.attempts) };
  } catch (error) {
    if (!(error instanceof GoodbootError) || error.code !== 'BOOT_LOADER_UNSUPPORTED') throw error;
    return { attempts: { refused: error.message } };
  }
}

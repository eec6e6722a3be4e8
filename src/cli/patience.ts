import { formatDuration } from '../core/duration.ts';
import type { Files } from '../ports/files.ts';

/** The dead-man leaves a boot alone that is being judged: systemd itself bounds that, by the time that is asked for here. */
const JUDGING = '/run/goodboot/judging';
/** For what a verdict does after its checks. */
const MARGIN_MS = 5 * 60_000;

/** Says that a verdict is being made and how long it may take: to the dead-man, and to systemd where it started us. */
export async function askForTime(files: Files, ms: number, status: string): Promise<void> {
  await files.replace(JUDGING, `${status}\n`);
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const { notify } = await import('../adapters/journald/libsystemd.ts');
  notify(`EXTEND_TIMEOUT_USEC=${(ms + MARGIN_MS) * 1000}\nSTATUS=${status}, for ${formatDuration(ms)} at most`);
}

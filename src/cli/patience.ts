import { formatDuration } from '../core/duration.ts';
import { JUDGING } from '../node/outlook.ts';
import type { Files } from '../ports/files.ts';

/** For what a verdict does after its checks. */
const MARGIN_MS = 5 * 60_000;

/**
 * Says that a verdict is being made and how long it may take. The dead-man leaves such a boot alone: systemd itself bounds
 * it, by the time that is asked for here.
 */
export async function askForTime(files: Files, ms: number, status: string): Promise<void> {
  await files.replace(JUDGING, `${status}\n`);
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const { notify } = await import('../adapters/journald/notify.ts');
  notify(`EXTEND_TIMEOUT_USEC=${(ms + MARGIN_MS) * 1000}\nSTATUS=${status}, for ${formatDuration(ms)} at most`);
}

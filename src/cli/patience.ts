import { grantStartTime } from '../adapters/systemd/start-time.ts';
import { formatDuration } from '../core/duration.ts';
import { JUDGING } from '../node/outlook.ts';
import type { Files } from '../ports/files.ts';

/** For what a verdict does after its checks. */
const MARGIN_MS = 5 * 60_000;
/** TimeoutStartSec= of goodboot-verdict.service: the default deadline, and the margin. */
export const VERDICT_START_MS = 20 * 60_000;

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

/**
 * Has a daemon-reload in the middle of a long judging not end it: whatever reloads, be it an installer or a quadlet, would
 * cost a boot on trial an attempt. Where the unit's own time is enough for the checks and a soak, its files stay as they are.
 */
export async function keepTime(
  files: Files,
  { deadlineMs, soakMs }: { readonly deadlineMs: number; readonly soakMs: number },
): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const isLong = deadlineMs + soakMs > VERDICT_START_MS;
  // The last round of a soak may take a deadline more.
  await grantStartTime(files, 'goodboot-verdict.service', isLong ? 2 * deadlineMs + soakMs + MARGIN_MS : null);
}

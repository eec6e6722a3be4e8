import type { Files } from '../../ports/files.ts';

/** Drop-ins of this boot. */
export const RUNTIME_UNITS = '/run/systemd/system';

/**
 * Lets the files of a unit say how long its start may take; null: no longer than the unit itself says. For a service that
 * asks for more time as it goes (EXTEND_TIMEOUT_USEC=): a daemon-reload forgets what was asked for, and counts again from
 * the start of the unit by what its files say, so that whoever reloads would end it. Nothing needs to be reloaded for this.
 */
export async function grantStartTime(files: Files, unit: string, ms: number | null): Promise<void> {
  const directory = `${RUNTIME_UNITS}/${unit}.d`;
  const path = `${directory}/20-time.conf`;
  const before = await files.readText(path);
  const wanted = ms === null ? null : `[Service]\nTimeoutStartSec=${Math.ceil(ms / 1000)}s\n`;
  if (before === wanted) return;
  if (wanted === null) return files.remove(path);
  await files.makeDirectory(directory);
  await files.replace(path, wanted, 0o644);
}

import { GoodbootError } from '../core/errors.ts';
import { warnOn } from './commands/say-problems.ts';
import { enterOwnMounts } from './own-mounts.ts';
import { openSession, type Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/**
 * Opens a session that may change what the next boot starts. Nothing may have been done or printed before.
 * @throws GoodbootError NEEDS_ROOT, GRUBENV_UNWRITABLE
 */
export async function openAsRoot(terminal: Terminal): Promise<Session> {
  if (process.getuid?.() !== 0) throw new GoodbootError('NEEDS_ROOT', 'this changes what the next boot starts');
  const session = await openSession('/', warnOn(terminal));
  await enterOwnMounts(session.bootLoader);
  return session;
}

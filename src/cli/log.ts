import type { Logger } from 'pino';

/** Levels of GOODBOOT_LOG, most talkative first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * The log in free words, beside the events: to the journal when systemd started us, else to stderr.
 * `GOODBOOT_LOG=debug` shows what is usually kept back.
 */
export async function openLog(env: NodeJS.ProcessEnv = process.env): Promise<Logger> {
  const { makeLogger } = await import('../adapters/journald/logger.ts');
  const level = LEVELS.find((known) => known === env['GOODBOOT_LOG']) ?? 'info';
  return makeLogger({ journal: env['JOURNAL_STREAM'] !== undefined, level });
}

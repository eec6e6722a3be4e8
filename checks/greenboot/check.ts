import { parseDuration } from '../../src/core/duration.ts';
import { GoodbootError, messageOf } from '../../src/core/errors.ts';
import { outcomeOf } from '../../src/core/greenboot/result.ts';
import { CHECK_DIRECTORIES, select } from '../../src/core/greenboot/scripts.ts';
import { findScripts, readConf } from '../../src/node/greenboot/find-scripts.ts';
import { runScripts } from '../../src/node/greenboot/run-scripts.ts';
import { type CheckContext, defineCheck } from '../../src/ports/check.ts';
import type { GreenbootOptions } from './options.ts';

/** A network that does not come up is told by the scripts that need it. */
const AFTER_TIMEOUT_MS = 120_000;

export const check = defineCheck<GreenbootOptions>({
  type: 'greenboot',
  async run({ options, use, signal }) {
    const files = await use('files');
    // Asked for at once, and needed one after the other: connecting and loading take longer than looking.
    const ports = Promise.all([use('clock'), use('processes'), use('scriptLog')]);
    const waited = waitFor(options.after, use, signal);
    const [{ entries, unreadable }, { settings, notes: confNotes }] = await Promise.all([
      findScripts(files, CHECK_DIRECTORIES, options),
      readConf(files),
    ]);
    const disabled = [...new Set([...settings.disabled, ...options.disabled])];
    const { scripts, notRun, unknownDisabled } = select(entries, disabled);
    const [clock, processes, scriptLog] = await ports;
    const waitNotes = scripts.length === 0 ? [] : await waited;
    const results = await runScripts({ clock, files, processes, scriptLog }, scripts, {
      timeoutMs: parseDuration(options.scriptTimeout),
      parallel: options.parallel,
      afterFailure: options.afterFailure,
      signal,
    });
    const blind = unreadable.filter(({ kind }) => kind === 'required').map(({ why }) => why);
    const halfBlind = unreadable.filter(({ kind }) => kind !== 'required').map(({ why }) => why);
    const unknown = unknownDisabled.map((name) => `DISABLED_HEALTHCHECKS names ${name}, which is nowhere`);
    const notes = [...confNotes, ...halfBlind, ...waitNotes, ...unknown];
    for (const text of notes) {
      scriptLog.write({ name: 'goodboot-check', unit: 'greenboot-healthcheck.service', priority: 4, text });
    }
    return outcomeOf({ results, notRun, unknownDisabled, unreadable: blind, notes });
  },
});

/** Starts units, and waits until they have started or failed. Nothing here costs the boot: what went wrong is a note. */
async function waitFor(
  units: readonly string[],
  use: CheckContext<GreenbootOptions>['use'],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (units.length === 0) return [];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(AFTER_TIMEOUT_MS)]);
  try {
    const manager = await use('serviceManager');
    const notes = await Promise.all(
      units.map(async (unit) => {
        const { result } = await manager.start(unit, bounded);
        return ['done', 'skipped'].includes(result) ? [] : [`${unit} was waited for, and did not start: ${result}`];
      }),
    );
    return notes.flat();
  } catch (error) {
    if (error instanceof GoodbootError && error.code === 'SYSTEMD_ABSENT') return [];
    return [`${units.join(', ')} could not be waited for: ${messageOf(error)}`];
  }
}

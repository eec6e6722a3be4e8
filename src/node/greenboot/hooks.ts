import type { ScriptResult } from '../../core/greenboot/result.ts';
import { HOOK_DIRECTORIES, select } from '../../core/greenboot/scripts.ts';
import type { Files } from '../../ports/files.ts';
import { findScripts, readConf } from './find-scripts.ts';
import { runScripts, type ScriptDeps } from './run-scripts.ts';

/** Whether there is any script to run, as far as can be seen: what cannot be looked at may hold some. */
export async function hasGreenbootHooks(files: Files, kind: 'green' | 'red'): Promise<boolean> {
  const { entries, unreadable } = await findScripts(files, HOOK_DIRECTORIES[kind], { subdirectories: true });
  return unreadable.length > 0 || select(entries, []).scripts.length > 0;
}

/**
 * Runs the scripts of greenboot's green.d or red.d, as hooks: whatever they do, nothing follows from it. They see
 * grubenv as it is: `boot_counter=0` on a red boot means that the next boot is the fallback.
 */
export async function runGreenbootHooks(
  deps: ScriptDeps,
  kind: 'green' | 'red',
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<{ readonly results: readonly ScriptResult[]; readonly notes: readonly string[] }> {
  const [{ entries, unreadable }, { settings, notes }] = await Promise.all([
    findScripts(deps.files, HOOK_DIRECTORIES[kind], { subdirectories: true }),
    readConf(deps.files),
  ]);
  const { scripts } = select(entries, settings.disabled);
  const results = await runScripts(deps, scripts, { timeoutMs, signal, parallel: true, afterFailure: 'continue' });
  return { results, notes: [...notes, ...unreadable.map(({ why }) => why)] };
}

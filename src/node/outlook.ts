import { type OutlookFacts, outlook } from '../core/outlook.ts';
import { standingOf } from '../core/trial.ts';
import type { Problem } from '../core/verdict-report.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { DeploymentActions } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import type { Boot } from './boot.ts';
import { readBootLoader } from './boot-loader-view.ts';
import { loadState } from './state.ts';
import { readVerdict } from './verdict-file.ts';

/** What the verdict that is being made says of itself, for the dead-man and for people. */
export const JUDGING = '/run/goodboot/judging';
/** The line in it while a trial soaks. */
export const WATCHED = 'this boot is on trial, and watched';

export interface OutlookDeps {
  readonly files: Files;
  readonly boot: Boot;
  readonly bootLoader: BootLoader;
  readonly deployments: Pick<DeploymentActions, 'booted'>;
}

/**
 * Where this boot stands and what happens next, from all that is known. The counter is that of the deployment on trial:
 * some boot loaders have one for each entry. A boot loader that cannot be read is noted.
 * @throws GoodbootError STATE_UNREADABLE, FILE_UNREADABLE
 */
export async function readOutlook(
  { files, boot, bootLoader, deployments }: OutlookDeps,
  note: (problem: Problem) => void,
) {
  const [state, booted, verdict, judging] = await Promise.all([
    loadState(files),
    deployments.booted(),
    readVerdict(files),
    files.readText(JUDGING),
  ]);
  // Last: whoever catches what is thrown above may read it for himself, and nothing is noted twice.
  const view = await readBootLoader(bootLoader, note, state.trial?.deployment);
  const { counter } = view;
  const seen = state.boots.at(-1);
  const startedBy = seen?.bootId === boot.id ? seen.startedBy : boot.startedBy;
  const standing = standingOf({ startedBy, booted: booted?.id ?? null, trial: state.trial, counter });
  const making = judging === null ? null : judging.startsWith(WATCHED) ? 'soaking' : 'judging';
  const judged: OutlookFacts['judged'] = verdict?.verdict ?? making;
  const waits = (state.chosen ?? booted?.id) !== booted?.id;
  return {
    trial: state.trial,
    bootLoader: view,
    standing,
    waits,
    next: outlook({ state, booted: booted?.id ?? null, standing, counter, judged }),
  };
}

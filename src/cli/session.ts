import { canCountAt } from '../adapters/boot-loader/can-count.ts';
import { detectBootLoader } from '../adapters/boot-loader/detect.ts';
import { fragmentState } from '../adapters/boot-loader/fragment.ts';
import { makeClock } from '../adapters/clock/clock.ts';
import { lazyDeployments } from '../adapters/deployments/lazy.ts';
import { makeFiles } from '../adapters/files/files.ts';
import { makeJournal } from '../adapters/journald/writer.ts';
import { ownExecutable } from '../adapters/package/package.ts';
import { makeChildRunner } from '../adapters/process/child-runner.ts';
import { makeProcesses } from '../adapters/process/run.ts';
import { connectServiceManager } from '../adapters/systemd/service-manager.ts';
import { checkUnit, makeUnitRunner } from '../adapters/systemd/unit-runner.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { checkTypes } from '../config/registry.ts';
import { GoodbootError } from '../core/errors.ts';
import { dataDirectory } from '../core/package/layout.ts';
import type { ArmDeps } from '../node/arm.ts';
import { type Boot, readBoot } from '../node/boot.ts';
import type { TrialEffectsDeps } from '../node/end-trial.ts';
import { noteTrial } from '../node/note-trial.ts';
import { PLAN_PATH, planText } from '../node/plan.ts';
import { budgetMs } from '../node/run-check.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { CheckRunner } from '../ports/check-runner.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeploymentActions } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import type { Journal } from '../ports/journal.ts';
import type { ServiceManager, WatchdogTimer } from '../ports/service-manager.ts';
import { withCutPoints } from './cut-points.ts';
import { checkProgram } from './own-program.ts';

/** The machine that a command works on: its configuration, and the adapters over it. */
export interface Session {
  readonly root: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly config: LoadedConfig;
  readonly boot: Boot;
  readonly deployments: DeploymentActions;
  readonly bootLoader: BootLoader;
}

/** Reads the configuration and finds out what machine this is. Changes nothing. */
export async function openSession(root: string, warn: (message: string) => void): Promise<Session> {
  const files = makeFiles(root);
  const config = await loadConfig(files, checkTypes);
  const setting = config.settings.bootLoader;
  const [boot, bootLoader] = await Promise.all([
    readBoot(files, { trusted: setting === 'grub' }),
    detectBootLoader(files, makeProcesses(), setting, warn),
  ]);
  const deployments = lazyDeployments(files, makeProcesses());
  const session = { root, files, clock: makeClock(), journal: makeJournal(), config, boot, bootLoader, deployments };
  return withCutPoints(session);
}

/** systemd as far as it can be reached. `trouble`: it is PID 1, and does not answer. */
export interface Systemd extends AsyncDisposable {
  readonly manager: (ServiceManager & WatchdogTimer) | null;
  readonly trouble: GoodbootError | null;
}

/** Reaches systemd, where it is PID 1 and ours to ask (with `--root` it is not). */
export async function reachSystemd({ root }: Session): Promise<Systemd> {
  const without = (trouble: GoodbootError | null): Systemd => ({
    manager: null,
    trouble,
    [Symbol.asyncDispose]: async () => undefined,
  });
  if (root !== '/') return without(null);
  try {
    const manager = await connectServiceManager();
    return { manager, trouble: null, [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose]() };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return without(error.code === 'SYSTEMD_ABSENT' ? null : error);
  }
}

/**
 * Units where systemd runs, goodboot is installed and we are root; else child processes of this one. Where systemd
 * runs and does not answer, no check can be started: each of them could not tell, which is a verdict too.
 */
export async function checkRunnerOf(
  { root, files, clock }: Session,
  { manager, trouble }: Systemd,
): Promise<CheckRunner> {
  if (trouble !== null) return unableRunner(trouble);
  if (manager !== null && process.getuid?.() === 0) {
    try {
      const { loadState } = await manager.unit(checkUnit('x'));
      // Installed, but masked or broken: run as children of this unit, the checks would see its sandbox, not the machine.
      if (loadState !== 'loaded' && loadState !== 'not-found') {
        return unableRunner(new GoodbootError('CHECK_NOT_STARTED', `goodboot-check@.service is ${loadState}`));
      }
      if (loadState === 'loaded') {
        const writePlan = (checks: Parameters<typeof planText>[0]) => files.replace(PLAN_PATH, planText(checks), 0o600);
        const sandboxes = `${dataDirectory(ownExecutable())}/sandbox`;
        return makeUnitRunner({ manager, files, clock, sandboxes, budgetMs, writePlan });
      }
    } catch (error) {
      return unableRunner(error);
    }
  }
  return makeChildRunner({ processes: makeProcesses(), clock, argv: checkProgram(), root, planText, budgetMs });
}

const unableRunner = (why: unknown): CheckRunner => ({
  how: 'units',
  prepare: () => Promise.reject(why),
  run: () => Promise.reject(why),
});

/** What the steps of a trial need: each is written into the ledger and the journal. */
export function trialDeps(session: Session): TrialEffectsDeps {
  const { files, clock, bootLoader, deployments } = session;
  return {
    files,
    clock,
    bootLoader,
    deployments,
    note: (step, deployment, detail) => noteTrial(session, step, deployment, detail),
  };
}

/** Whether the boot loader of this machine would count attempts and fall back alone, as far as files can tell. */
export function countingOf({
  files,
  bootLoader,
}: Pick<Session, 'files' | 'bootLoader'>): Pick<ArmDeps, 'fragment' | 'canCount' | 'needsPassword'> {
  if (bootLoader.name !== 'grub') {
    const counts = bootLoader.can.countAttempts;
    return {
      fragment: async () => (counts ? 'installed' : 'absent'),
      canCount: async () => counts,
      needsPassword: async () => false,
    };
  }
  return {
    fragment: async () => {
      const state = await fragmentState(files);
      return state === 'unreadable' ? 'unknown' : state;
    },
    canCount: () => canCountAt(bootLoader.detail),
    needsPassword: async (deployment) => {
      // Only where an update waits: every other command starts without it.
      const [{ makeGrubView }, { asksForPassword }] = await Promise.all([
        import('../adapters/boot-loader/view.ts'),
        import('../adapters/boot-loader/password.ts'),
      ]);
      try {
        return await asksForPassword(files, await makeGrubView(files).password(), deployment);
      } catch (error) {
        if (error instanceof GoodbootError) return false;
        throw error;
      }
    },
  };
}

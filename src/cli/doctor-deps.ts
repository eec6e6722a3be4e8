import { makeGrubView } from '../adapters/boot-loader/view.ts';
import { makeProcesses } from '../adapters/process/run.ts';
import { type LoadedConfig, loadDefaultConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { checkTypes } from '../config/registry.ts';
import { messageOf } from '../core/errors.ts';
import type { DoctorDeps } from '../node/doctor/deps.ts';
import { lazyPorts } from './ports.ts';
import type { Session, Systemd } from './session.ts';
import { BUILT_MS } from './version.ts';

/** What the doctor asks, over the machine of this session. */
export function doctorDeps(session: Session, { manager, trouble }: Systemd): DoctorDeps {
  const { files, clock, boot, bootLoader, deployments, config, root } = session;
  const absent = { absent: 'systemd is not PID 1 here' };
  return {
    files,
    clock,
    boot,
    bootLoader,
    deployments,
    processes: makeProcesses(),
    grub: makeGrubView(files),
    use: lazyPorts(root).use,
    manager: manager ?? (trouble === null ? absent : { trouble: messageOf(trouble) }),
    root: root === '/' ? null : root,
    config: {
      problems: config.problems.map((problem) => ({ ...problem, text: formatProblem(problem) })),
      checks: config.settings.checks,
      own: ownChecks(config),
      attempts: config.settings.trial.attempts,
      collector: config.settings.report.collector,
    },
    builtMs: BUILT_MS,
  };
}

/** Required checks that are not as the defaults have them: somebody has said what this node is for. */
function ownChecks({ settings }: LoadedConfig): readonly string[] {
  const defaults = new Map(
    loadDefaultConfig(checkTypes).settings.checks.map((check) => [check.name, JSON.stringify(check)]),
  );
  return settings.checks
    .filter((check) => check.required && defaults.get(check.name) !== JSON.stringify(check))
    .map(({ name }) => name);
}

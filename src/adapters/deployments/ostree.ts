import { GoodbootError } from '../../core/errors.ts';
import type { Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { type Listed, makeDeployments } from './backend.ts';
import { parseOstreeJson, parseOstreeText } from './ostree-status.ts';
import { type Argv, CHANGE_TIMEOUT_MS, must, runTool, STATUS_TIMEOUT_MS, stdoutOf } from './tool.ts';

/** `ostree admin`: it needs no daemon, names what it changes, and is there wherever deployments are ostree's. */
export interface OstreeTool {
  list(signal: AbortSignal): Promise<readonly Listed[]>;
  dropStaged(signal: AbortSignal): Promise<void>;
  setDefault(id: string, signal: AbortSignal): Promise<void>;
}

/** Deployments that nothing but ostree manages. */
export function makeOstree(files: Files, processes: Processes): Deployments {
  const ostree = makeOstreeTool(processes);
  return makeDeployments(files, {
    name: 'ostree',
    list: ostree.list,
    waysToDrop: () => [ostree.dropStaged],
    waysTo: (_, id) => [(signal) => ostree.setDefault(id, signal)],
  });
}

/** What `ostree admin status` is asked with, the best first: 2025.3 and later; 2024.1 and later; before. */
const FORMS = [
  { argv: ['ostree', 'admin', 'status', '--json'], parse: parseOstreeJson },
  // Else a signature that cannot be verified would be the end of it.
  { argv: ['ostree', 'admin', 'status', '--skip-signatures'], parse: parseOstreeText },
  { argv: ['ostree', 'admin', 'status'], parse: parseOstreeText },
] as const;

export function makeOstreeTool(processes: Processes): OstreeTool {
  let forms: readonly (typeof FORMS)[number][] = FORMS;

  const list = async (signal: AbortSignal): Promise<readonly Listed[]> => {
    for (const [at, { argv, parse }] of forms.entries()) {
      const ran = await runTool(processes, argv, { timeoutMs: STATUS_TIMEOUT_MS, signal });
      if (ran.exitCode !== 0 && at < forms.length - 1 && ran.stderr.includes('Unknown option')) continue;
      forms = forms.slice(at);
      return parse(stdoutOf(ran));
    }
    return [];
  };

  const admin = (verb: string, index: number): Argv => ['ostree', 'admin', verb, String(index)];

  /** ostree names deployments by position: it is looked up right before. */
  const change = async (verb: string, isWanted: (entry: Listed) => boolean, signal: AbortSignal) => {
    const index = (await list(signal)).findIndex(isWanted);
    if (index < 0) return;
    await must(processes, admin(verb, index), { timeoutMs: CHANGE_TIMEOUT_MS, signal });
  };

  /** Before 2023.6 the order cannot be changed, only shortened: what stands before goes. */
  const undeployBefore = async (id: string, most: number, signal: AbortSignal): Promise<void> => {
    for (let left = most; left > 0; left -= 1) {
      const [first] = await list(signal);
      if (first === undefined || first.id === id) return;
      const keeps = first.booted ? 'booted' : first.pinned ? 'pinned' : null;
      if (keeps !== null) {
        throw new GoodbootError(
          'ROLLBACK_FAILED',
          `this ostree has no set-default, and ${first.id}, which comes before, is ${keeps}`,
        );
      }
      await must(processes, admin('undeploy', 0), { timeoutMs: CHANGE_TIMEOUT_MS, signal });
    }
  };

  return {
    list,
    dropStaged: (signal) => change('undeploy', ({ staged }) => staged, signal),
    async setDefault(id, signal) {
      const entries = (await list(signal)).map((entry, index) => ({ ...entry, index }));
      const same = entries.filter((entry) => entry.id === id);
      const wanted = same.find(({ booted }) => booted) ?? same[0];
      if (wanted === undefined) throw new GoodbootError('DEPLOYMENT_UNKNOWN', `${id}: ostree has no such deployment`);
      const argv = admin('set-default', wanted.index);
      const ran = await runTool(processes, argv, { timeoutMs: CHANGE_TIMEOUT_MS, signal });
      if (ran.exitCode !== 0 && ran.stderr.includes('Unknown "admin" subcommand'))
        await undeployBefore(id, wanted.index, signal);
      else stdoutOf(ran);
    },
  };
}

import type { CheckFacts } from '../../core/doctor/facts.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlannedCheck } from '../../ports/check.ts';
import { CHECK_PROGRAMS } from '../check-programs.ts';
import { type DoctorDeps, managerOf } from './deps.ts';

/** Where a program without a path is looked for, as checks start it. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

interface Looked {
  /** Names that were looked up. */
  readonly names: number;
  /** Of these, what is not there: `unit app.service`. */
  readonly missing: readonly string[];
}

/** Whether what the checks name exists at all. Whether it is well is theirs to say. */
export async function lookAtChecks(deps: DoctorDeps, signal: AbortSignal): Promise<CheckFacts> {
  const missing: { check: string; required: boolean; what: string }[] = [];
  const troubles: string[] = [];
  let looked = 0;
  for (const check of deps.config.checks) {
    try {
      const found = await lookAt(deps, check, signal);
      looked += found.names;
      for (const what of found.missing) missing.push({ check: check.name, required: check.required, what });
    } catch (error) {
      troubles.push(`${check.name}: ${messageOf(error)}`);
    }
  }
  return { missing, troubles, looked };
}

function lookAt(deps: DoctorDeps, check: PlannedCheck, signal: AbortSignal): Promise<Looked> {
  switch (check.type) {
    case 'units':
      return lookAtUnits(deps, check);
    case 'containers':
      return lookAtContainers(deps, check, signal);
    case 'command':
      return lookAtProgram(deps, check);
    default:
      return Promise.resolve({ names: 0, missing: [] });
  }
}

async function lookAtUnits(deps: DoctorDeps, { options }: PlannedCheck): Promise<Looked> {
  const names = Object.entries(options['units'] ?? {}).flatMap(([name, wanted]) => (wanted === true ? name : []));
  const missing: string[] = [];
  for (const name of names)
    if ((await managerOf(deps).unit(name)).loadState === 'not-found') missing.push(`unit ${name}`);
  return { names: names.length, missing };
}

/** The check itself says which of its containers its engine does not have; one that a unit makes when it starts is there. */
async function lookAtContainers(deps: DoctorDeps, { options }: PlannedCheck, signal: AbortSignal): Promise<Looked> {
  const check = await CHECK_PROGRAMS['containers']?.();
  // Its options come validated out of the configuration: the check may take them as they are.
  const outcome = await check?.run({ options: options as never, use: deps.use, signal, stableMs: 0 });
  const facts = outcome !== undefined && 'facts' in outcome ? Object.entries(outcome.facts ?? {}) : [];
  const missing: string[] = [];
  for (const [name, fact] of facts) {
    const isMissing = fact !== null && typeof fact === 'object' && 'status' in fact && fact['status'] === 'missing';
    if (isMissing && !(await hasUnit(deps, name))) missing.push(`container ${name}`);
  }
  return { names: facts.length, missing };
}

async function hasUnit(deps: DoctorDeps, container: string): Promise<boolean> {
  if (/[/:]/.test(container) || 'absent' in deps.manager) return false;
  return (await managerOf(deps).unit(`${container.replace(/\.container$/, '')}.service`)).loadState === 'loaded';
}

async function lookAtProgram({ files }: DoctorDeps, { options }: PlannedCheck): Promise<Looked> {
  const [program] = Array.isArray(options['argv']) ? options['argv'].map(String) : [];
  if (program === undefined) return { names: 0, missing: [] };
  const places = program.includes('/') ? [program] : PATH.map((directory) => `${directory}/${program}`);
  for (const place of places) if ((await files.info(place)) !== null) return { names: 1, missing: [] };
  return { names: 1, missing: [`program ${program}`] };
}

import { cyclesIn, parseUnitFiles } from '../../core/doctor/answers.ts';
import type { CollectorFacts, GreenbootFacts, RequiredFacts, UnitFile } from '../../core/doctor/facts.ts';
import { isEnabled, UPDATERS } from '../../core/doctor/services.ts';
import { type DoctorDeps, managerOf } from './deps.ts';

const TOOL_TIMEOUT_MS = 25_000;
/** Has a tool of systemd work on another root. */
const rootOption = ({ root }: DoctorDeps): readonly string[] => (root === null ? [] : [`--root=${root}`]);

/** Unit files by name or pattern. systemctl reads them itself: systemd need not run. */
async function unitFiles(
  deps: DoctorDeps,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly UnitFile[]> {
  const ran = await deps.processes.run(
    ['systemctl', ...rootOption(deps), '--no-pager', '--output=json', 'list-unit-files', ...patterns],
    { timeoutMs: TOOL_TIMEOUT_MS, signal },
  );
  const units = ran.timedOut || ran.truncated ? null : parseUnitFiles(ran.stdout);
  // Exit status 1 is also "nothing matches".
  if (units === null || (ran.exitCode !== 0 && ran.stderr.trim() !== '')) {
    throw new Error(`systemctl list-unit-files: ${ran.stderr.trim().split('\n')[0] || 'the answer is not understood'}`);
  }
  return units;
}

export async function lookAtUnits(
  deps: DoctorDeps,
  signal: AbortSignal,
): Promise<{ readonly units: readonly UnitFile[] }> {
  const units: UnitFile[] = [];
  for (const unit of await unitFiles(deps, ['goodboot-*'], signal)) {
    const isLinked = unit.state === 'disabled' && (await isLinkedIn(deps, unit.name));
    const seen = isLinked ? { ...unit, state: 'enabled' } : unit;
    units.push((await isInPlaceOfImage(deps, unit.name)) ? { ...seen, isInPlaceOfImage: true } : seen);
  }
  return { units };
}

/** An image or an extension enables a unit by a link of its own. systemd starts it, and systemctl calls it disabled. */
async function isLinkedIn({ files }: DoctorDeps, name: string): Promise<boolean> {
  for (const target of ['sysinit.target', 'multi-user.target']) {
    if ((await files.info(`/usr/lib/systemd/system/${target}.wants/${name}`)) !== null) return true;
  }
  return false;
}

/** As after an installation beside an image that has got goodboot since. A link (a mask) is wanted by somebody. */
async function isInPlaceOfImage({ files }: DoctorDeps, name: string): Promise<boolean> {
  const unit = `systemd/system/${name}`;
  if ((await files.info(`/etc/${unit}`))?.kind !== 'file') return false;
  // The dead-man of a system extension is there too: it works without the extension.
  if ((await files.info(`/usr/share/goodboot/etc/${unit}`)) !== null) return false;
  return (await files.info(`/usr/lib/${unit}`)) !== null;
}

/** What systemd-analyze says when it looked at nothing; of faults in units it goes on. */
const NOT_LOOKED =
  /^(?:Unit \S+ not found|Failed to (?:initialize|set ?up|start|load|prepare|create) .*(?:manager|default\.target)).*$/m;

/** Has systemd order a boot as it would do it, without doing it. */
export async function lookForCycles(
  deps: DoctorDeps,
  signal: AbortSignal,
): Promise<{ readonly cycles: readonly string[] }> {
  // With --recursive-errors=no it tells of no cycle (seen on 252).
  const ran = await deps.processes.run(
    ['systemd-analyze', ...rootOption(deps), '--man=no', 'verify', 'default.target', 'boot-complete.target'],
    { timeoutMs: TOOL_TIMEOUT_MS, signal, maxOutputBytes: 1024 * 1024 },
  );
  const cycles = cyclesIn(ran.stderr + ran.stdout);
  if (cycles.length > 0) return { cycles };
  if (ran.timedOut || ran.truncated) throw new Error('systemd-analyze verify: no end in time');
  const trouble = NOT_LOOKED.exec(ran.stderr)?.[0] ?? (ran.exitCode === null ? `it was ended by ${ran.signal}` : null);
  if (trouble !== null) throw new Error(`systemd-analyze verify: ${trouble}`);
  return { cycles };
}

const DROP_INS = ['/etc', '/usr/lib'].map((place) => `${place}/systemd/system/greenboot-.service.d/10-goodboot.conf`);
/** The links that the drop-in looks at. */
const VERDICT_LINKS = ['/etc', '/usr/lib'].map(
  (place) => `${place}/systemd/system/multi-user.target.wants/goodboot-verdict.service`,
);

export async function lookAtGreenboot(deps: DoctorDeps, signal: AbortSignal): Promise<GreenbootFacts> {
  const { files } = deps;
  const units = await unitFiles(deps, ['greenboot-*.service', 'redboot-*.service'], signal);
  const enabled = units.filter(({ state }) => isEnabled(state)).map(({ name }) => name);
  const isOneThere = async (paths: readonly string[]): Promise<boolean> => {
    for (const path of paths) if ((await files.info(path)) !== null) return true;
    return false;
  };
  const isSkipped = (await isOneThere(DROP_INS)) && (await isOneThere(VERDICT_LINKS));
  const ran: string[] = [];
  if (!('absent' in deps.manager) && deps.root === null) {
    for (const name of enabled) if ((await managerOf(deps).unit(name)).activeState !== 'inactive') ran.push(name);
  }
  return { enabled, installed: units.length, isSkipped, ran };
}

export async function lookForUpdater(
  deps: DoctorDeps,
  signal: AbortSignal,
): Promise<{ readonly enabled: readonly string[] }> {
  const units = await unitFiles(deps, UPDATERS, signal);
  return { enabled: units.filter(({ state }) => isEnabled(state)).map(({ name }) => name) };
}

/** Members of the target are asked of systemd; without it, of the links that enabling makes. */
export async function lookAtRequired(deps: DoctorDeps): Promise<RequiredFacts> {
  const { own } = deps.config;
  const target = 'goodboot-required.target';
  if (!('absent' in deps.manager) && deps.root === null) {
    return { own, members: await managerOf(deps).pulledInBy(target) };
  }
  const places = ['/etc', '/usr/lib'].map((place) => `${place}/systemd/system/${target}.wants`);
  const names = await Promise.all(places.map(async (place) => (await deps.files.list(place)) ?? []));
  return { own, members: [...new Set(names.flat())].sort() };
}

/** Whether anybody answers there. What it makes of a report is told when one is sent. */
export async function askCollector({ use }: DoctorDeps, url: string, signal: AbortSignal): Promise<CollectorFacts> {
  const http = await use('http');
  const answer = await http.request({ url, method: 'GET', maxBodyBytes: 0, signal });
  return { url, answer: 'failure' in answer ? answer : { status: answer.status } };
}

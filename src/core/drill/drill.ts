import type { Verdict } from '../decide.ts';
import type { DoctorReport } from '../doctor.ts';
import type { Trial } from '../trial.ts';
import { isWithin, parseWindow } from './window.ts';

/**
 * A drill: what runs is deployed once more as an update, under an identity of its own, and fails on purpose in each boot
 * of its trial. All that follows is the real thing, and nobody is denied for it.
 */
export interface Drill {
  readonly v: 1;
  /** The copy that goes on trial; null: not made yet. */
  readonly deployment: string | null;
  /** What runs, and is to run again. */
  readonly from: string;
  readonly attempts: number;
  /** ISO 8601. */
  readonly started: string;
  /** The newest line of the ledger when it began: what it is measured by comes after. */
  readonly ledgerSeq: number;
  /** Deployments that were pinned for its time: an update drops the one before the one that runs. */
  readonly pinned: readonly string[];
  readonly before: NodeView;
}

/** What must be as it was when a drill is over. */
export interface NodeView {
  readonly booted: string | null;
  /** In boot order. */
  readonly deployments: readonly { readonly id: string; readonly pinned: boolean }[];
  /** The variables of the boot loader's mark, as they are read. */
  readonly marks: Readonly<Record<string, string>>;
  readonly denied: readonly string[];
}

/** What decides whether a drill may begin. */
export interface DrillFacts {
  readonly booted: string | null;
  /** A staged one before all others. */
  readonly deployments: readonly { readonly id: string; readonly staged: boolean }[];
  readonly trial: Trial | null;
  /** A person went back to it, and the reboot is still to come. */
  readonly chosen: string | null;
  /** A drill that is not over. */
  readonly open: Drill | null;
  /** What this boot was judged; null: not yet. */
  readonly verdict: Verdict | null;
  readonly findings: DoctorReport['findings'];
  /** Why a copy of what runs cannot be deployed; null: it can. */
  readonly unsupported: string | null;
  /** The boot loader proved at the start of this boot that it counts. */
  readonly isProven: boolean;
  /** goodboot-drill.service is started at boot: nothing else brings a drill to its end. */
  readonly isLookedAfter: boolean;
  readonly windows: readonly string[];
  readonly nowMs: number;
}

/** Every reason against a drill, as clauses; none: it may begin. */
export function whyNoDrill(facts: DrillFacts): readonly string[] {
  const { booted, deployments, trial, chosen, open, verdict, unsupported, windows, nowMs } = facts;
  const reasons: string[] = [];
  if (booted === null) return ['this system has no deployments'];
  if (unsupported !== null) reasons.push(unsupported);
  if (!facts.isLookedAfter) reasons.push('goodboot-drill.service is not enabled');
  if (open !== null) reasons.push('a drill is under way; goodboot drill show says where it is');
  else if (trial !== null) reasons.push('a deployment is on trial; goodboot trial show says where it is');
  if (chosen !== null && chosen !== booted) reasons.push('a rollback by hand waits for the reboot');
  else if (deployments[0]?.id !== booted)
    reasons.push(deployments[0]?.staged === true ? 'an update waits for the reboot' : 'another deployment is next');
  const twice = deployedTwice(deployments);
  if (twice !== null) reasons.push(`${twice} is deployed twice, and one of the two would be lost`);
  if (verdict !== 'good')
    reasons.push(verdict === null ? 'this boot is not judged yet' : `this boot is ${verdict}; it has to be good`);
  // An update has to be taken some day; a drill can wait until it is certain that something leads back.
  if (!facts.isProven)
    reasons.push(
      'the boot loader has not proved in this boot that it counts; goodboot doctor says why, or reboot once',
    );
  // Whatever fails: a node that is not in order is mended before it is rebooted for practice.
  for (const { state, title, why } of facts.findings) if (state === 'fail') reasons.push(`doctor: ${title}: ${why}`);
  if (windows.length > 0 && !windows.some((text) => isWithin(parseWindow(text), nowMs)))
    reasons.push(`now is outside of the window (UTC): ${windows.join('; ')}`);
  return reasons;
}

/**
 * A deployment that is there twice, as after a change of kernel arguments alone; null: none. Nobody could say which of
 * the two is to be kept, or whether the one that runs is the one that is next.
 */
export const deployedTwice = (deployments: readonly { readonly id: string }[]): string | null =>
  deployments.find(({ id }, at) => deployments.findIndex((other) => other.id === id) !== at)?.id ?? null;

/** The failing check is told from every other by its name: a site may use it too, and has none of it in these boots. */
export const DRILL_CHECK = {
  name: 'drill',
  type: 'command',
  required: true,
  withinMs: 0,
  stableMs: 0,
  timeoutMs: 30_000,
  options: {
    argv: ['sh', '-c', 'echo "this is a drill: the boot fails on purpose" >&2; exit 1'],
    cwd: '/',
    env: {},
    success: [0],
    skip: [],
  },
} as const;

/** The checks of this boot: in a boot of a drill's trial, one more that fails. */
export const withDrillCheck = <Check extends { readonly name: string }>(
  checks: readonly Check[],
  trial: Trial | null,
  booted: string | null,
): readonly (Check | typeof DRILL_CHECK)[] =>
  trial?.drill === true && trial.byHand === undefined && trial.deployment === booted
    ? [...checks.filter(({ name }) => name !== DRILL_CHECK.name), DRILL_CHECK]
    : checks;

/** What is to be done about a drill in this boot. */
export type DrillStanding =
  /** It goes on by itself: its deployment is on trial, or waits for a reboot. */
  | 'goes-on'
  /** Its trial is over, and the node is where it came from: put everything back, and say how it went. */
  | 'over'
  /** Its deployment runs, and its trial is over: the default has to be changed, and the next boot leads back. */
  | 'not-left';

export function standingOfDrill(
  { deployment }: Drill,
  now: { readonly trial: Trial | null; readonly booted: string | null },
): DrillStanding {
  if (deployment === null) return 'over';
  if (now.trial?.deployment === deployment) return 'goes-on';
  return now.booted === deployment ? 'not-left' : 'over';
}

/** What is not as it was, as clauses. */
export function differences(before: NodeView, after: NodeView): readonly string[] {
  const told: string[] = [];
  const say = (what: string, was: string, is: string) => {
    if (was !== is) told.push(`${what}: was ${was}, is ${is}`);
  };
  const order = ({ deployments }: NodeView) =>
    deployments.map(({ id, pinned }) => `${id}${pinned ? ' (pinned)' : ''}`).join(', ') || 'none';
  say('booted deployment', before.booted ?? 'none', after.booted ?? 'none');
  say('deployments', order(before), order(after));
  const names = new Set([...Object.keys(before.marks), ...Object.keys(after.marks)]);
  for (const name of [...names].sort()) say(name, before.marks[name] ?? 'not set', after.marks[name] ?? 'not set');
  say('denied', before.denied.join(', ') || 'nothing', after.denied.join(', ') || 'nothing');
  return told;
}

/** Null when the text is no drill of this version. */
export function parseDrill(text: string): Drill | null {
  try {
    const value = JSON.parse(text) as Drill;
    const isDrill = value.v === 1 && typeof value.from === 'string' && Array.isArray(value.before?.deployments);
    return isDrill && Number.isSafeInteger(value.attempts) && Number.isSafeInteger(value.ledgerSeq) ? value : null;
  } catch {
    return null;
  }
}

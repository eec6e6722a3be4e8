import {
  judgeBootLoader,
  judgeCounting,
  judgeFragment,
  judgeFreezer,
  judgeGrubenv,
  judgePassword,
} from './doctor/boot-loader.ts';
import type { DoctorFacts } from './doctor/facts.ts';
import { type Asked, type FindingState, type Judgement, skipped, unsure } from './doctor/finding.ts';
import {
  judgeChecks,
  judgeCollector,
  judgeConfig,
  judgeGreenboot,
  judgeOrdering,
  judgeRequired,
  judgeUnits,
  judgeUpdater,
} from './doctor/services.ts';
import {
  judgeClock,
  judgeDeployments,
  judgeJournal,
  judgeMemory,
  judgePanic,
  judgeSpace,
  judgeWatchdog,
} from './doctor/system.ts';

/** What was found about one precondition. */
export interface Finding {
  readonly id: string;
  /** Two or three words for people. */
  readonly title: string;
  readonly state: FindingState;
  readonly why: string;
  /** The command that mends it, or what a person can do; null where nothing needs to be done. */
  readonly cure: string | null;
  /** Without it a bad update would not be left by itself. */
  readonly decisive: boolean;
}

/** Would this node leave a bad update by itself? */
export type Answer = 'yes' | 'no' | 'not-sure';

interface Precondition {
  readonly id: string;
  readonly title: string;
  readonly decisive: boolean;
  readonly judge: (facts: DoctorFacts) => Judgement;
}

/** Judges a fact where there is one. What could not be asked is unknown, with its reason. */
function about<Fact>(asked: Asked<Fact>, judge: (fact: Fact) => Judgement): Judgement {
  if ('seen' in asked) return judge(asked.seen);
  return 'left' in asked ? skipped(asked.left) : unsure(asked.trouble);
}

const decisive = (id: string, title: string, judge: Precondition['judge']): Precondition => ({
  id,
  title,
  decisive: true,
  judge,
});
const helpful = (id: string, title: string, judge: Precondition['judge']): Precondition => ({
  id,
  title,
  decisive: false,
  judge,
});

/** In the order in which people read them: what a rollback stands on first. */
const PRECONDITIONS: readonly Precondition[] = [
  decisive('deployments', 'second deployment', ({ deployments }) => about(deployments, judgeDeployments)),
  decisive('boot-loader', 'boot loader', ({ bootLoader }) => judgeBootLoader(bootLoader)),
  decisive('fragment', 'GRUB fragment', ({ fragment }) => about(fragment, judgeFragment)),
  decisive('grubenv', 'GRUB environment', ({ grubenv }) => about(grubenv, judgeGrubenv)),
  decisive('counting', 'boot counting', ({ counting }) => about(counting, judgeCounting)),
  decisive('counter', 'counter', ({ freezer }) => about(freezer, judgeFreezer)),
  decisive('password', 'GRUB password', ({ password }) => about(password, judgePassword)),
  decisive('panic', 'kernel panic', ({ panic, watchdog }) => about(panic, (seen) => judgePanic(seen, watchdog))),
  helpful('watchdog', 'watchdog', ({ watchdog }) => about(watchdog, judgeWatchdog)),
  decisive('units', 'units', ({ units }) => about(units, judgeUnits)),
  decisive('ordering', 'unit ordering', ({ ordering }) => about(ordering, judgeOrdering)),
  decisive('greenboot', 'greenboot', ({ greenboot }) => about(greenboot, judgeGreenboot)),
  decisive('memory', 'memory', ({ memory }) => about(memory, judgeMemory)),
  helpful('updater', 'updater', ({ updater }) => about(updater, judgeUpdater)),
  helpful('config', 'configuration', ({ config }) => about(config, judgeConfig)),
  helpful('required', 'required checks', ({ required }) => about(required, judgeRequired)),
  helpful('checks', 'what checks name', ({ checks }) => about(checks, judgeChecks)),
  helpful('journal', 'journal', ({ journal }) => about(journal, judgeJournal)),
  helpful('collector', 'collector', ({ collector }) => about(collector, judgeCollector)),
  helpful('clock', 'clock', ({ clock }) => about(clock, judgeClock)),
  helpful('space', 'free space', ({ space }) => about(space, judgeSpace)),
];

/** What the facts say about each precondition. Nothing is left out. */
export const findingsOf = (facts: DoctorFacts): readonly Finding[] =>
  PRECONDITIONS.map(({ id, title, decisive, judge }) => {
    const { state, why, cure } = judge(facts);
    return { id, title, state, why, cure: cure ?? null, decisive };
  });

/**
 * No, when something that a rollback stands on is missing; not sure, when something of that could not be told.
 * `isWhole`: a running machine was asked. The files of one that does not run can only say no.
 */
export function answerOf(findings: readonly Finding[], isWhole: boolean): Answer {
  const states = new Set(findings.filter(({ decisive }) => decisive).map(({ state }) => state));
  if (states.has('fail')) return 'no';
  return states.has('unknown') || !isWhole ? 'not-sure' : 'yes';
}

/** Exit status: 20 when something fails, 21 when something could not be told, 0 otherwise. Warnings are no reason. */
export function doctorExit(findings: readonly Finding[]): 0 | 20 | 21 {
  const states = new Set(findings.map(({ state }) => state));
  if (states.has('fail')) return 20;
  return states.has('unknown') ? 21 : 0;
}

/** One thing that `--fix` mended, or would. */
export interface Change {
  readonly change: string;
  /** The command that undoes it. */
  readonly undo: string;
  readonly result: 'done' | 'planned' | 'failed';
  /** Why it failed; else empty. */
  readonly detail: string;
}

/** What was found when the machine was last asked: /var/lib/goodboot/doctor.json, and `goodboot doctor --json`. */
export interface DoctorReport {
  readonly apiVersion: 'goodboot/v1';
  readonly kind: 'Doctor';
  readonly bootId: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly answer: Answer;
  readonly findings: readonly Finding[];
  /** What was mended for this answer, or would be. */
  readonly changes: readonly Change[];
}

/** Two reports that say the same: how a thing is told may differ, what is told may not. */
export function isSameResult(one: DoctorReport, other: DoctorReport): boolean {
  const states = ({ answer, findings }: DoctorReport) =>
    JSON.stringify([answer, findings.map(({ id, state }) => `${id}=${state}`)]);
  return states(one) === states(other);
}

/** One sentence: what the answer stands on. */
export function reasonOf({ answer, findings }: Pick<DoctorReport, 'answer' | 'findings'>): string {
  const titles = (state: FindingState) =>
    findings.filter((finding) => finding.decisive && finding.state === state).map(({ title }) => title);
  if (answer === 'no') return `see ${titles('fail').join(', ')}`;
  if (answer === 'yes') return 'everything that it needs is there';
  const unknown = titles('unknown');
  return unknown.length > 0 ? `could not be told: ${unknown.join(', ')}` : 'only the running machine can tell the rest';
}

export type { Asked } from './doctor/finding.ts';
export type { DoctorFacts, FindingState };

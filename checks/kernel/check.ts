import { GoodbootError } from '../../src/core/errors.ts';
import { type Facts, fail, pass } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { Files } from '../../src/ports/files.ts';
import type { Traces } from '../../src/ports/traces.ts';
import type { KernelOptions } from './options.ts';
import { meaningOf, taintsOf } from './taint.ts';

const TAINTED = '/proc/sys/kernel/tainted';

/** What one look at the kernel gave. */
interface Finding {
  readonly problems: readonly string[];
  readonly facts: Facts;
}

export const check = defineCheck<KernelOptions>({
  type: 'kernel',
  async run({ options, use }) {
    const [files, traces] = await Promise.all([use('files'), use('traces')]);
    const looks = await Promise.allSettled([
      lookForTaint(files, options.taint),
      ...(options.pstore ? [lookForCrashes(traces)] : []),
      ...(options.watchdog ? [lookForReset(traces)] : []),
    ]);
    const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
    const facts: Facts = Object.fromEntries(seen.flatMap((finding) => Object.entries(finding.facts)));
    const problems = seen.flatMap((finding) => finding.problems);
    if (problems.length > 0) return fail(problems.join(', and '), facts);
    // What is known to be wrong counts for more than what could not be told.
    const unknown = looks.find((look) => look.status === 'rejected');
    if (unknown !== undefined) throw unknown.reason;
    return pass(facts);
  },
});

async function lookForTaint(files: Files, unwanted: readonly string[]): Promise<Finding> {
  const taints = taintsOf(await readNumber(files, TAINTED));
  const problems = taints.filter((name) => unwanted.includes(name));
  return {
    problems: problems.map((name) => `the kernel is tainted (${name}): ${meaningOf(name)}`),
    facts: { taints },
  };
}

async function lookForCrashes(traces: Traces): Promise<Finding> {
  const crashRecords = await traces.crashRecords();
  const problem = `the kernel left a crash record of the boot before this one: ${crashRecords.join(', ')}`;
  return { problems: crashRecords.length === 0 ? [] : [problem], facts: { crashRecords } };
}

async function lookForReset(traces: Traces): Promise<Finding> {
  const { watchdogs, resets } = await traces.watchdogs();
  return {
    problems: resets.map((name) => `${name} reset the machine before this boot`),
    facts: { watchdogs, watchdogResets: resets },
  };
}

async function readNumber(files: Files, path: string): Promise<bigint> {
  const text = (await files.readText(path))?.trim() ?? null;
  if (text === null) throw new GoodbootError('FILE_UNREADABLE', `${path}: does not exist`);
  if (!/^\d{1,20}$/.test(text)) throw new GoodbootError('FILE_UNREADABLE', `${path}: is not a number`);
  return BigInt(text);
}

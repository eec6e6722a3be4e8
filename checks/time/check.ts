import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { fail, pass } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { TimeOptions } from './options.ts';

/** Put in by the build, ISO 8601; not there when run from source. */
declare const GOODBOOT_BUILD_TIME: string;
const BUILD_TIME = typeof GOODBOOT_BUILD_TIME === 'string' ? GOODBOOT_BUILD_TIME : '2026-01-01T00:00:00Z';

export const check = defineCheck<TimeOptions>({
  type: 'time',
  async run({ options, use }) {
    const clock = await use('clock');
    const now = clock.now();
    const earliest = Date.parse(options.notBefore ?? BUILD_TIME);
    const problems: string[] = [];
    if (now < earliest) {
      problems.push(`the clock says ${isoTime(now)}; not before ${isoTime(earliest)} was wanted`);
    }
    if (!options.synchronised && options.maxError === undefined) return answer(problems, { now: isoTime(now) });

    const { synchronised, maxErrorMs } = await (await use('systemClock')).state();
    if (options.synchronised && !synchronised) {
      problems.push('the clock follows no time source; a synchronised clock was wanted');
    }
    if (options.maxError !== undefined && maxErrorMs > parseDuration(options.maxError)) {
      problems.push(`the clock may be off by ${formatDuration(maxErrorMs)}; at most ${options.maxError} was wanted`);
    }
    return answer(problems, { now: isoTime(now), synchronised, maxErrorMs });
  },
});

const answer = (problems: readonly string[], facts: Parameters<typeof pass>[0]) =>
  problems.length === 0 ? pass(facts) : fail(problems.join(', and '), facts);

const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

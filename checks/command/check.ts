import { once } from 'node:events';
import { formatDuration } from '../../src/core/duration.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { type Facts, fail, type Outcome, pass, skip } from '../../src/core/outcome.ts';
import { findUser, PASSWD_FILES, type User } from '../../src/core/passwd.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { Files } from '../../src/ports/files.ts';
import type { RunResult } from '../../src/ports/processes.ts';
import type { CommandOptions } from './options.ts';
import { lastLine, tail } from './words.ts';

/** The signal of the probe is the bound; this is only the longest that a timer takes. */
const NO_OTHER_BOUND_MS = 2 ** 31 - 1;
/** Kept of each stream while it runs: the last words are wanted, and come after a lot of others. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** Kept of each stream in the facts. */
const TAIL_BYTES = 1024;

export const check = defineCheck<CommandOptions>({
  type: 'command',
  async run({ options, use, signal }) {
    const { argv, user, cwd } = options;
    const [processes, clock, files] = [await use('processes'), await use('clock'), await use('files')];
    const owner = user === undefined ? null : await localUser(files, user);
    const env = owner === null ? options.env : { HOME: owner.home, USER: user!, LOGNAME: user!, ...options.env };
    const startedMs = clock.monotonicMs();
    const running = processes.run(argv, {
      timeoutMs: NO_OTHER_BOUND_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
      env,
      cwd,
      ...(owner === null ? {} : { uid: owner.uid, gid: owner.gid }),
    });
    // The answer does not wait for a program that takes its time to die.
    const result = await Promise.race([running, once(signal, 'abort').then(() => null)]);
    if (result === null || result.timedOut) {
      return fail(`${argv[0]} did not end within ${formatDuration(clock.monotonicMs() - startedMs)}`);
    }
    return judge(result, options);
  },
});

/** What the way a program ended says. */
export function judge(result: RunResult, { success, skip: skips }: Pick<CommandOptions, 'success' | 'skip'>): Outcome {
  const { argv, exitCode, signal, stdout, stderr, truncated } = result;
  const facts: Facts = {
    exitStatus: exitCode,
    signal,
    stdout: tail(stdout, TAIL_BYTES),
    stderr: tail(stderr, TAIL_BYTES),
    truncated,
  };
  if (exitCode !== null && success.includes(exitCode)) return pass(facts);
  const words = lastLine(stderr) ?? lastLine(stdout);
  const said = words === null ? '' : ` and said "${words}"`;
  if (exitCode !== null && skips.includes(exitCode)) {
    return skip(`${argv[0]} does not apply here: it ended with exit status ${exitCode}${said}`);
  }
  const end =
    exitCode === null ? `was ended by ${signal ?? 'nobody knows what'}` : `ended with exit status ${exitCode}`;
  return fail(`${argv[0]} ${end}${said}; exit status ${success.join(' or ')} was wanted`, facts);
}

/** @throws GoodbootError USER_UNKNOWN when there is no such local user */
async function localUser(files: Files, name: string): Promise<User> {
  for (const path of PASSWD_FILES) {
    const user = findUser((await files.readText(path)) ?? '', name);
    if (user !== null) return user;
  }
  throw new GoodbootError('USER_UNKNOWN', `user ${name}: is not in ${PASSWD_FILES.join(' or ')}`);
}

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { VERDICT_START_MS } from '../../src/cli/patience.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';

const UNITS = resolve(import.meta.dirname, '../../units');

/**
 * What units start, and have started in any version. Where goodboot is in /usr/local, all deployments share one, and
 * each has the units of its own /etc: after a rollback, old units start a newer program. So nothing is taken out here.
 */
const KEPT = ['verdict', 'begin', 'arm', 'end', 'doctor', 'drill finish', 'hooks %i', 'status'] as const;
const KEPT_PROGRAMS = ['goodboot-check %i', 'deadman'];

/** The program's name and its arguments, of each line that starts one of ours. */
const started = readdirSync(UNITS, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(service|conf)$/.test(name))
  .flatMap((name) => readFileSync(join(UNITS, name), 'utf8').split('\n'))
  .flatMap(
    (line) => /^Exec\w+=.*\/(?<call>(?:goodboot|goodboot-check|deadman)(?: .*)?)$/.exec(line)?.groups?.['call'] ?? [],
  );

test('every command that a unit starts is one that stays', () => {
  const kept = [...KEPT.map((line) => `goodboot ${line}`), ...KEPT_PROGRAMS];
  expect(started.length).toBeGreaterThan(8);
  for (const call of started) expect(kept).toContain(call);
});

test.each(KEPT)('goodboot %s is taken as units of any version say it', (line) => {
  const program = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);
  let command = program;
  const words = line.split(' ');
  for (;;) {
    const next = command.commands.find((each) => each.name() === words[0]);
    if (next === undefined) break;
    command = next;
    words.shift();
  }
  expect(command.commands).toEqual([]);
  expect(words.length).toBeLessThanOrEqual(command.registeredArguments.length);
  expect(command.registeredArguments.filter(({ required }) => required).length).toBeLessThanOrEqual(words.length);
  expect(command.options.filter(({ mandatory }) => mandatory)).toEqual([]);
});

test('the time of a verdict is the one that goodboot takes its unit to say', () => {
  const unit = readFileSync(join(UNITS, 'goodboot-verdict.service'), 'utf8');
  expect(unit).toContain(`\nTimeoutStartSec=${VERDICT_START_MS / 60_000}min\n`);
});

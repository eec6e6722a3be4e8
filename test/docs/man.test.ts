import { resolve } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { run } from '../lab/run.ts';

const PAGE = resolve(import.meta.dirname, '../../dist/man/goodboot.8');

const program = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);
/** Each that does something by itself, others below it or not. */
const commandsOf = (command: Command): readonly Command[] => {
  const isOne = command !== program && (command.commands.length === 0 || command.options.length > 0);
  return [...(isOne ? [command] : []), ...command.commands.flatMap(commandsOf)];
};

let rendered = { exitCode: -1, stdout: '', stderr: '' };
/** What a reader sees, without the spaces that justify it. */
let text = '';

beforeAll(async () => {
  rendered = await run(['groff', '-ww', '-man', '-Tutf8', '-P-cbou', PAGE]);
  text = rendered.stdout.replaceAll('’', "'").replace(/\s+/g, ' ');
});

describe('the manual page goodboot(8)', () => {
  test('has nothing that groff warns of', () => {
    expect(rendered).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text).toMatch(/^GOODBOOT\(8\) .* NAME goodboot - boot health .* SYNOPSIS /);
  });

  const usageOf = (command: Command) => command.createHelp().commandUsage(command).replace(' [command]', '');
  test.each(commandsOf(program).map((command) => [usageOf(command), command] as const))(
    'has a section on %s, with its options',
    (usage, command) => {
      const heading = command.options.length === 0 ? usage.replace(' [options]', '') : usage;
      expect(text.slice(0, text.indexOf('DESCRIPTION '))).toContain(`${heading} `);
      const start = text.toLowerCase().indexOf(` ${heading} ${command.description()}.`.toLowerCase());
      expect(start).toBeGreaterThan(0);
      for (const { flags } of command.options) expect(text.slice(start)).toContain(` ${flags} `);
    },
  );

  test('has the examples that the help of a command has', () => {
    expect(text).toContain(' goodboot verdict --dry-run goodboot verdict --dry-run --json ');
  });

  test('has every error code below its exit status', () => {
    const statuses = text.slice(text.indexOf(' EXIT STATUS '), text.indexOf(' FILES '));
    for (const [code, { exit, summary }] of Object.entries(ERRORS)) {
      const entry = ` ${code}: ${summary}.`;
      expect(statuses).toContain(entry);
      const until = statuses.slice(0, statuses.indexOf(entry) + entry.length);
      expect([...until.matchAll(/ (\d\d) [A-Z_]+: /g)].at(-1)?.[1], code).toBe(String(exit));
    }
  });
});

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { generateEventArtefacts } from '../../src/core/event-artefacts.ts';
import { EVENTS, fillIn, journalFields } from '../../src/core/events.ts';

const REPO = resolve(import.meta.dirname, '../..');
const events = Object.entries(EVENTS);

test('no two events have the same id', () => {
  expect(new Set(events.map(([, { id }]) => id)).size).toBe(events.length);
});

const goodboot = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);

/** What is wrong with the words behind `goodboot`; null: it would be run. */
function misused(words: readonly string[]): string | null {
  const isOption = (word: string) => word.startsWith('-');
  let command = goodboot;
  let rest = words.filter((word) => !isOption(word));
  for (let next = nextOf(command, rest); next !== undefined; next = nextOf(command, rest)) {
    command = next;
    rest = rest.slice(1);
  }
  const unknown = words.find(
    (word) => isOption(word) && !command.options.some(({ short, long }) => [short, long].includes(word)),
  );
  if (unknown !== undefined) return `it has no option ${unknown}`;
  const needed = command.registeredArguments.filter(({ required }) => required).length;
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Infinity
    : command.registeredArguments.length;
  if (command.commands.length > 0 || rest.length < needed || rest.length > most) return `${rest.length} arguments`;
  return null;
}
const nextOf = (command: Command, [word]: readonly string[]) => command.commands.find((each) => each.name() === word);

test.each([
  ['status', null],
  ['stats', '1 arguments'],
  ['trial', '0 arguments'],
  ['explain', '0 arguments'],
  ['doctor --fixed', 'it has no option --fixed'],
])('of "goodboot %s" is said %s', (words, want) => {
  expect(misused(words.split(' '))).toBe(want);
});

describe.each(events)('event %s', (name, event) => {
  const { id, fields, subject, body } = event;

  test('has a name in lower case with hyphens and an id of 32 hex digits', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('names only fields of its own, which journald takes', () => {
    const used = [...`${subject}\n${body}`.matchAll(/@([A-Z_]+)@/g)].map(([, field]) => field);
    expect(fields).toEqual(expect.arrayContaining(used));
    for (const field of fields) expect(field).toMatch(/^GOODBOOT_[A-Z_]{1,50}$/);
  });

  test('says what happened in one line, and in its text what was done and what can be done', () => {
    expect(subject).toMatch(/^[A-Z][^\n]+[^.\n]$/);
    expect(body.split('\n').length).toBeGreaterThan(1);
    expect(body).toMatch(/\.$/);
  });

  test('names a command that cures, or shows more, and that there is', () => {
    const commands = [...body.matchAll(/"([^"]+)"/g)].map(([, text]) => text!.split(' '));
    expect(commands.length).toBeGreaterThan(0);
    for (const [program, ...words] of commands) {
      expect(['goodboot', 'journalctl', 'systemctl', 'rpm-ostree', 'bootc', 'ostree']).toContain(program);
      if (program === 'goodboot') expect(misused(words), words.join(' ')).toBe(null);
    }
  });
});

describe('an entry', () => {
  test('has the filled subject as its message, the id, the priority and the fields', () => {
    const fields = { GOODBOOT_BOOT_LOADER: 'grub', GOODBOOT_BY: 'verdict' };
    expect(journalFields('boot-marked-good', fields)).toEqual({
      MESSAGE: 'The boot was marked good in the boot loader (grub), by the verdict',
      MESSAGE_ID: EVENTS['boot-marked-good'].id,
      PRIORITY: 5,
      GOODBOOT_EVENT: 'boot-marked-good',
      ...fields,
    });
  });

  test.each([
    ['a field', '@A@ b', '1 b'],
    ['two fields', '@A@@B_C@', '1@A@'],
    ['a field behind an at sign', 'x@@A@.service', 'x@1.service'],
    ['a field that is not there', '@D@', '@D@'],
    ['an address', 'a@b.c', 'a@b.c'],
  ])('%s in a template', (_, template, want) => {
    expect(fillIn(template, { A: 1, B_C: '@A@' })).toBe(want);
  });
});

test.each(Object.entries(generateEventArtefacts()))('%s is what the table says: npm run gen', (path, text) => {
  expect(readFileSync(join(REPO, path), 'utf8')).toBe(text);
});

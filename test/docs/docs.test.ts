import { globSync, readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { build, goodboot, makeDirectory } from '../helpers/cli.ts';
import { anchorsOf, callsOf, fencesOf, linksOf, stepsOf } from './markdown.ts';
import { follow } from './reader.ts';

const REPO = resolve(import.meta.dirname, '../..');
const PAGES = globSync('{*.md,docs/**/*.md,checks/*/*.md}', { cwd: REPO }).sort();
const read = (page: string): string => readFileSync(join(REPO, page), 'utf8');
const isFollowed = (page: string): boolean => stepsOf(read(page)).some(({ kind }) => kind === 'type');

beforeAll(build, 60_000);

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('has links that lead somewhere', async () => {
    for (const link of linksOf(text)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#', 2);
      const target = path === '' ? page : join(dirname(page), path);
      await access(join(REPO, target));
      if (anchor !== undefined) expect(anchorsOf(read(target)), link).toContain(anchor);
    }
  });

  test('names only commands and options that goodboot has', () => {
    expect(callsOf(text, 'goodboot').flatMap((words) => whatIsWrong(program, words) ?? [])).toEqual([]);
  });

  test('names only scripts that npm runs here', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const [first = '', second = ''] of callsOf(text, 'npm')) {
      if (['start', 'test', 'run'].includes(first)) expect(scripts).toHaveProperty(first === 'run' ? second : first);
    }
  });
});

const program = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);

/** Why a command line would not be taken, or null. Words in capitals and brackets stand for something. */
function whatIsWrong(command: Command, words: readonly string[]): string | null {
  const [word, ...rest] = words;
  if (word === undefined || ['…', '...', 'COMMAND'].includes(word)) return null;
  if (word.startsWith('-')) {
    const option = word.replace(/^\[|\]$/g, '');
    const known = [...program.options, ...command.options].find(({ long, short }) => [long, short].includes(option));
    if (known === undefined && option !== '--help') return `${command.name()} ${option}`;
    return whatIsWrong(command, known?.required === true ? rest.slice(1) : rest);
  }
  if (command.commands.length === 0) return whatIsWrong(command, rest);
  for (const name of word.split('|')) {
    const next = command.commands.find((each) => each.name() === name);
    if (next === undefined) return `${command.name()} ${name}`;
    const wrong = whatIsWrong(next, rest);
    if (wrong !== null) return wrong;
  }
  return null;
}

test.each([...checkTypes.values()])('checks/$type/README.md has the options and the times of the type', (checkType) => {
  const { type, schema, defaults } = checkType;
  const text = read(`checks/${type}/README.md`);
  for (const option of Object.keys('entries' in schema ? Object(schema.entries) : {}))
    expect(text).toContain(`| \`${option}`);
  const times = Object.entries(defaults).map(([name, time]) => `\`${name}: ${time}\``);
  expect(text).toContain(`Times unless set: ${times.join(', ')} for one probe.`);
});

const CONFIGS = PAGES.flatMap((page) =>
  fencesOf(read(page))
    .filter(({ language, marks }) => language === 'yaml' && !marks.includes('new-type'))
    .map(({ text, line, marks }) => [`${page}:${line}`, text, marks.includes('invalid') ? 78 : 0] as const),
);

test.each(CONFIGS)(
  'the configuration at %s is what goodboot config check says of it',
  async (_place, text, exitCode) => {
    const whole = text.includes('apiVersion:') ? text : `apiVersion: goodboot/v1\n${text}`;
    await using directory = await makeDirectory({ '50-example.yaml': whole });
    const ran = await goodboot(['--root', directory.path, 'config', 'check', join(directory.path, '50-example.yaml')]);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(exitCode);
  },
);

test.each(PAGES.filter(isFollowed))(
  '%s: each step does what the page says',
  async (page) => {
    const steps = stepsOf(read(page));
    const followed = await follow(steps);
    for (const [at, step] of steps.entries()) {
      const { exitCode, printed } = followed[at] ?? { exitCode: -1, printed: 'not reached' };
      const what = step.kind === 'type' ? `${page}:${step.line}: ${step.command}` : `${page}: step ${at}, ${step.kind}`;
      expect(exitCode, `${what}\n${printed}`).toBe(0);
      if (step.kind === 'type' && step.printed !== '') expect(tidy(printed), what).toMatch(shown(step.printed));
    }
  },
  90_000,
);

/** Durations and the spaces that pad columns differ from run to run; npm talks about itself. */
const tidy = (text: string): string =>
  text
    .replace(/^npm warn .*\n/gm, '')
    .replace(/\d+(\.\d+)? (ms|s)\b/g, 'TIME')
    .replace(/ +/g, ' ')
    .trim();

/** What a page shows, as an expression: `…` stands for anything. */
const shown = (text: string): RegExp => new RegExp(`^${tidy(text).split('…').map(literally).join('[^]*?')}$`);

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

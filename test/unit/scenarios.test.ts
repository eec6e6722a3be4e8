import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must, run } from '../lab/run.ts';
import { SCENARIOS } from '../vm/scenarios.ts';

const REPO = join(import.meta.dirname, '../..');
const names: readonly string[] = SCENARIOS.map(({ name }) => name);

const vm = (...args: readonly string[]) => [process.execPath, join(REPO, 'tools/vm.mjs'), ...args];

test('every scenario of the registry is played by one test, and every name is fit for a pattern', () => {
  const directory = join(REPO, 'test/vm');
  const files = readdirSync(directory).filter((name) => name.endsWith('.test.ts'));
  const text = files.map((name) => readFileSync(join(directory, name), 'utf8')).join('\n');
  const played = [...text.matchAll(/^ *scenario\(\s*'([^']+)'/gm)].map((match) => match[1]);
  expect(played.toSorted()).toEqual(names.toSorted());
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
});

test('npm run vm lists the scenarios, and asks back about a name that is none', async () => {
  const listed = await must(vm('--list'));
  expect(listed.split('\n').map((line) => line.split(' ', 1)[0])).toEqual([...names, '']);
  const { exitCode, stderr } = await run(vm('good-updaet', 'zzzzzzzzzzzz'));
  expect(exitCode).toBe(64);
  expect(stderr).toContain('there is no scenario good-updaet; did you mean good-update?\n');
  expect(stderr).toContain('there is no scenario zzzzzzzzzzzz\n');
  expect(await run(vm('--lsit'))).toMatchObject({ exitCode: 64 });
});

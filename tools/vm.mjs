// Plays scenarios on virtual machines: npm run vm -- [--list] [NAME…]. Without a name: all, and the tests of the lab itself.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nearest } from '../src/core/nearest.ts';
import { SCENARIOS } from '../test/vm/scenarios.ts';

const USAGE = 64;
const known = SCENARIOS.map(({ name }) => name);

const { values, positionals: names } = readArguments();
if (values.list) {
  console.log(list());
} else {
  const unknown = names.filter((name) => !known.includes(name));
  for (const name of unknown) {
    const meant = nearest(name, known);
    console.error(`there is no scenario ${name}${meant === null ? '' : `; did you mean ${meant}?`}`);
  }
  if (unknown.length > 0) end('npm run vm -- --list shows them all');
  process.exitCode = play();
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { list: { type: 'boolean', default: false } } });
  } catch (error) {
    return end(`${error.message}\nusage: npm run vm -- [--list] [NAME…]`);
  }
}

function end(why) {
  console.error(why);
  process.exit(USAGE);
}

/** One scenario a line: the name, and what goes wrong. */
function list() {
  const width = Math.max(...known.map((name) => name.length));
  return SCENARIOS.map(({ name, failure }) => `${name.padEnd(width)}  ${failure}`).join('\n');
}

/** The names are in kebab case: nothing in them means something else in a pattern. */
function play() {
  const only = names.length === 0 ? [] : ['--testNamePattern', `^(${names.join('|')})$`];
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', 'vitest.vm.config.ts', ...only];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

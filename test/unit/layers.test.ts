import { globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const REPO = resolve(import.meta.dirname, '../..');

const LOW = ['src/core/**', 'src/ports/**'];
const NODE = 'node:*{,/*}';

/**
 * What each part may import, beside itself. The first row that a file matches counts. Left out on purpose: `node` sees
 * no configuration (it is given settings as plain data) and no Node module; only `cli` builds adapters.
 */
const ARROWS: readonly (readonly [files: string, may: readonly string[]])[] = [
  ['src/core/**', ['fastest-levenshtein']],
  ['src/ports/**', ['src/core/**']],
  ['src/config/registry.ts', ['src/config/**', 'checks/*/options.ts']],
  // Run by npm run gen only.
  ['src/config/generate.ts', ['src/config/**', 'node:fs']],
  ['src/config/**', [...LOW, 'valibot', '@valibot/to-json-schema', 'yaml', 'node:path']],
  ['src/node/check-programs.ts', ['src/ports/**', 'checks/*/check.ts']],
  ['src/node/**', LOW],
  ['src/adapters/dbus/**', [...LOW, NODE, 'dbus-next/lib/*.js']],
  ['src/adapters/{systemd,deployments}/**', [...LOW, NODE, 'src/adapters/dbus/**']],
  ['src/adapters/{files,system-clock}/**', [...LOW, NODE, 'src/adapters/ffi/**']],
  ['src/adapters/journald/**', [...LOW, NODE, 'pino', 'src/adapters/ffi/**']],
  ['src/adapters/**', [...LOW, NODE]],
  // A check program loads no schema library; its options are read by the configuration alone.
  ['checks/*/options.ts', ['src/core/**', 'src/config/check-type.ts', 'valibot', 'node:net']],
  // What a check looks at comes through its ports; of node:net it may only parse addresses.
  ['checks/network/cidr.ts', ['node:net']],
  ['checks/network/reach-target.ts', ['src/core/**', 'checks/tcp/target.ts']],
  // What runs its scripts runs the hooks too.
  ['checks/greenboot/check.ts', [...LOW, 'src/node/greenboot/**']],
  ['checks/**', [...LOW, 'node:util', 'node:events']],
  ['src/cli/**', ['src/**', NODE, 'commander', 'pino', 'valibot', '@valibot/to-json-schema']],
];

/** The folder that a file belongs to: within it, files import each other freely. */
function home(file: string): string {
  const depth = file.startsWith('src/adapters/') ? 3 : 2;
  return `${file.split('/').slice(0, depth).join('/')}/`;
}

/** Everything that a module text imports, however it is written. A type counts too: it is an arrow all the same. */
function importsOf(text: string): readonly string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const written = [...code.matchAll(/(?:(?<!\.)\bfrom|\bimport\s*\(?)\s*(['"`])(?<module>[^'"`]+)\1/g)];
  const dynamic = [...code.matchAll(/\b(?:import|require)\s*\(\s*[^'"`\s].*/g)].map(
    ([line]) => `not a literal: ${line}`,
  );
  return [...written.map(({ groups }) => groups!['module']!), ...dynamic];
}

/** The imports of a file that no arrow allows. */
function broken(file: string, text: string): readonly string[] {
  const row = ARROWS.find(([files]) => matchesGlob(file, files));
  if (row === undefined) return [`${file} belongs to no part`];
  return importsOf(text)
    .map((module) => (module.startsWith('.') ? join(dirname(file), module) : module))
    .filter((module) => !module.startsWith(home(file)) && !row[1].some((may) => matchesGlob(module, may)))
    .map((module) => `${file} -> ${module}`);
}

const FILES = globSync(['src/**/*.ts', 'checks/**/*.ts'], { cwd: REPO });

test('no part imports what is not below it', () => {
  expect(FILES.length).toBeGreaterThan(100);
  expect(FILES.flatMap((file) => broken(file, readFileSync(join(REPO, file), 'utf8')))).toEqual([]);
});

test('every row of the table is of use', () => {
  expect(ARROWS.filter(([files]) => !FILES.some((file) => matchesGlob(file, files)))).toEqual([]);
});

describe('a broken arrow is seen', () => {
  test.each([
    ['core', 'src/core/x.ts', `import { open } from 'node:fs/promises';`],
    ['core', 'src/core/x.ts', `import type { Files } from '../ports/files.ts';`],
    ['ports', 'src/ports/x.ts', `import { x } from "../adapters/clock/clock.ts";`],
    ['ports, from outside', 'src/ports/x.ts', `import * as v from 'valibot';`],
    ['config', 'src/config/x.ts', `export { x } from '../node/act.ts';`],
    ['config, to a check program', 'src/config/registry.ts', `import('../../checks/tcp/check.ts')`],
    ['node', 'src/node/x.ts', `export * from '../adapters/clock/clock.ts';`],
    ['node, over two lines', 'src/node/x.ts', `import {\n  x,\n} from\n  '../cli/session.ts';`],
    ['node, at run time', 'src/node/x.ts', `await import('../../src/config/load.ts')`],
    ['node, by a computed name', 'src/node/x.ts', 'await import(name)'],
    ['an adapter', 'src/adapters/clock/x.ts', `import '../files/files.ts';`],
    ['an adapter, to the configuration', 'src/adapters/clock/x.ts', 'import(`../../config/load.ts`)'],
    ['a check', 'checks/tcp/x.ts', `import { connect } from 'node:net';`],
    ['a check, to another', 'checks/tcp/x.ts', `import { check } from '../http/check.ts';`],
    ['a check program, to its schema library', 'checks/tcp/check.ts', `import * as v from 'valibot';`],
    ['a part that nobody knows', 'src/other/x.ts', ''],
  ])('%s', (_, file, text) => {
    expect(broken(file, text)).toHaveLength(1);
  });

  test('and one in a comment is none', () => {
    expect(broken('src/core/x.ts', `// import x from 'a'\n/** import('b') */\nconst x = 1;`)).toEqual([]);
  });
});

// Bundles goodboot into out/: the command, the check program, and the chunks that each loads when it needs them.
// node tools/build.mjs [--quiet] [--out DIR] [--cut-points]: the last lets tests stop it between two durable changes.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

const { values: options } = parseArgs({
  options: {
    quiet: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out' },
    'cut-points': { type: 'boolean', default: false },
  },
});

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const git = (...args) => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
};
const commit = git('rev-parse', '--short=12', 'HEAD') || 'unknown';
const seconds = process.env.SOURCE_DATE_EPOCH ?? git('show', '-s', '--format=%ct', 'HEAD');
const buildTime = new Date((seconds ? Number(seconds) : Math.floor(Date.now() / 1000)) * 1000).toISOString();

// dbus-next loads at once what goodboot needs seldom (assert: to send a variant) or never (crypto: for cookies; jsbi: for
// a Node without BigInt; the others: for buses behind a program or of an X server). A check of units would wait for it.
const LATE = new Set(['assert', 'crypto']);
const NEVER = new Set(['event-stream', 'jsbi', 'x11']);
const dbusNext = {
  name: 'dbus-next',
  resolveId(id, importer = '') {
    if (!importer.includes('/node_modules/dbus-next/')) return null;
    return LATE.has(id) ? `\0late:${id}` : NEVER.has(id) ? '\0never' : null;
  },
  load(id) {
    if (id === '\0never') return 'module.exports = {};';
    if (!id.startsWith('\0late:')) return null;
    return `const load = () => process.getBuiltinModule('${id.slice('\0late:'.length)}');
      module.exports = new Proxy(load, { get: (_, key) => load()[key], apply: (_, self, args) => load()(...args) });`;
  },
};

// Node's own modules are asked for by a call. An import statement reads all that they export, and so loads what they
// load on demand: node:fs its promises, node:crypto the whole of webcrypto.
const builtins = {
  name: 'builtins',
  renderChunk: (code) =>
    code
      .replaceAll('createRequire(import.meta.url)', 'process.getBuiltinModule')
      .replace(/^import \{ createRequire \} from "node:module";$(?![\s\S]*createRequire)/m, '')
      .replaceAll(/^import (.+) from "(node:.+)";$/gm, (_, names, id) => declaration(names, id)),
};

/** The declaration that stands for `import NAMES from ID`. */
function declaration(names, id) {
  const all = `process.getBuiltinModule("${id}")`;
  const [, whole, some] = /^(?:(?:\* as )?([\w$]+))?(?:, )?(\{.*\})?$/.exec(names);
  const parts = some?.replaceAll(' as ', ': ');
  if (whole === undefined) return `const ${parts} = ${all};`;
  return `const ${whole} = ${all}${parts === undefined ? '' : `, ${parts} = ${whole}`};`;
}

// One file of what every check needs and of the default configuration's checks: a file more costs as much as 20 KiB.
const CHECK_FILE =
  /\/src\/(core|node|ports|cli|adapters\/(clock|files|traces))\/(?!greenboot\/)|\/checks\/(filesystem|kernel|time|units)\//;

async function bundle(name, entry, groups) {
  const made = await rolldown({
    input: { [name]: entry },
    platform: 'node',
    plugins: [dbusNext, builtins],
    transform: {
      target: 'node26',
      define: {
        GOODBOOT_VERSION: JSON.stringify(version),
        GOODBOOT_COMMIT: JSON.stringify(commit),
        GOODBOOT_BUILD_TIME: JSON.stringify(buildTime),
        ...(options['cut-points'] ? { GOODBOOT_CUT_POINTS: 'true' } : { 'typeof GOODBOOT_CUT_POINTS': "'undefined'" }),
      },
    },
  });
  const { output } = await made.write({
    dir: options.out,
    format: 'esm',
    minify: true,
    comments: false,
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    codeSplitting: { groups },
  });
  chmodSync(join(options.out, `${name}.mjs`), 0o755);
  if (options.quiet) return;
  for (const { fileName, code } of output)
    console.log(`${join(options.out, fileName)}  ${(code.length / 1024).toFixed(1)} KiB`);
}

rmSync(options.out, { recursive: true, force: true });
await bundle('goodboot-check', 'src/cli/check-main.ts', [{ name: 'check', test: CHECK_FILE }]);
await bundle('goodboot', 'src/cli/main.ts', []);

// How goodboot is bundled: for a checkout (tools/build.mjs) and for the single executable (tools/sea.mjs).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const git = (...args) => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
};

/** What is built: `commit` is twelve hex digits or `unknown`, `time` the commit's, as ISO 8601. */
export function release() {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const commit = git('rev-parse', '--short=12', 'HEAD') || 'unknown';
  const seconds = process.env.SOURCE_DATE_EPOCH ?? git('show', '-s', '--format=%ct', 'HEAD');
  const time = new Date((seconds ? Number(seconds) : Math.floor(Date.now() / 1000)) * 1000).toISOString();
  return { version, commit, time };
}

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

/**
 * The chunks of one program. `input` is rolldown's, `output` what its generate() is given beyond what all have.
 * `cutPoints` lets tests stop the program between two durable changes.
 */
export async function bundle({ input, output, cutPoints }) {
  const { version, commit, time } = release();
  const made = await rolldown({
    input,
    platform: 'node',
    plugins: [dbusNext, builtins],
    // The command loads at once some of what the check program, over the same sources, loads when it is asked for.
    checks: { ineffectiveDynamicImport: false },
    transform: {
      target: 'node26',
      define: {
        GOODBOOT_VERSION: JSON.stringify(version),
        GOODBOOT_COMMIT: JSON.stringify(commit),
        GOODBOOT_BUILD_TIME: JSON.stringify(time),
        ...(cutPoints ? { GOODBOOT_CUT_POINTS: 'true' } : { 'typeof GOODBOOT_CUT_POINTS': "'undefined'" }),
      },
    },
  });
  const { output: chunks } = await made.generate({ minify: true, comments: false, ...output });
  await made.close();
  return chunks;
}

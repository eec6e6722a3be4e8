// Bundles goodboot into out/: the command, the check program, and the chunks that each loads when it needs them.
// node tools/build.mjs [--quiet] [--out DIR] [--cut-points]: the last lets tests stop it between two durable changes.
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const { values: options } = parseArgs({
  options: {
    quiet: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out' },
    'cut-points': { type: 'boolean', default: false },
  },
});

// One file of what every check needs and of the default configuration's checks: a file more costs as much as 20 KiB.
const CHECK_FILE =
  /\/src\/(core|node|ports|cli|adapters\/(clock|files|traces))\/(?!greenboot\/)|\/checks\/(filesystem|kernel|time|units)\//;

async function write(name, entry, groups) {
  const chunks = await bundle({
    input: { [name]: entry },
    output: {
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
      codeSplitting: { groups },
    },
    cutPoints: options['cut-points'],
  });
  for (const { fileName, code, isEntry } of chunks) {
    const path = join(options.out, fileName);
    writeFileSync(path, code, { mode: isEntry ? 0o755 : 0o644 });
    if (!options.quiet) console.log(`${path}  ${(code.length / 1024).toFixed(1)} KiB`);
  }
}

for (const chunk of globSync('*.mjs', { cwd: options.out })) rmSync(join(options.out, chunk));
mkdirSync(options.out, { recursive: true });
await write('goodboot-check', 'src/cli/check-main.ts', [{ name: 'check', test: CHECK_FILE }]);
await write('goodboot', 'src/cli/main.ts', []);

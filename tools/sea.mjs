// Builds the single executable: node tools/sea.mjs [--arch x86_64|aarch64] [--out DIR] [--quiet] [--cut-points]
// Into DIR, by default out/ARCH: goodboot, and libatomic.so.1, which Node needs and Fedora CoreOS does not have.
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExecutable } from './sea/executable.mjs';
import { BuildError, HOST } from './sea/runtime.mjs';

const { values: options } = parseArgs({
  options: {
    arch: { type: 'string', default: HOST },
    out: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    'cut-points': { type: 'boolean', default: false },
  },
});
const repo = join(import.meta.dirname, '..');
const out = options.out === undefined ? join(repo, 'out', options.arch) : resolve(options.out);
process.chdir(repo);
try {
  await buildExecutable({ arch: options.arch, out, cutPoints: options['cut-points'] });
  if (!options.quiet) {
    for (const file of ['goodboot', 'libatomic.so.1'].map((name) => join(out, name)))
      console.log(`${file}  ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`tools/sea.mjs: ${error.message}`);
  process.exitCode = 1;
}

// Builds the single executable: node tools/sea.mjs [--arch x86_64|aarch64] [--out DIR] [--quiet] [--cut-points]
// Into DIR, by default out/ARCH: goodboot, and libatomic.so.1, which Node needs and Fedora CoreOS does not have.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeAssets } from './sea/assets.mjs';
import { RPATH, verify, verifyLibatomic } from './sea/elf.mjs';
import { ARCHITECTURES, BuildError, libatomic, nodeBinary, tool } from './sea/runtime.mjs';

const { values: options } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch === 'arm64' ? 'aarch64' : 'x86_64' },
    out: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    'cut-points': { type: 'boolean', default: false },
  },
});

/** The runtime's own options. Those of the environment and of the command line are goodboot's: a service of root obeys none. */
const EXEC_ARGV = ['--disable-warning=ExperimentalWarning'];

/** Builds for one architecture into a directory. */
async function build(arch, out) {
  if (!(arch in ARCHITECTURES))
    throw new BuildError(`no architecture ${arch}: ${Object.keys(ARCHITECTURES).join(', ')}`);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(realpathSync(out), '.new-'));
  try {
    const assets = await writeAssets(work, { cutPoints: options['cut-points'] });
    // In this order: stripped or given a path at another step, the result does not start.
    tool(`${arch}-linux-gnu-strip`, ['--strip-all', '-o', join(work, 'node'), nodeBinary(arch)]);
    // The path of the program gets into the result: it is one without a directory.
    const config = {
      main: 'main.js',
      executable: 'node',
      output: 'goodboot',
      disableExperimentalSEAWarning: true,
      useCodeCache: false,
      execArgv: EXEC_ARGV,
      execArgvExtension: 'none',
      assets: Object.fromEntries(Object.entries(assets).map(([name, file]) => [name, resolve(file)])),
    };
    writeFileSync(join(work, 'sea.json'), JSON.stringify(config));
    tool(process.execPath, ['--build-sea=sea.json'], { cwd: work });
    tool('patchelf', ['--set-rpath', RPATH, join(work, 'goodboot')]);
    copyFileSync(libatomic(arch), join(work, 'libatomic.so.1'));
    verify(join(work, 'goodboot'), arch);
    verifyLibatomic(join(work, 'libatomic.so.1'), arch);
    for (const [name, mode] of [
      ['goodboot', 0o755],
      ['libatomic.so.1', 0o644],
    ]) {
      chmodSync(join(work, name), mode);
      renameSync(join(work, name), join(out, name));
      if (!options.quiet) console.log(`${join(out, name)}  ${statSync(join(out, name)).size} bytes`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  process.chdir(new URL('..', import.meta.url).pathname);
  await build(options.arch, options.out ?? join('out', options.arch));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`tools/sea.mjs: ${error.message}`);
  process.exitCode = 1;
}

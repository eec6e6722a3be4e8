// Makes the executable of one architecture: Node's binary, with the chunks and files of goodboot inside.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { writeAssets } from './assets.mjs';
import { RPATH, verify, verifyLibatomic } from './elf.mjs';
import { ARCHITECTURES, BuildError, HOST, libatomic, nodeBinary, tool } from './runtime.mjs';

/** The runtime's own options. Those of the environment and of the command line are not obeyed: root runs this. */
const EXEC_ARGV = ['--disable-warning=ExperimentalWarning'];

/** Of the hash tables that V8 writes. It is no part of what V8 compares, and without it no two code caches are alike. */
const SEED = '--random-seed=1';
/** Two in a row were alike in all but one of fifty runs. */
const CACHE_RUNS = 6;

/** What ships. Other ways to start are for npm run bench -- sea. */
export const SHIPPED = {
  entry: 'src/cli/executable.ts',
  chunks: 'cached',
  execArgv: EXEC_ARGV,
  sea: {},
  buildArgv: [],
};

/**
 * Writes goodboot and libatomic.so.1 into `out`: both, or none.
 * @throws BuildError
 */
export async function buildExecutable({ arch, out, cutPoints = false, ...how }) {
  const { entry, chunks, execArgv, sea, buildArgv } = { ...SHIPPED, ...how };
  if (!(arch in ARCHITECTURES)) throw new BuildError(`${arch} is none of ${Object.keys(ARCHITECTURES).join(', ')}`);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(resolve(out), '.new-'));
  try {
    // In this order: what is stripped, or given a path, at another step does not start.
    tool(`${arch}-linux-gnu-strip`, ['--strip-all', '-o', join(work, 'node'), nodeBinary(arch)]);
    const assets = await writeAssets(work, { entry, cutPoints, withChunks: chunks !== 'none' });
    if (chunks === 'cached') Object.assign(assets, codeCaches(work, arch, execArgv, []));
    if (chunks === 'called') Object.assign(assets, codeCaches(work, arch, execArgv, ['--called']));
    const config = {
      // Its path gets into the result: it is one without a directory.
      main: 'main.js',
      executable: 'node',
      output: 'goodboot',
      disableExperimentalSEAWarning: true,
      useCodeCache: false,
      execArgv,
      execArgvExtension: 'none',
      assets: Object.fromEntries(Object.entries(assets).map(([name, file]) => [name, resolve(file)])),
      ...sea,
    };
    writeFileSync(join(work, 'sea.json'), JSON.stringify(config));
    tool(process.execPath, [...buildArgv, '--build-sea=sea.json'], { cwd: work });
    tool('patchelf', ['--set-rpath', RPATH, join(work, 'goodboot')]);
    copyFileSync(libatomic(arch), join(work, 'libatomic.so.1'));
    verify(join(work, 'goodboot'), arch);
    verifyLibatomic(join(work, 'libatomic.so.1'), arch);
    for (const [name, mode] of Object.entries({ goodboot: 0o755, 'libatomic.so.1': 0o644 })) {
      chmodSync(join(work, name), mode);
      renameSync(join(work, name), join(out, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Has the code caches made until two in a row are alike, and gives them as assets. */
function codeCaches(work, arch, execArgv, which) {
  const emulator = arch === HOST ? [] : [`qemu-${arch}-static`, '-L', `/usr/${arch}-linux-gnu`];
  const [file, ...args] = [
    ...emulator,
    join(work, 'node'),
    ...execArgv,
    SEED,
    resolve('tools/sea/code-cache.mjs'),
    ...which,
  ];
  let before = null;
  for (let run = 0; run < CACHE_RUNS; run += 1) {
    tool(file, args, { cwd: work });
    const caches = globSync('chunks/*.cache', { cwd: work }).sort();
    const hash = createHash('sha256');
    for (const name of caches) hash.update(readFileSync(join(work, name)));
    const digest = hash.digest('hex');
    if (digest === before) return Object.fromEntries(caches.map((name) => [name, join(work, name)]));
    before = digest;
  }
  throw new BuildError(`V8 compiled the chunks for ${arch} ${CACHE_RUNS} times, and never twice alike`);
}

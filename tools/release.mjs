// Builds what a release consists of: node tools/release.mjs [--out DIR] [--fast]. Into DIR, by default release/.
// --fast compresses least, for tests. Progress is on stderr, the sizes are on stdout.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { release } from './bundle.mjs';
import { buildExecutable } from './sea/executable.mjs';
import { ARCHITECTURES, BuildError } from './sea/runtime.mjs';
import { makeExtension } from './sysext.mjs';

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: 'release' }, fast: { type: 'boolean', default: false } },
});
/** zstd -19 takes a minute on a processor. */
const COMPRESS_TIMEOUT_MS = 600_000;

/** What it writes, of whatever version. */
const RELEASED = /^(goodboot-.+\.(gz|zst|raw|tar)|libatomic-.+\.so\.1|release\.json|SHA256SUMS)$/;

/** Everything into `work`: the raw executables stay below it, in a directory each. */
async function make(work) {
  const { version, commit, time } = release();
  const architectures = {};
  let etc;
  for (const arch of Object.keys(ARCHITECTURES)) {
    process.stderr.write(`building for ${arch}\n`);
    await buildExecutable({ arch, out: join(work, arch) });
    const raw = join(work, arch, 'goodboot');
    const name = `goodboot-${version}-${arch}`;
    process.stderr.write(`compressing ${name}\n`);
    await Promise.all([
      // No name and no time in it: they would not be the same twice.
      compressed('gzip', ['--no-name', options.fast ? '-1' : '-9', '--stdout', raw], join(work, `${name}.gz`)),
      compressed('zstd', ['--quiet', options.fast ? '-1' : '-19', '--stdout', raw], join(work, `${name}.zst`)),
    ]);
    const libatomic = `libatomic-${version}-${arch}.so.1`;
    copyFileSync(join(work, arch, 'libatomic.so.1'), join(work, libatomic));
    const [image, tree] = makeExtension({ arch, programs: join(work, arch), out: work, fast: options.fast });
    etc = named(work, tree); // the same for each
    architectures[arch] = {
      extension: named(work, image),
      goodboot: { ...facts(raw), gzip: named(work, `${name}.gz`), zstd: named(work, `${name}.zst`) },
      libatomic: named(work, libatomic),
    };
  }
  const about = {
    architectures,
    commit,
    commitTime: time,
    extensionEtc: etc,
    runtime: `node ${process.versions.node}`,
    version,
  };
  writeFileSync(join(work, 'release.json'), `${JSON.stringify(sorted(about), null, 2)}\n`);
  const files = [
    ...Object.values(architectures).flatMap(({ goodboot, libatomic, extension }) => [
      ...[goodboot.gzip, goodboot.zstd, libatomic, extension],
    ]),
    etc,
  ];
  const lines = [...files, named(work, 'release.json')].map(({ file, sha256 }) => `${sha256}  ${file}\n`);
  writeFileSync(
    join(work, 'SHA256SUMS'),
    lines.toSorted((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1)).join(''),
  );
  return architectures;
}

async function compressed(file, args, to) {
  const { stdout } = await promisify(execFile)(file, args, {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
    timeout: COMPRESS_TIMEOUT_MS,
  }).catch((error) => {
    throw new BuildError(`${file} failed: ${error.message}`, { cause: error });
  });
  writeFileSync(to, stdout);
}

function facts(path) {
  const content = readFileSync(path);
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
const named = (directory, file) => ({ file, ...facts(join(directory, file)) });

/** The same with the keys of every object in order. */
const sorted = (value) =>
  value === null || typeof value !== 'object'
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .toSorted(([one], [other]) => (one < other ? -1 : 1))
          .map(([key, inner]) => [key, sorted(inner)]),
      );

function table(architectures) {
  const rows = [['MB', 'raw', 'gzip', 'zstd', 'libatomic', 'extension']];
  for (const [arch, { goodboot, libatomic, extension }] of Object.entries(architectures)) {
    const sizes = [goodboot, goodboot.gzip, goodboot.zstd, libatomic, extension].map(({ bytes }) =>
      (bytes / 1e6).toFixed(2),
    );
    rows.push([arch, ...sizes]);
  }
  return rows.map(([first, ...rest]) => first.padEnd(10) + rest.map((cell) => cell.padStart(11)).join('')).join('\n');
}

const out = resolve(options.out);
process.chdir(join(import.meta.dirname, '..'));
mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(out, '.new-'));
try {
  const architectures = await make(work);
  for (const arch of Object.keys(architectures)) rmSync(join(work, arch), { recursive: true });
  // Of another version nothing may stay: it is in no SHA256SUMS.
  for (const name of readdirSync(out)) if (RELEASED.test(name)) rmSync(join(out, name));
  for (const name of readdirSync(work)) renameSync(join(work, name), join(out, name));
  console.log(table(architectures));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`tools/release.mjs: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

// Bundles goodboot into out/: two entries (the command, and the check program) and the chunks they share.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

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

// CommonJS packages look for `require`. In the bundle only Node's own modules are left to ask for, and only the chunk
// that holds esbuild's helper needs the answer.
const REQUIRE =
  "const require=n=>{const m=process.getBuiltinModule(n);if(!m)throw Error('not bundled: '+n);return m};\n";

rmSync('out', { recursive: true, force: true });
const result = await build({
  entryPoints: { goodboot: 'src/cli/main.ts', 'goodboot-check': 'src/cli/check-main.ts' },
  outdir: 'out',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  external: ['x11', 'usocket'],
  metafile: true,
  legalComments: 'none',
  define: {
    GOODBOOT_VERSION: JSON.stringify(version),
    GOODBOOT_COMMIT: JSON.stringify(commit),
    GOODBOOT_BUILD_TIME: JSON.stringify(buildTime),
  },
  write: false,
  logLevel: 'warning',
});
mkdirSync('out');
for (const { path, text } of result.outputFiles) {
  const entry = text.startsWith('#!');
  writeFileSync(path, text.includes('Dynamic require of') ? REQUIRE + text : text, { mode: entry ? 0o755 : 0o644 });
}
if (!process.argv.includes('--quiet')) {
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs))
    console.log(`${file}  ${(bytes / 1024).toFixed(1)} KiB`);
}

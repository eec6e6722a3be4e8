// What is inside the executable: its programs as chunks, and every file that an installed goodboot has.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from '../bundle.mjs';

/** Each under its path in the repository. */
const INSTALLED = ['units', 'dist', 'schema'];
const PROGRAMS = { goodboot: 'src/cli/command.ts', 'goodboot-check': 'src/cli/check-main.ts' };
/** Where src/cli/executable.ts looks for them. */
const CHUNKS = 'chunks';

/** Every file that is installed, sorted: its path in the repository and its mode, whatever the umask of the checkout was. */
export function installedFiles() {
  return INSTALLED.flatMap((top) => readdirSync(top, { recursive: true, withFileTypes: true }))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, stat: statSync(path) })) // of what a link leads to
    .filter(({ stat }) => stat.isFile())
    .map(({ path, stat }) => ({ path, mode: stat.mode & 0o100 ? 0o755 : 0o644 }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Writes main.js, the chunks and files.json into a directory. Gives the assets: by name, the file that holds each. */
export async function writeAssets(directory, { entry, cutPoints, withChunks }) {
  const place = (path, text) => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const [main] = await bundle({
    input: { main: entry },
    output: { format: 'cjs', codeSplitting: false },
    cutPoints,
  });
  place('main.js', main.code);
  const assets = {};
  for (const chunk of withChunks ? await chunks(cutPoints) : []) {
    assets[`${CHUNKS}/${chunk.fileName}`] = place(`${CHUNKS}/${chunk.fileName}`, wrapped(chunk.code));
  }
  const files = installedFiles();
  for (const { path } of files) assets[path] = path;
  assets['files.json'] = place('files.json', JSON.stringify(files));
  return assets;
}

/** The chunks of both programs, as rolldown tells of them. */
export async function chunks(cutPoints) {
  const made = [];
  for (const [name, entry] of Object.entries(PROGRAMS)) {
    made.push(
      ...(await bundle({
        input: { [name]: entry },
        output: {
          format: 'cjs',
          entryFileNames: '[name].js',
          chunkFileNames: '[name]-[hash].js',
          dynamicImportInCjs: false,
        },
        cutPoints,
      })),
    );
  }
  return made;
}

/** A function around a chunk, as Node has it around a CommonJS module. */
const wrapped = (code) => `(function(module,exports,require){${code.replace(/^#!.*\n/, '')}\n})`;

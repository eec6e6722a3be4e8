// What the executable is made of that is not goodboot's: Node's own binary, and the library that it needs beside it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** By the kernel's name of the architecture (uname -m): npm's name of it, and what the runtime links besides C++ and C. */
export const ARCHITECTURES = {
  x86_64: { npm: 'x64', loader: 'ld-linux-x86-64.so.2' },
  aarch64: { npm: 'arm64', loader: 'ld-linux-aarch64.so.1' },
};

/** This machine's own. */
export const HOST = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** Fetching 57 MB over a slow line takes minutes; npm itself gives up on a line that says nothing. */
const FETCH_TIMEOUT_MS = 300_000;

/** What a build cannot go on after: one sentence, which is all that is printed. */
export class BuildError extends Error {}

/** Node's binary for that architecture, as package-lock.json has it; fetched when it is not this machine's own. */
export function nodeBinary(arch) {
  const name = `node-linux-${ARCHITECTURES[arch].npm}`;
  const installed = `node_modules/${name}/bin/node`;
  return existsSync(installed) ? installed : fetched(name);
}

function fetched(name) {
  const { version, integrity } = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages[`node_modules/${name}`];
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'goodboot');
  const kept = join(cache, `${name}-${createHash('sha256').update(integrity).digest('hex').slice(0, 12)}`);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(`${kept}.new-`);
  try {
    // npm installs no package of another architecture, but packs it. Its first line says why it did not.
    const pack = ['pack', `${name}@${version}`, '--loglevel=error', '--fetch-retries=1', `--pack-destination=${work}`];
    try {
      tool('npm', pack, { timeout: FETCH_TIMEOUT_MS });
    } catch (error) {
      const why = /^npm error (?!code |errno |syscall )(.+)$/m.exec(error.message)?.[1] ?? error.message;
      throw new BuildError(`${name}@${version} could not be fetched: ${why}`, { cause: error });
    }
    const archive = join(work, `${name}-${version}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity)
      throw new BuildError(`${name}@${version} is ${found}, and ${integrity} in package-lock.json`);
    tool('tar', ['-xzf', archive, '-C', work, 'package/bin/node']);
    renameSync(join(work, 'package/bin/node'), kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Debian's libatomic.so.1: of the machine itself, of a foreign architecture, or of the cross compiler. */
export function libatomic(arch) {
  const places = [`/usr/lib/${arch}-linux-gnu`, `/usr/${arch}-linux-gnu/lib`].map((path) => `${path}/libatomic.so.1`);
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new BuildError(`libatomic.so.1 for ${arch} is in none of ${places.join(', ')}`);
  return found;
}

/** Runs a program to its end and gives its stdout. @throws BuildError */
export function tool(file, args, options = {}) {
  try {
    const stdio = ['ignore', 'pipe', 'pipe'];
    return execFileSync(file, args, { encoding: 'utf8', stdio, timeout: 60_000, maxBuffer: 2 ** 26, ...options });
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'is not installed' : `failed: ${(error.stderr || error.message).trim()}`;
    throw new BuildError(`${file} ${error.code === 'ENOENT' ? '' : `${args.join(' ')} `}${why}`, { cause: error });
  }
}

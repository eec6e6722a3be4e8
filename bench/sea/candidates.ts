import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Machine } from '../../test/lab/machine.ts';

const REPO = resolve(import.meta.dirname, '../..');
const WARNING = '--disable-warning=ExperimentalWarning';
/** V8's hash tables are the same in each build: nothing that a candidate can be blamed for. */
const SEED = '--random-seed=1';

export const SHIPPED = 'chunks, compiled';

/** In the machine: GNU time, and Node's own binary. */
export const TIME = '/opt/bench/time';
export const RUNTIME = '/opt/bench/node';

/** Ways to start: what tools/sea/executable.mjs is told, beyond what ships. */
const CANDIDATES: Readonly<Record<string, object>> = {
  [SHIPPED]: {},
  'chunks, compiled, jitless': { execArgv: [WARNING, '--jitless'] },
  'chunks, in part compiled': { chunks: 'called' },
  chunks: { entry: 'bench/sea/chunks.ts', chunks: 'plain' },
  'one file': { entry: 'bench/sea/one-file.ts', chunks: 'none' },
  "one file, Node's code cache": {
    entry: 'bench/sea/one-file.ts',
    chunks: 'none',
    sea: { useCodeCache: true },
    buildArgv: [SEED],
  },
  snapshot: {
    entry: 'bench/sea/snapshot.ts',
    chunks: 'none',
    sea: { useSnapshot: true },
    buildArgv: [WARNING, SEED],
  },
};

/** A candidate in a machine. */
export interface Candidate {
  readonly name: string;
  readonly goodboot: string;
  readonly check: string;
}

/** Builds every candidate, twice to see whether the bytes are the same, and puts it into the machine. */
export async function buildCandidates(machine: Machine): Promise<readonly Candidate[]> {
  const { buildExecutable } = await import(join(REPO, 'tools/sea/executable.mjs'));
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const built: Candidate[] = [];
  for (const [name, how] of Object.entries(CANDIDATES)) {
    const directory = `/opt/bench/sea-${built.length}`;
    const out = mkdtempSync(join(tmpdir(), 'goodboot-sea-'));
    const hashes: string[] = [];
    for (const _ of [1, 2]) {
      await buildExecutable({ arch, out, ...how });
      hashes.push(
        createHash('sha256')
          .update(readFileSync(join(out, 'goodboot')))
          .digest('hex'),
      );
    }
    const megabytes = (readFileSync(join(out, 'goodboot')).length / 1e6).toFixed(1);
    process.stderr.write(`${name}: ${megabytes} MB, built twice ${hashes[0] === hashes[1] ? '' : 'not '}alike\n`);
    symlinkSync('goodboot', join(out, 'goodboot-check'));
    cpSync(out, join(`/proc/${machine.leader}/root`, directory), { recursive: true, verbatimSymlinks: true });
    rmSync(out, { recursive: true });
    built.push({ name, goodboot: `${directory}/goodboot`, check: `${directory}/goodboot-check` });
  }
  copyFileSync('/usr/bin/time', join(`/proc/${machine.leader}/root`, TIME));
  // On the same file system as the candidates: the page faults of a start are a good part of it.
  copyFileSync(process.execPath, join(`/proc/${machine.leader}/root`, RUNTIME));
  return built;
}

/**
 * Runs programs again and again and takes their times. A program of its own, since it also runs inside a machine: it
 * reads its work from stdin and answers with a JSON object, the times of each program in milliseconds.
 */
import { spawnSync } from 'node:child_process';
import ffi from 'node:ffi';
import { readFileSync } from 'node:fs';

/** What is to be measured. */
export interface Work {
  readonly rounds: number;
  readonly programs: Readonly<Record<string, { readonly argv: readonly string[]; readonly input: string }>>;
}

/** Of the wall and, for a program and all that it waited for, of all processors. */
export type Times = Readonly<Record<string, { readonly wall: readonly number[]; readonly cpu: readonly number[] }>>;

/** Rounds that do not count: files come into the page cache. */
const WARM_UP = 5;
const TIMEOUT_MS = 30_000;

const RUSAGE_CHILDREN = -1;
const { getrusage } = new ffi.DynamicLibrary(null).getFunctions({
  getrusage: { arguments: ['int32', 'pointer'], return: 'int32' },
});

/** Processor time of all children that have ended: getrusage(2), two struct timeval, user and system. */
function childrenMs(): number {
  const usage = Buffer.alloc(144);
  getrusage(RUSAGE_CHILDREN, usage);
  const [seconds, micros] = [0, 16]
    .map((at) => [usage.readBigInt64LE(at), usage.readBigInt64LE(at + 8)])
    .reduce(([s, u], [seconds, micros]) => [s! + seconds!, u! + micros!]);
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

function measure({ rounds, programs }: Work): Times {
  const names = Object.keys(programs);
  const times: Record<string, { wall: number[]; cpu: number[] }> = Object.fromEntries(
    names.map((name) => [name, { wall: [], cpu: [] }]),
  );
  for (let round = -WARM_UP; round < rounds; round += 1) {
    // Another one begins in each round, so that none is always behind the same.
    for (const index of names.keys()) {
      const name = names[(index + round + WARM_UP) % names.length]!;
      const { argv, input } = programs[name]!;
      const [file = '', ...args] = argv;
      const [startCpu, start] = [childrenMs(), process.hrtime.bigint()];
      const { status, stderr, error } = spawnSync(file, args, { input, timeout: TIMEOUT_MS });
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (status !== 0) throw new Error(`${name}: exit status ${status}\n${stderr}`, { cause: error });
      if (round < 0) continue;
      times[name]!.wall.push(ms);
      times[name]!.cpu.push(childrenMs() - startCpu);
    }
  }
  return times;
}

// This file is written by main.ts's own release: its input is what it should be.
process.stdout.write(JSON.stringify(measure(JSON.parse(readFileSync(0, 'utf8')) as Work)));

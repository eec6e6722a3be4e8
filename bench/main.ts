import { cpus, release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { PROGRAMS } from '../test/lab/layer.ts';
import { measureBootComplete } from './boot-complete.ts';
import { type Figure, type Summary, summaryOf } from './figure.ts';
import { measureGreenboot } from './greenboot.ts';
import { measureSea } from './sea.ts';
import { measureStartUp } from './start-up.ts';
import { measureVerdict } from './verdict.ts';

const PARTS: Readonly<Record<string, (out: string) => Promise<readonly Figure[]>>> = {
  'start-up': measureStartUp,
  sea: measureSea,
  verdict: measureVerdict,
  'boot-complete': measureBootComplete,
  greenboot: measureGreenboot,
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, out: { type: 'string', default: PROGRAMS } },
});
const parts = positionals.length === 0 ? Object.keys(PARTS) : positionals;
const unknown = parts.find((part) => !(part in PARTS));
if (unknown !== undefined) throw new Error(`no part ${unknown}: ${Object.keys(PARTS).join(', ')}`);

const [cpu] = cpus();
const machine = { cpu: cpu?.model.trim() ?? 'unknown', cores: cpus().length, kernel: release(), node: process.version };
const summaries: Summary[] = [];
for (const part of parts) {
  process.stderr.write(`${part} ...\n`);
  summaries.push(...(await PARTS[part]!(resolve(options.out))).map(summaryOf));
}
if (options.json) console.log(JSON.stringify({ machine, unit: 'ms', figures: summaries }, null, 2));
else printTable();

function printTable(): void {
  console.log(`${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}\n`);
  const rows = [['ms', 'median', 'p95', 'n', 'ratio', 'goal', ''], ...summaries.map(rowOf)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)));
    console.log(cells.join('  ').trimEnd());
  }
}

function rowOf({ name, median, p95, n, ratio, goal, met }: Summary): readonly string[] {
  const verdict = met === null ? '' : met ? 'met' : styleText('red', 'missed');
  return [name, median.toFixed(1), p95.toFixed(1), `${n}`, ratio?.toFixed(2) ?? '', goal ?? '', verdict];
}

/**
 * The single executable: what it is depends on the name that it is started by. It holds the chunks of its programs as
 * assets, and compiles of them only what is asked for.
 */
import { basename } from 'node:path';
import { getAsset, getRawAsset } from 'node:sea';
import { Script } from 'node:vm';
import { CHECK_PROGRAM } from './check-program.ts';

type Chunk = { exports: object };
type Body = (chunk: Chunk, exports: object, require: (id: string) => unknown) => void;

const loaded = new Map<string, Chunk>();

/** A chunk by the name that its importers give it, or a module of Node's. */
function load(id: string): unknown {
  if (!id.startsWith('./')) return process.getBuiltinModule(id);
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const chunk: Chunk = { exports: {} };
  loaded.set(id, chunk);
  const filename = `chunks/${id.slice('./'.length)}`;
  // Compiled when it was built. V8 compiles anew what was made by another V8, or with other options.
  const cachedData = new Uint8Array(getRawAsset(`${filename}.cache`));
  const body: Body = new Script(getAsset(filename, 'utf8'), { filename, cachedData }).runInThisContext();
  body(chunk, chunk.exports, load);
  return chunk.exports;
}

// By its link, or as `goodboot goodboot-check NAME`, which needs no link.
const [, startedAs = '', first] = process.argv;
const isNamed = basename(startedAs) === CHECK_PROGRAM;
if (!isNamed && first === CHECK_PROGRAM) process.argv.splice(2, 1);
load(isNamed || first === CHECK_PROGRAM ? './goodboot-check.js' : './goodboot.js');

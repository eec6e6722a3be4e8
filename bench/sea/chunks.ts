/** src/cli/executable.ts without what was compiled when it was built. */
import { basename } from 'node:path';
import { getAsset } from 'node:sea';
import { Script } from 'node:vm';
import { CHECK_PROGRAM } from '../../src/cli/check-program.ts';

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
  const body: Body = new Script(getAsset(filename, 'utf8'), { filename }).runInThisContext();
  body(chunk, chunk.exports, load);
  return chunk.exports;
}

// By its link, or as `goodboot goodboot-check NAME`, which needs no link.
const [, startedAs = '', first] = process.argv;
const isNamed = basename(startedAs) === CHECK_PROGRAM;
if (!isNamed && first === CHECK_PROGRAM) process.argv.splice(2, 1);
load(isNamed || first === CHECK_PROGRAM ? './goodboot-check.js' : './goodboot.js');

// Compiles every chunk below a directory, and writes what V8 made of it beside it, as NAME.cache. It is run by the very
// runtime that the executable is made of, with the options that it will have: V8 refuses the work of any other.
// With --called only the functions that V8 compiles by itself, for a comparison.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

for (const path of globSync('chunks/*.js').sort()) {
  // All functions, not those alone that are called while a chunk is loaded: a check has most of its work before it.
  if (!process.argv.includes('--called')) setFlagsFromString('--no-lazy');
  const script = new Script(readFileSync(path, 'utf8'), { filename: path });
  setFlagsFromString('--lazy'); // the options are part of what is written
  writeFileSync(`${path}.cache`, script.createCachedData());
}

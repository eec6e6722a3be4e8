// Writes every file that is made from the code: schemas, the catalog, the reference pages. A test says when one is stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateArtefacts } from './artefacts.ts';

const root = join(import.meta.dirname, '..');
for (const [path, text] of Object.entries(generateArtefacts())) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

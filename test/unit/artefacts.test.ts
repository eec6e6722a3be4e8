import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { generateArtefacts } from '../../tools/artefacts.ts';

const REPO = resolve(import.meta.dirname, '../..');

test.each(Object.entries(generateArtefacts()))('%s is what the code says; if not: npm run gen', (path, text) => {
  expect(readFileSync(join(REPO, path), 'utf8')).toBe(text);
});

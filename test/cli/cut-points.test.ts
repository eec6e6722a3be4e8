import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { must } from '../lab/run.ts';

/** All the code of a build. */
async function build(...options: readonly string[]): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'goodboot-build-'));
  onTestFinished(() => rm(out, { recursive: true }));
  await must([process.execPath, 'tools/build.mjs', '--quiet', '--out', out, ...options], { timeoutMs: 60_000 });
  const files = (await readdir(out)).map((name) => readFile(join(out, name), 'utf8'));
  return (await Promise.all(files)).join('\n');
}

test('a release cannot be stopped at its durable changes; the build for power cuts can', {
  timeout: 60_000,
}, async () => {
  const [release, forCuts] = await Promise.all([build(), build('--cut-points')]);
  expect(release).toContain('grubenv');
  expect(release).not.toMatch(/cut.point/i);
  expect(forCuts).toContain('/var/lib/goodboot-cut-point');
});

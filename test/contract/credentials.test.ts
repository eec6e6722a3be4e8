import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCredentials } from '../../src/adapters/credentials/credentials.ts';
import { messageOf } from '../../src/core/errors.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodboot-credentials-'));
  await writeFile(join(directory, 'token'), 'abc\n');
});
afterAll(() => rm(directory, { recursive: true }));

test('a credential is read from the directory that systemd names', async () => {
  expect(await makeCredentials({ CREDENTIALS_DIRECTORY: directory }).read('token')).toBe('abc\n');
});

test('one that is not there, and none at all, are told with what to do', async () => {
  const trouble = (env: NodeJS.ProcessEnv) =>
    makeCredentials(env)
      .read('other')
      .then(expect.fail, (error) => error);
  const errors = [await trouble({ CREDENTIALS_DIRECTORY: directory }), await trouble({})];
  expect(errors.map(messageOf)).toEqual([
    expect.stringMatching(/^credential other: ENOENT/),
    'credential other: systemd gave none to this process',
  ]);
  for (const { code, hint } of errors) {
    expect([code, hint]).toEqual(['FILE_UNREADABLE', expect.stringContaining('LoadCredential=other:FILE')]);
  }
});

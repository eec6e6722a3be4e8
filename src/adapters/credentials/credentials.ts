import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodbootError } from '../../core/errors.ts';
import type { Credentials } from '../../ports/credentials.ts';

/** Those in the directory that systemd names to a unit that was given some. */
export const makeCredentials = (env: NodeJS.ProcessEnv = process.env): Credentials => ({
  async read(name) {
    const directory = env['CREDENTIALS_DIRECTORY'];
    const options = { hint: `give it to the unit of the check: a drop-in with LoadCredential=${name}:FILE` };
    if (directory === undefined)
      throw new GoodbootError('FILE_UNREADABLE', `credential ${name}: systemd gave none to this process`, options);
    return await readFile(join(directory, name), 'utf8').catch((cause: unknown) => {
      throw new GoodbootError('FILE_UNREADABLE', `credential ${name}`, { cause, ...options });
    });
  },
});

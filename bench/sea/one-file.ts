/** The executable as one file: both programs are compiled at each start, as far as V8 does not put it off. */
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'goodboot-check') void import('../../src/cli/check-main.ts');
else void import('../../src/cli/command.ts');

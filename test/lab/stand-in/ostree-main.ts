import { ostree } from './ostree.ts';

/** The stand-in as a program: `node ostree-main.ts STATE admin …`. */
const [state = '', ...words] = process.argv.slice(2);
const { exitCode, stdout, stderr } = ostree(state, words);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;

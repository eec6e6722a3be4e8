import { outputJsonSchema } from '../src/cli/output-schema.ts';
import { generateConfigArtefacts } from '../src/config/generate.ts';
import { errorsReference } from '../src/core/error-artefacts.ts';
import { generateEventArtefacts } from '../src/core/event-artefacts.ts';
import { bashCompletion } from './completions/bash.ts';
import { fishCompletion } from './completions/fish.ts';
import { completionTable } from './completions/table.ts';
import { zshCompletion } from './completions/zsh.ts';
import { failureModes } from './failure-modes.ts';
import { manPage } from './man.ts';

/** Every generated file: path in the checkout to content. */
export const generateArtefacts = (): Readonly<Record<string, string>> => ({
  ...generateConfigArtefacts(),
  ...generateEventArtefacts(),
  'dist/completions/goodboot.bash': bashCompletion(completionTable()),
  'dist/completions/_goodboot': zshCompletion(completionTable()),
  'dist/completions/goodboot.fish': fishCompletion(completionTable()),
  'dist/man/goodboot.8': manPage(),
  'docs/reference/errors.md': errorsReference(),
  'docs/reference/failure-modes.md': failureModes(),
  'schema/output-v1.schema.json': `${JSON.stringify(outputJsonSchema(), null, 2)}\n`,
});

import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';

const text = v.pipe(v.string(), v.regex(/^[^\0]*$/, 'a NUL character cannot be handed to a program'));
const program = v.pipe(
  text,
  v.regex(/^(\/|[^/]+$)/, 'not a program: an absolute path, or a name that is found in PATH'),
);
const exitStatus = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));

const schema = v.strictObject({
  argv: v.pipe(
    v.tupleWithRest([program], text),
    v.description('The program and its arguments, one each. No shell reads them.'),
  ),
  user: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description('Run as this local user, with its main group only. Default: as the check runs, which is root.'),
  ),
  cwd: v.pipe(
    v.optional(v.pipe(text, v.regex(/^\//, 'not an absolute path')), '/'),
    v.description('Directory to run in.'),
  ),
  env: v.pipe(
    v.optional(
      v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not the name of a variable')), text),
      {},
    ),
    v.description('The environment. PATH and LC_ALL=C are always set; with user, also HOME, USER and LOGNAME.'),
  ),
  success: v.pipe(
    v.optional(v.pipe(v.array(exitStatus), v.nonEmpty('no exit status could ever pass')), [0]),
    v.description('Exit statuses that pass.'),
  ),
  skip: v.pipe(
    v.optional(v.array(exitStatus), []),
    v.description('Exit statuses with which the program says that it does not apply to this node.'),
  ),
});

export type CommandOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'command',
  summary: 'a program ends with exit status 0, or another one that is declared as success',
  schema,
  defaults: { within: '0s', stable: '0s', timeout: '30s' },
});

import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';
import { TAINT_NAMES } from './taint.ts';

const schema = v.strictObject({
  taint: v.pipe(
    v.optional(v.array(v.picklist(TAINT_NAMES)), ['machine-check', 'bad-page', 'died', 'soft-lockup']),
    v.description('Taint flags of the running kernel that fail the check.'),
  ),
  pstore: v.pipe(
    v.optional(v.boolean(), true),
    v.description('A record of a kernel crash, found since this boot, fails the check.'),
  ),
  watchdog: v.pipe(
    v.optional(v.boolean(), true),
    v.description('A machine that was last reset by its watchdog fails the check.'),
  ),
});

export type KernelOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'kernel',
  summary:
    'the kernel met no fault in this boot, left no crash record of the last one, and was not reset by a watchdog',
  schema,
  defaults: { within: '0s', stable: '0s', timeout: '10s' },
});

import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?Z)?$/;

const schema = v.strictObject({
  synchronised: v.pipe(
    v.optional(v.boolean(), false),
    v.description('The clock must follow a time source, as timedatectl says it.'),
  ),
  maxError: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^\d+(\.\d+)?(ms|s)$/, 'not a duration such as 100ms or 2s'))),
    v.description('The most that the clock may be off by, as the kernel estimates it.'),
  ),
  notBefore: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(DATE, 'not a date such as 2026-01-31 or 2026-01-31T12:00:00Z'))),
    v.description('An earlier clock is not plausible. Default: the day this goodboot was built.'),
  ),
});

export type TimeOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'time',
  summary: 'the clock is plausible, and synchronised where that is wanted',
  schema,
  defaults: { within: '60s', stable: '0s', timeout: '10s' },
});

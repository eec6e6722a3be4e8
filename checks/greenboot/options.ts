import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';
import { parseDuration } from '../../src/core/duration.ts';
import { messageOf } from '../../src/core/errors.ts';

const unit = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9:_.\\@-]+\.(service|target|mount|socket|path|timer|device)$/, 'not the name of a unit'),
);
const fileName = v.pipe(v.string(), v.regex(/^[^/\0]+$/, 'the name of a file was wanted, without its directory'));

/** Kept as it was written: options are what YAML can hold. */
const duration = v.pipe(
  v.string(),
  v.examples(['30s', '5m', '1h30m']),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      if (parseDuration(dataset.value) === 0) addIssue({ message: 'no script could ever end in no time' });
    } catch (error) {
      addIssue({ message: messageOf(error) });
    }
  }),
);

const schema = v.strictObject({
  scriptTimeout: v.pipe(
    v.optional(duration, '10m'),
    v.description('Time that one script may take; it is ended after that, with all that it started.'),
  ),
  after: v.pipe(
    v.optional(v.array(unit), ['network-online.target']),
    v.description('Units that are started, and waited for, before the scripts; at most two minutes.'),
  ),
  parallel: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Scripts with the same number in front of their name run at the same time.'),
  ),
  afterFailure: v.pipe(
    v.optional(v.picklist(['continue', 'stop']), 'continue'),
    v.description('Whether scripts of a later number are run when a required one has failed.'),
  ),
  subdirectories: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Whether `*.sh` in subdirectories are scripts too, as in greenboot before greenboot-rs.'),
  ),
  disabled: v.pipe(
    v.optional(v.array(fileName), []),
    v.description('Names of scripts that are not run, beside those in `DISABLED_HEALTHCHECKS`.'),
  ),
});

export type GreenbootOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'greenboot',
  summary: 'the scripts in the directories of greenboot end with exit status 0',
  schema,
  defaults: { within: '0s', stable: '0s', timeout: '14m' },
});

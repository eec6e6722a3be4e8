import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';

const unitName = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|mount|automount|timer|path|swap|device|slice|scope)$/,
    'not a unit name: it must end in .service, .target, .mount, .socket, .timer or another unit type',
  ),
);

const schema = v.strictObject({
  units: v.pipe(
    v.optional(v.record(unitName, v.boolean()), {}),
    v.description('Units that must be active. A list, or a map in which `false` takes a unit out again.'),
  ),
  target: v.pipe(
    v.optional(
      v.union([v.string(), v.literal(false)], 'the name of a target was wanted, or false'),
      'goodboot-required.target',
    ),
    v.description(
      'A target whose members must be active too; false for none. A unit joins it with WantedBy=goodboot-required.target.',
    ),
  ),
  noFailedUnits: v.pipe(v.optional(v.boolean(), false), v.description('No unit at all may be in the state `failed`.')),
  except: v.pipe(
    v.optional(v.array(v.string()), []),
    v.description('Units that may be failed in spite of noFailedUnits. `*` stands for any text.'),
  ),
});

export type UnitsOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'units',
  summary: 'each listed unit is active, or a oneshot that finished with success, and did not restart for a while',
  schema,
  defaults: { within: '2m', stable: '10s', timeout: '10s' },
});

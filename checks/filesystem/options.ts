import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';

const path = v.pipe(
  v.string(),
  v.regex(/^\/([^/]+(\/[^/]+)*)?$/, 'not an absolute path such as /var/lib (no slash at the end)'),
);
const free = v.pipe(
  v.string(),
  v.regex(
    /^(0|\d+(\.\d+)? ?([KMGTP]iB|[kMGTP]?B)|(100|\d{1,2}(\.\d+)?)%)$/,
    'not a size such as 500MiB, and not a share such as 5%',
  ),
);
const freeInodes = v.union([
  v.pipe(v.number(), v.integer(), v.minValue(0)),
  v.pipe(v.string(), v.regex(/^(100|\d{1,2}(\.\d+)?)%$/, 'not a number of inodes, and not a share such as 5%')),
]);

const room = {
  free: v.pipe(
    v.optional(free),
    v.description('Space that an unprivileged writer must find: a size (500MiB) or a share of the file system (5%).'),
  ),
  freeInodes: v.pipe(
    v.optional(freeInodes),
    v.description('Free inodes: a number or a share (5%). Not looked at where there is no fixed number (btrfs, vfat).'),
  ),
};

const schema = v.pipe(
  v.strictObject({
    mounts: v.pipe(
      v.optional(
        v.record(
          path,
          v.strictObject({
            type: v.pipe(v.optional(v.string()), v.description('Type of the file system: ext4, xfs, vfat …')),
            writable: v.pipe(
              v.optional(v.union([v.boolean(), v.literal('probe')])),
              v.description(
                'true: mounted read-write. probe: also takes a written and synced block. false: read-only.',
              ),
            ),
            ...room,
          }),
        ),
        {},
      ),
      v.description('Mount points, as findmnt shows them; on each a file system must be mounted.'),
    ),
    paths: v.pipe(
      v.optional(
        v.record(
          path,
          v.strictObject({
            writable: v.pipe(
              v.optional(v.union([v.literal(true), v.literal('probe')])),
              v.description('A block can be written there and synced (true and probe mean the same).'),
            ),
            ...room,
          }),
        ),
        {},
      ),
      v.description('Directories that must exist, on whatever file system they are.'),
    ),
  }),
  v.check(({ mounts, paths }) => Object.keys({ ...mounts, ...paths }).length > 0, 'neither mounts nor paths are given'),
);

export type FilesystemOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'filesystem',
  summary: 'the wanted file systems are mounted, can be written where wanted, and have room',
  schema,
  defaults: { within: '30s', stable: '0s', timeout: '10s' },
});

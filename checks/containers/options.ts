import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';

const containerName = v.pipe(
  v.string(),
  v.regex(
    /^(docker:|[A-Za-z0-9_][\w.-]*\/)?[A-Za-z0-9][\w.@-]*$/,
    'not a container: write NAME (podman of root), USER/NAME (podman of a user), docker:NAME, or QUADLET.container',
  ),
);

const schema = v.strictObject({
  containers: v.pipe(
    v.optional(v.union([v.array(containerName), v.record(containerName, v.boolean())]), {}),
    v.description(
      'Containers that must run: NAME (podman of root), USER/NAME (podman of a user), docker:NAME. WEB.container is the ' +
        'container of that quadlet. A list, or a map in which `false` takes a container out again.',
    ),
  ),
});

export type ContainersOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'containers',
  summary: 'each named container runs, is healthy where it has a health check, and was not restarted for a while',
  schema,
  defaults: { within: '3m', stable: '10s', timeout: '20s' },
});

import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';
import { parseTcpTarget } from './target.ts';

const target = v.pipe(
  v.string(),
  v.check((text) => parseTcpTarget(text) !== null, 'not a TCP target: write host:port or [IPv6]:port'),
);

const schema = v.strictObject({
  target: v.pipe(
    v.union([target, v.pipe(v.array(target), v.minLength(1, 'at least one target is needed'))]),
    v.description('Where a connection must be accepted: `host:port`, `[IPv6]:port`, or a list of them.'),
  ),
});

export type TcpOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'tcp',
  summary: 'each target accepts a TCP connection',
  schema,
  defaults: { within: '60s', stable: '0s', timeout: '10s' },
});

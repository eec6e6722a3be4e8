import * as v from 'valibot';
import { defineCheckType } from '../../src/config/check-type.ts';
import { STATUS_CLASS } from './status.ts';

/** A header of this name carries a secret, and a configuration is readable by everyone. */
const SECRET_HEADER = /^(authorization|proxy-authorization|cookie)$/i;

/** Narrower than what systemd takes as a name, and never a path. */
const CREDENTIAL_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;

const status = v.union(
  [v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)), v.pipe(v.string(), v.regex(STATUS_CLASS))],
  'not an HTTP status: write a number such as 200, or a class such as 2xx',
);

const filePath = v.pipe(v.string(), v.startsWith('/', 'not an absolute path'));

const fields = v.strictObject({
  url: v.pipe(
    v.string(),
    v.check(isPlainUrl, 'not an http:// or https:// address without a user name in it'),
    v.description('What is asked: an http:// or https:// address. Redirects are not followed.'),
  ),
  method: v.pipe(v.optional(v.picklist(['GET', 'HEAD', 'POST']), 'GET'), v.description('The HTTP method.')),
  status: v.pipe(
    v.optional(v.union([status, v.pipe(v.array(status), v.minLength(1))]), '2xx'),
    v.description('The wanted status: a number, a class such as `2xx`, or a list of them.'),
  ),
  body: v.optional(
    v.pipe(
      v.string(),
      v.check(isExpression, 'not a regular expression'),
      v.description('A regular expression (JavaScript) that the first MiB of the body must match.'),
    ),
  ),
  certificateDays: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3650)), 0),
    v.description('Days for which the server certificate must still be valid. It must always be valid now.'),
  ),
  caFile: v.optional(
    v.pipe(filePath, v.description('PEM file of the authorities to trust instead of those of the system.')),
  ),
  headers: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.check(
      (headers) => !Object.keys(headers).some((name) => SECRET_HEADER.test(name)),
      'no secrets here: hand the token over as bearerTokenCredential, or in a file as bearerTokenFile',
    ),
    v.description('Headers to send. Not for secrets.'),
  ),
  bearerTokenCredential: v.optional(
    v.pipe(
      v.string(),
      v.regex(CREDENTIAL_NAME, 'not the name of a credential: letters, digits, and ._- between them'),
      v.description('Credential of the unit (`LoadCredential=`) with the token to send as `Authorization: Bearer`.'),
    ),
  ),
  bearerTokenFile: v.optional(
    v.pipe(filePath, v.description('File with the token to send as `Authorization: Bearer`.')),
  ),
});

const schema = v.pipe(
  fields,
  v.forward(
    v.check(
      ({ url, certificateDays, caFile }) => url.startsWith('https:') || (certificateDays === 0 && caFile === undefined),
      'certificateDays and caFile need an https:// address',
    ),
    ['url'],
  ),
  v.forward(
    v.check(
      ({ bearerTokenCredential, bearerTokenFile }) => !(bearerTokenCredential && bearerTokenFile),
      'one token is sent: bearerTokenCredential or bearerTokenFile',
    ),
    ['bearerTokenFile'],
  ),
);

export type HttpOptions = v.InferOutput<typeof schema>;

export const type = defineCheckType({
  type: 'http',
  summary: 'an address answers with the wanted status, body and certificate',
  schema,
  defaults: { within: '60s', stable: '0s', timeout: '10s' },
});

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:\/\//.test(text) && url.username === '' && url.password === '';
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

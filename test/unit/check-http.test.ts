import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { check } from '../../checks/http/check.ts';
import { type HttpOptions, type as http } from '../../checks/http/options.ts';
import type { CheckContext, CheckPorts } from '../../src/ports/check.ts';
import type { Http, HttpRequest, HttpResponse } from '../../src/ports/http.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const URL_HERE = 'https://app.example/health';
const OK: HttpResponse = { status: 200, body: 'ready', bodyTruncated: false, certificateEndMs: NOW_MS + 10 * DAY_MS };

type Answer = Awaited<ReturnType<Http['request']>>;

/** Runs the check against one answer and a directory of token files. Every look at the clock is 5 ms later. */
async function run(
  options: object,
  answer: Answer = OK,
  files: Readonly<Record<string, string>> = {},
  credentials: Readonly<Record<string, string>> = {},
) {
  let nowMs = 0;
  const requests: HttpRequest[] = [];
  const ports: Readonly<Record<string, unknown>> = {
    http: {
      request: async (request: HttpRequest) => {
        requests.push(request);
        return answer;
      },
    },
    clock: { now: () => NOW_MS, monotonicMs: () => (nowMs += 5) },
    files: { readText: async (path: string) => files[path] ?? null },
    credentials: { read: async (name: string) => credentials[name] },
  };
  // The check asks for these ports alone, and of them for these functions.
  const use: CheckContext<HttpOptions>['use'] = async (name) => ports[name] as CheckPorts[typeof name];
  // The schema of the type, whose output these options are.
  const parsed = v.parse(http.schema, { url: URL_HERE, ...options }) as HttpOptions;
  const outcome = await check.run({ options: parsed, use, signal: AbortSignal.timeout(5000), stableMs: 0 });
  return { outcome, request: requests[0] };
}

describe('the http check', () => {
  it('passes on 2xx by default, and says what it saw', async () => {
    const { outcome, request } = await run({});
    const facts = { status: 200, durationMs: 5, certificateEnd: '2026-01-11T00:00:00.000Z' };
    expect(outcome).toEqual({ state: 'pass', facts });
    expect(request).toMatchObject({ url: URL_HERE, method: 'GET', headers: {}, maxBodyBytes: 0 });
    expect(request).not.toHaveProperty('caFile');
  });

  it.each<[wanted: unknown, status: number, reason: string | null]>([
    ['2xx', 204, null],
    ['2xx', 301, 'the answer was 301; 2xx was wanted'],
    [401, 401, null],
    [401, 200, 'the answer was 200; 401 was wanted'],
    [[200, '3xx'], 308, null],
    [[200, '3xx'], 201, 'the answer was 201; 200 or 3xx was wanted'],
  ])('of which %j is wanted takes %i as it should', async (status, seen, reason) => {
    const { outcome } = await run({ status }, { ...OK, status: seen });
    expect(outcome).toMatchObject(
      reason === null ? { state: 'pass' } : { state: 'fail', reason: `${URL_HERE}: ${reason}` },
    );
  });

  it.each<[what: string, options: object, answer: Answer, reason: string]>([
    [
      'has no answer',
      {},
      { failure: 'connection refused (ECONNREFUSED)' },
      'connection refused (ECONNREFUSED); 2xx was wanted',
    ],
    ['has another body', { body: '^ok$' }, OK, 'the body does not match /^ok$/'],
    [
      'has another long body',
      { body: 'ok' },
      { ...OK, bodyTruncated: true },
      'the first MiB of the body does not match /ok/',
    ],
    [
      'has a certificate that ends too soon',
      { certificateDays: 11 },
      OK,
      'the certificate is valid for 10 more days; 11 were wanted',
    ],
    [
      'has a certificate that cannot be read',
      { certificateDays: 1 },
      { ...OK, certificateEndMs: null },
      'the end of the certificate could not be read',
    ],
    [
      'has all of it wrong',
      { body: 'ok', certificateDays: 11 },
      { ...OK, status: 503 },
      'the answer was 503; 2xx was wanted; the body does not match /ok/; the certificate is valid for 10 more days; 11 were wanted',
    ],
  ])('fails when the address %s', async (_what, options, answer, reason) => {
    expect((await run(options, answer)).outcome).toMatchObject({ state: 'fail', reason: `${URL_HERE}: ${reason}` });
  });

  it('passes when body and certificate are as wanted to the day', async () => {
    const { outcome, request } = await run({ body: '^rea', certificateDays: 10, caFile: '/etc/ca.pem' });
    expect(outcome.state).toBe('pass');
    expect(request).toMatchObject({ maxBodyBytes: 1024 * 1024, caFile: '/etc/ca.pem' });
  });

  it('sends the token of the file, beside the headers', async () => {
    const options = { headers: { 'X-Role': 'edge' }, bearerTokenFile: '/run/token' };
    const { request } = await run(options, OK, { '/run/token': 'abc\n' });
    expect(request?.headers).toEqual({ 'X-Role': 'edge', authorization: 'Bearer abc' });
  });

  it('sends the token of the credential, also where a file has its name', async () => {
    const options = { bearerTokenCredential: 'app.token-1' };
    const { request } = await run(options, OK, { 'app.token-1': 'wrong' }, { 'app.token-1': 'def\n' });
    expect(request?.headers).toEqual({ authorization: 'Bearer def' });
    await expect(run(options, OK, {}, { 'app.token-1': '\n' })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it.each([{}, { '/run/token': ' \n' }])('cannot tell without the token: files %j', async (files) => {
    await expect(run({ bearerTokenFile: '/run/token' }, OK, files)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('the options of http', () => {
  const issues = (options: object) =>
    v.safeParse(http.schema, { url: URL_HERE, ...options }).issues?.map((one) => one.message);

  it.each<object>([
    { url: 'http://10.0.0.1:8080' },
    { status: 200 },
    { status: '4xx' },
    { status: ['2xx', 304] },
    { body: '(?i:ready)' },
    { method: 'HEAD', headers: { Accept: 'text/plain' }, certificateDays: 14, bearerTokenCredential: 'a' },
  ])('take %j', (options) => expect(issues(options)).toBeUndefined());

  it.each<[options: object, message: RegExp]>([
    [{ url: 'ftp://host/' }, /not an http/],
    [{ url: 'https://user:secret@host/' }, /without a user name/],
    [{ url: 'nonsense' }, /not an http/],
    [{ status: 99 }, /not an HTTP status|>=100/],
    [{ status: '2x' }, /not an HTTP status|Invalid/],
    [{ status: [] }, /length/],
    [{ body: '(' }, /not a regular expression/],
    [{ certificateDays: -1 }, />=0/],
    [{ url: 'http://host/', certificateDays: 1 }, /need an https/],
    [{ url: 'http://host/', caFile: '/etc/ca.pem' }, /need an https/],
    [{ headers: { Authorization: 'Bearer abc' } }, /no secrets here/],
    [{ bearerTokenFile: 'token' }, /absolute/],
    [{ bearerTokenCredential: '../token' }, /name of a credential/],
    [{ bearerTokenCredential: '.' }, /name of a credential/],
    [{ bearerTokenCredential: 'token', bearerTokenFile: '/run/token' }, /one token/],
    [{ method: 'DELETE' }, /"GET" \| "HEAD" \| "POST"/],
    [{ timeout: 3 }, /timeout/],
  ])('refuse %j', (options, message) => expect(issues(options)?.join()).toMatch(message));
});

import { GoodbootError } from '../../src/core/errors.ts';
import { fail, pass } from '../../src/core/outcome.ts';
import { type CheckContext, defineCheck } from '../../src/ports/check.ts';
import type { HttpResponse } from '../../src/ports/http.ts';
import type { HttpOptions } from './options.ts';
import { isWantedStatus } from './status.ts';

/** Of the body, as much is matched as a health page could ever have. */
const MAX_BODY_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;

export const check = defineCheck<HttpOptions>({
  type: 'http',
  async run({ options, use, signal }) {
    const [http, clock] = await Promise.all([use('http'), use('clock')]);
    const { url, method, caFile } = options;
    const token = await readToken(options, use);
    const startMs = clock.monotonicMs();
    const answer = await http.request({
      url,
      method,
      headers: token === null ? options.headers : { ...options.headers, authorization: `Bearer ${token}` },
      maxBodyBytes: options.body === undefined ? 0 : MAX_BODY_BYTES,
      signal,
      ...(caFile === undefined ? {} : { caFile }),
    });
    const durationMs = Math.round(clock.monotonicMs() - startMs);
    if ('failure' in answer)
      return fail(`${url}: ${answer.failure}; ${wantedStatus(options)} was wanted`, { durationMs });

    const reasons = whyNotWanted(answer, options, clock.now());
    const certificateEnd = answer.certificateEndMs === null ? null : new Date(answer.certificateEndMs).toISOString();
    const facts = { status: answer.status, durationMs, certificateEnd };
    return reasons.length === 0 ? pass(facts) : fail(`${url}: ${reasons.join('; ')}`, facts);
  },
});

/** Everything that is not as wanted, the status first. */
function whyNotWanted(answer: HttpResponse, options: HttpOptions, nowMs: number): readonly string[] {
  const reasons: string[] = [];
  if (!isWantedStatus(answer.status, [options.status].flat())) {
    reasons.push(`the answer was ${answer.status}; ${wantedStatus(options)} was wanted`);
  }
  if (options.body !== undefined && !new RegExp(options.body).test(answer.body)) {
    const where = answer.bodyTruncated ? 'the first MiB of the body' : 'the body';
    reasons.push(`${where} does not match /${options.body}/`);
  }
  if (answer.certificateEndMs === null) {
    if (options.certificateDays > 0) reasons.push('the end of the certificate could not be read');
  } else {
    const days = Math.floor((answer.certificateEndMs - nowMs) / DAY_MS);
    if (days < options.certificateDays) {
      reasons.push(`the certificate is valid for ${days} more days; ${options.certificateDays} were wanted`);
    }
  }
  return reasons;
}

const wantedStatus = (options: HttpOptions): string => [options.status].flat().join(' or ');

/** The token to send, from where the options say; null: none is wanted. */
async function readToken(
  { bearerTokenCredential, bearerTokenFile }: HttpOptions,
  use: CheckContext<HttpOptions>['use'],
): Promise<string | null> {
  const name = bearerTokenCredential ?? bearerTokenFile;
  if (name === undefined) return null;
  const text = bearerTokenCredential
    ? await (await use('credentials')).read(name)
    : await (await use('files')).readText(name);
  const token = text?.trim() ?? '';
  if (token === '') throw new GoodbootError('FILE_UNREADABLE', `${name}: no token in it`);
  return token;
}

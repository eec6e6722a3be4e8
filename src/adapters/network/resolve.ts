import { isIP } from 'node:net';
import type { Resolved } from '../../ports/network.ts';

/** One try and one retry with twice the time: a lost datagram is not a dead resolver. */
const QUERY = { timeout: 2000, tries: 2 } as const;

/** Sentences for the codes of node:dns; any other code stands for itself. */
const FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'no address',
  ETIMEOUT: 'no answer',
  ECANCELLED: 'no answer',
  ECONNREFUSED: 'no answer, ECONNREFUSED',
  EAI_AGAIN: 'no answer, EAI_AGAIN',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
};

/** Asks one resolver for A and AAAA: c-ares, without /etc/hosts and search domains. */
export async function askResolver(name: string, resolver: string, signal: AbortSignal): Promise<Resolved> {
  const { promises } = await import('node:dns');
  const asked = new promises.Resolver(QUERY);
  asked.setServers([resolver]);
  const cancel = () => asked.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = Promise.allSettled([asked.resolve4(name), asked.resolve6(name)]);
    if (signal.aborted) cancel();
    const addresses = (await answers).flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return { addresses };
    const failures = (await answers).flatMap((answer) =>
      answer.status === 'rejected' ? failureOf(answer.reason) : [],
    );
    // "No address of this family" says less than whatever happened to the other one.
    return { failure: failures.find((failure) => failure !== FAILURES['ENODATA']) ?? 'no address' };
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Asks as programs here do (getaddrinfo). Its thread cannot be cancelled: it may outlive the answer by a while. */
export async function askSystem(name: string, signal: AbortSignal): Promise<Resolved> {
  if (isIP(name) !== 0) return { addresses: [name] };
  const { promises } = await import('node:dns');
  const { promise: aborted, resolve: abort } = Promise.withResolvers<Resolved>();
  const onAbort = () => abort({ failure: 'no answer' });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const found = promises.lookup(name, { all: true }).then(
      (entries): Resolved => ({ addresses: [...new Set(entries.map((entry) => entry.address))] }),
      (error: unknown): Resolved => ({ failure: failureOf(error) }),
    );
    return await Promise.race([aborted, found]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function failureOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return FAILURES[code] ?? code;
}

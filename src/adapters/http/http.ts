import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { GoodbootError } from '../../core/errors.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import { describeFailure } from './failure.ts';

/** Node gives up an address after 500 ms when there is another: less than a satellite link takes. */
const ADDRESS_TIMEOUT_MS = 2000;
/** Where systems keep the authorities they trust (Fedora, Debian, Alpine): a company adds its own there, not to Node's list. */
const SYSTEM_CA_FILES = [
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/cert.pem',
];

/** HTTP and HTTPS over node:http: fetch costs start-up time, and needs WebAssembly. */
export const makeHttp = (systemCaFiles: readonly string[] = SYSTEM_CA_FILES): Http => ({
  async request({ url, method, headers = {}, caFile, maxBodyBytes, signal }) {
    const isTls = url.startsWith('https:');
    const { request: start } = isTls ? await import('node:https') : await import('node:http');
    const tls = isTls ? await trust(caFile, systemCaFiles) : {};
    if (signal.aborted) return { failure: 'no answer' };
    const options = { method, headers, signal, agent: false, autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS };
    const outgoing = start(url, { ...options, ...tls });
    // A broken connection may be told twice; the first time is the answer, the second must not be an uncaught error.
    outgoing.on('error', () => undefined);
    // Read in the very event: the certificate is gone once the connection is closed.
    let certificateEndMs: number | null = null;
    outgoing.on('response', ({ socket }) => {
      certificateEndMs = certificateEnd(socket);
    });
    let response: IncomingMessage | null = null;
    try {
      outgoing.end();
      // The event's argument is not typed by node:events.
      [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      const body = await readBody(response, maxBodyBytes);
      return { status: response.statusCode ?? 0, ...body, certificateEndMs };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const failure = describeFailure(error);
      if (response === null) return { failure };
      return { failure: signal.aborted ? 'the answer did not end in time' : 'the answer broke off in the middle' };
    } finally {
      outgoing.destroy();
    }
  },
});

/** The authorities to trust; where the system has no list, Node's own are used. */
async function trust(caFile: string | undefined, systemCaFiles: readonly string[]): Promise<{ readonly ca?: Buffer }> {
  const { readFile } = await import('node:fs/promises');
  if (caFile !== undefined) {
    const ca = await readFile(caFile).catch((cause: unknown) => {
      throw new GoodbootError('FILE_UNREADABLE', caFile, { cause });
    });
    return { ca };
  }
  for (const file of systemCaFiles) {
    const ca = await readFile(file).catch(() => null);
    if (ca !== null && ca.length > 0) return { ca };
  }
  return {};
}

function certificateEnd(socket: Socket): number | null {
  const endMs = isTlsSocket(socket) ? Date.parse(socket.getPeerCertificate().valid_to) : Number.NaN;
  return Number.isNaN(endMs) ? null : endMs;
}

/** By what it can do: the class would cost the loading of node:tls where there is none. */
const isTlsSocket = (socket: Socket): socket is TLSSocket => 'getPeerCertificate' in socket;

async function readBody(
  response: IncomingMessage,
  maxBytes: number,
): Promise<Pick<HttpResponse, 'body' | 'bodyTruncated'>> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (maxBytes > 0) {
    for await (const chunk of response) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'), bodyTruncated: size > maxBytes };
}

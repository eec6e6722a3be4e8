import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeHttp } from '../../src/adapters/http/http.ts';
import type { HttpRequest } from '../../src/ports/http.ts';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

let directory: string;
const path = (name: string) => join(directory, name);
const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });

/** A certificate that our authority signed, valid between two moments, for one name. */
function sign(name: string, subjectAltName: string, startMs: number, endMs: number): void {
  const time = (ms: number) => `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  writeFileSync(path(`${name}.ext`), `subjectAltName=${subjectAltName}\n`);
  openssl(
    'ca',
    '-batch',
    '-config',
    'ca.conf',
    '-in',
    `${name}.csr`,
    '-out',
    `${name}.pem`,
    '-notext',
    '-startdate',
    time(startMs),
    '-enddate',
    time(endMs),
    '-extfile',
    `${name}.ext`,
  );
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'goodboot-http-'));
  const conf = `[ca]\ndefault_ca=own\n[own]\ndir=${directory}\ndatabase=$dir/index\nnew_certs_dir=$dir\nserial=$dir/serial
certificate=$dir/ca.pem\nprivate_key=$dir/ca.key\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n`;
  writeFileSync(path('ca.conf'), conf);
  writeFileSync(path('index'), '');
  writeFileSync(path('serial'), '01\n');
  for (const ca of ['ca', 'other-ca']) {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '30',
      '-subj',
      `/CN=${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    );
  }
  const nowMs = Date.now();
  const here = 'IP:127.0.0.1';
  sign('good', here, nowMs - DAY_MS, nowMs + 5 * DAY_MS);
  sign('expired', here, nowMs - 9 * DAY_MS, nowMs - 2 * DAY_MS);
  sign('future', here, nowMs + DAY_MS, nowMs + 9 * DAY_MS);
  sign('elsewhere', 'DNS:elsewhere.example.org', nowMs - DAY_MS, nowMs + 5 * DAY_MS);
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const running: (Server | net.Server)[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function listen<AnyServer extends Server | net.Server>(server: AnyServer): Promise<number> {
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listen(http.createServer(listener))}/`;
const serveTls = async (
  certificate: string,
  listener: RequestListener = (_, response) => void response.end('safe'),
) => {
  const files = { key: readFileSync(path(`${certificate}.key`)), cert: readFileSync(path(`${certificate}.pem`)) };
  return `https://127.0.0.1:${await listen(https.createServer(files, listener))}/`;
};
/** A server of bytes, for answers that no HTTP server gives. */
const serveRaw = async (onSocket: (socket: net.Socket) => void) =>
  `http://127.0.0.1:${await listen(net.createServer((socket) => onSocket(socket.on('error', () => undefined))))}/`;

const ask = (url: string, more: Partial<HttpRequest> = {}) =>
  makeHttp().request({ url, method: 'GET', maxBodyBytes: MIB, signal: AbortSignal.timeout(10_000), ...more });

describe('an answer', () => {
  it('has its status, its body, and no certificate without TLS', async () => {
    const url = await serve((_, response) => void response.writeHead(418).end('caf\u00e9'));
    expect(await ask(url)).toEqual({ status: 418, body: 'caf\u00e9', bodyTruncated: false, certificateEndMs: null });
  });

  it('is of the asked method and headers', async () => {
    const url = await serve((request, response) => void response.end(`${request.method} ${request.headers['x-role']}`));
    expect(await ask(url, { method: 'POST', headers: { 'X-Role': 'edge' } })).toMatchObject({ body: 'POST edge' });
  });

  it('has no body after HEAD', async () => {
    const url = await serve((_, response) => void response.end('text'));
    expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('is the redirect itself: it is not followed', async () => {
    const url = await serve((_, response) => void response.writeHead(302, { location: '/there' }).end());
    expect(await ask(url)).toMatchObject({ status: 302 });
  });

  it('of 100 MB is read up to the limit and no further', async () => {
    let sentBytes = 0;
    const url = await serve(async (_, response) => {
      response.on('error', () => undefined);
      const block = Buffer.alloc(MIB, 'x');
      for (let sent = 0; sent < 100 && !response.destroyed; sent += 1) {
        if (!response.write(block)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
        sentBytes += block.length;
      }
    });
    const answer = await ask(url, { maxBodyBytes: 1000 });
    expect(answer).toMatchObject({ status: 200, body: 'x'.repeat(1000), bodyTruncated: true });
    expect(sentBytes).toBeLessThan(50 * MIB);
  });

  it('whose body is not wanted is not waited for', async () => {
    const url = await serve((_, response) => response.flushHeaders());
    expect(await ask(url, { maxBodyBytes: 0 })).toMatchObject({ status: 200, body: '' });
  });

  it('is taken from a server that closes at once', async () => {
    const url = await serveRaw((socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nbye')));
    expect(await ask(url)).toMatchObject({ status: 200, body: 'bye' });
  });
});

describe('no answer', () => {
  const silent: readonly [what: string, onSocket: (socket: net.Socket) => void, want: string][] = [
    ['from a server that accepts and says nothing', () => undefined, 'no answer'],
    [
      'from a server that sends its headers forever',
      (socket) => {
        const timer = setInterval(
          () => socket.write(socket.bytesWritten === 0 ? 'HTTP/1.1 200 OK\r\n' : 'X-A: b\r\n'),
          20,
        );
        socket.once('close', () => clearInterval(timer));
      },
      'no answer',
    ],
    [
      'from a server that stops in the middle of the body',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      },
      'the answer did not end in time',
    ],
  ];
  it.each(silent)('%s is a failure when the time is over', async (_what, onSocket, want) => {
    expect(await ask(await serveRaw(onSocket), { signal: AbortSignal.timeout(200) })).toEqual({ failure: want });
  });

  const broken: readonly [what: string, onSocket: (socket: net.Socket) => void, want: string][] = [
    [
      'from a server that hangs up',
      (socket) => socket.once('data', () => socket.end()),
      'the connection was closed before an answer (ECONNRESET)',
    ],
    ['in HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'), 'the answer is not HTTP (HPE_INVALID_CONSTANT)'],
    [
      'whose body is HTTP',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')),
      'the answer broke off in the middle',
    ],
    [
      'that is whole',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
      'the answer broke off in the middle',
    ],
  ];
  it.each(broken)('%s is a failure at once', async (_what, onSocket, want) => {
    expect(await ask(await serveRaw(onSocket))).toEqual({ failure: want });
  });

  it('where nobody listens is a refused connection', async () => {
    const url = await serve(() => undefined);
    await new Promise((done) => running.splice(0)[0]!.close(done));
    expect(await ask(url)).toEqual({ failure: 'connection refused (ECONNREFUSED)' });
  });

  it('when the time was over before', async () => {
    const url = await serve((_, response) => void response.end());
    expect(await ask(url, { signal: AbortSignal.abort() })).toEqual({ failure: 'no answer' });
  });
});

describe('a certificate', () => {
  it('of a trusted authority is accepted, and its end is told', async () => {
    const answer = await ask(await serveTls('good'), { caFile: path('ca.pem') });
    expect(answer).toMatchObject({ status: 200, body: 'safe' });
    const endMs = 'failure' in answer ? null : answer.certificateEndMs;
    expect(Math.round(((endMs ?? 0) - Date.now()) / DAY_MS)).toBe(5);
  });

  it('is told also when the server closes at once and the body is not wanted', async () => {
    const url = await serveTls('good', (_, response) => void response.setHeader('connection', 'close').end());
    const answer = await ask(url, { caFile: path('ca.pem'), maxBodyBytes: 0 });
    expect(answer).toMatchObject({ status: 200, certificateEndMs: expect.any(Number) });
  });

  it('of an authority that the system trusts needs no caFile', async () => {
    const request = {
      url: await serveTls('good'),
      method: 'GET',
      maxBodyBytes: 0,
      signal: AbortSignal.timeout(10_000),
    } as const;
    expect(await makeHttp([path('absent.pem'), path('ca.pem')]).request(request)).toMatchObject({ status: 200 });
  });

  it.each([
    ['expired', 'the certificate has expired (CERT_HAS_EXPIRED)'],
    ['future', 'the certificate is not valid yet (is the clock right?) (CERT_NOT_YET_VALID)'],
    ['elsewhere', 'the certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)'],
  ])('that is %s is a failure that says so', async (certificate, failure) => {
    expect(await ask(await serveTls(certificate), { caFile: path('ca.pem') })).toEqual({ failure });
  });

  it.each([
    ['signed by an unknown authority', 'good', 'other-ca.pem', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['signed by itself', 'other-ca', 'ca.pem', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('that is %s is a failure that says so', async (_what, certificate, caFile, code) => {
    const failure = `the certificate is not signed by a trusted authority (${code})`;
    expect(await ask(await serveTls(certificate), { caFile: path(caFile) })).toEqual({ failure });
  });

  it('where there is none: TLS asked of a plain server is a failed handshake', async () => {
    const url = await serve((_, response) => void response.end());
    const answer = await ask(url.replace('http:', 'https:'));
    expect(answer).toEqual({ failure: expect.stringMatching(/^the TLS handshake failed \(/) });
  });

  it('cannot be judged when caFile cannot be read: thrown, for it says nothing about the server', async () => {
    const asked = ask(await serveTls('good'), { caFile: path('absent.pem') });
    await expect(asked).rejects.toMatchObject({ code: 'FILE_UNREADABLE', message: path('absent.pem') });
  });
});

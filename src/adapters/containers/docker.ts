import { errnoOf, GoodbootError } from '../../core/errors.ts';
import type { ContainerState } from '../../ports/containers.ts';
import { byName, notUnderstood } from './answer.ts';
import { parseDockerContainer, parseDockerIds } from './docker-inspect.ts';

const WHO = 'docker';
/** One answer; the details of one container are 5 to 20 KB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const NOT_THERE = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

/** What the Docker engine behind a socket runs. Also right for podman's own service, which speaks the same protocol. */
export async function listDocker(socket: string, signal: AbortSignal): Promise<readonly ContainerState[]> {
  // Docker 29 refuses versions below 1.44, older ones know none so high: speak the newest that this one knows.
  const { apiVersion } = await get(socket, '/_ping', signal);
  if (apiVersion === undefined || !/^\d+\.\d+$/.test(apiVersion))
    throw notUnderstood(WHO, 'it does not name its version');
  const base = `/v${apiVersion}/containers`;
  const ids = parseDockerIds(WHO, (await get(socket, `${base}/json?all=true`, signal)).body);
  const found: ContainerState[] = [];
  for (const id of ids) {
    const { status, body } = await get(socket, `${base}/${id}/json`, signal);
    // Removed since it was listed.
    if (status !== 404) found.push(parseDockerContainer(WHO, body));
  }
  return byName(found);
}

interface DockerAnswer {
  readonly status: number;
  readonly apiVersion: string | undefined;
  readonly body: string;
}

/** One request; answers 200 and 404 are for the caller to tell apart, every other is an error. */
async function get(socketPath: string, path: string, signal: AbortSignal): Promise<DockerAnswer> {
  const { get: send } = await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<DockerAnswer>();
  send({ socketPath, path, signal, headers: { Host: 'docker' } }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      body += part;
      if (body.length > MAX_BODY_BYTES) response.destroy(notUnderstood(WHO, `${path}: the answer is too long`));
    });
    response.on('error', reject);
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response;
      const version = headers['api-version'];
      if (status === 200 || status === 404) resolve({ status, apiVersion: version?.toString(), body });
      else reject(new GoodbootError('PROGRAM_FAILED', `${WHO}: ${path}: answered ${status}`));
    });
  }).on('error', reject);
  return promise.catch((error: unknown) => {
    throw translated(error, socketPath, signal);
  });
}

function translated(error: unknown, socket: string, signal: AbortSignal): GoodbootError {
  if (error instanceof GoodbootError) return error;
  if (signal.aborted)
    return new GoodbootError('PROGRAM_TIMEOUT', `${WHO}: no answer at ${socket} in time`, { cause: error });
  const errno = errnoOf(error) ?? '';
  if (NOT_THERE.includes(errno)) return new GoodbootError('PROGRAM_MISSING', `no Docker engine answers at ${socket}`);
  return new GoodbootError('PROGRAM_FAILED', `${WHO}: ${socket}`, { cause: error });
}

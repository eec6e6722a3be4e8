import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeContainers } from '../../src/adapters/containers/containers.ts';
import { parseDockerContainer } from '../../src/adapters/containers/docker-inspect.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import type { ContainerOwner } from '../../src/ports/containers.ts';
import type { Processes, RunOptions, RunResult } from '../../src/ports/processes.ts';
import { container, describeContainers, fakeContainers, statesOf } from './containers.contract.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const PS = join(FIXTURES, 'podman/5.4.2/ps.json');
const ROOT = { engine: 'podman', user: null } as const;
const ALICE = { engine: 'podman', user: 'alice' } as const;
const DOCKER = { engine: 'docker' } as const;
/** The least that the state of a container has. */
const STATE = { Status: 'running', StartedAt: '2026-11-21T08:55:10.420045999Z' };
const soon = () => AbortSignal.timeout(5000);

/** Files below a directory of its own, gone at the end. */
async function temporaryRoot() {
  const root = await mkdtemp(join(tmpdir(), 'goodboot-containers-'));
  return { root, files: makeFiles(root), [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

/** An engine behind /run/docker.sock of a temporary root: `listener` is what it answers. */
async function dockerThat(listener: RequestListener) {
  const { root, files } = await temporaryRoot();
  await mkdir(join(root, 'run'));
  const server = createServer(listener).listen(join(root, 'run/docker.sock'));
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true });
  };
  return { containers: makeContainers(makeProcesses(), files), stop, [Symbol.asyncDispose]: stop };
}

/** The Engine API as far as it is used, version 1.41, over the fixtures. `gone` is listed, and was removed since. */
async function engineApi(gone = ''): Promise<RequestListener> {
  const read = (name: string) => readFile(join(FIXTURES, 'docker/1.41', name), 'utf8');
  const list = await read('list.json');
  const inspect: Record<string, { Name: string }> = JSON.parse(await read('inspect.json'));
  return (request, response) => {
    const url = request.url ?? '';
    const id = /^\/v1\.41\/containers\/([0-9a-f]+)\/json$/.exec(url)?.[1];
    const found = inspect[id ?? ''];
    response.setHeader('Api-Version', '1.41').setHeader('Content-Type', 'application/json');
    if (url === '/_ping') response.end('OK');
    else if (url === '/v1.41/containers/json?all=true') response.end(list);
    else if (found !== undefined && found.Name !== `/${gone}`) response.end(JSON.stringify(found));
    else response.writeHead(404).end('{"message":"No such container"}');
  };
}

/** A podman that ends like this, and what it was run with. */
function podmanThat(end: Partial<RunResult>) {
  const runs: RunOptions[] = [];
  const processes: Processes = {
    async run(argv, options) {
      runs.push(options);
      const ended = { argv, exitCode: 0, signal: null, timedOut: false, stdout: '[]', stderr: '', truncated: false };
      return { ...ended, durationMs: 1, ...end };
    },
  };
  return { processes, runs };
}

describeContainers('the fake', async () => ({
  owner: ROOT,
  containers: fakeContainers({
    root: [
      container('slow', { health: 'starting' }),
      container('sick', { health: 'unhealthy' }),
      container('fit', { health: 'healthy' }),
      container('plain'),
      container('once', { status: 'exited', exitCode: 3 }),
      container('made', { status: 'created', startedAtMs: null }),
    ],
  }),
}));

describeContainers('podman 5.4.2, as it was recorded', async () => ({
  owner: ROOT,
  containers: makeContainers({ run: (_, options) => makeProcesses().run(['cat', PS], options) }, makeFiles()),
}));

describeContainers('a stand-in for Docker', async () => ({ owner: DOCKER, ...(await dockerThat(await engineApi())) }));

describe('podman', () => {
  it.each<[string, Partial<RunResult>, string, string]>([
    [
      'fails',
      { exitCode: 125, stderr: 'level=warning\nError: database is locked\n' },
      'PROGRAM_FAILED',
      'database is locked',
    ],
    ['is killed', { exitCode: null, signal: 'SIGKILL' }, 'PROGRAM_FAILED', 'said nothing'],
    ['hangs', { exitCode: null, timedOut: true }, 'PROGRAM_TIMEOUT', 'podman of root: no answer in time'],
    ['says too much', { truncated: true }, 'PROGRAM_OUTPUT', 'longer than'],
    ['prints no JSON', { stdout: 'WARN[0000] hello' }, 'PROGRAM_OUTPUT', 'not JSON'],
    ['prints nothing', { stdout: '' }, 'PROGRAM_OUTPUT', 'not JSON'],
  ])('that %s could not tell', async (_, end, code, message) => {
    const { processes } = podmanThat(end);
    const list = makeContainers(processes, makeFiles()).list(ROOT, soon());
    await expect(list).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('without containers has an empty list', async () => {
    const { processes } = podmanThat({ stdout: '[]\n' });
    expect(await makeContainers(processes, makeFiles()).list(ROOT, soon())).toEqual([]);
  });

  it('of root is not asked by anybody else, whose own podman would answer', async () => {
    const { processes, runs } = podmanThat({});
    process.seteuid?.(65_534);
    try {
      await expect(makeContainers(processes, makeFiles()).list(ROOT, soon())).rejects.toMatchObject({
        code: 'NEEDS_ROOT',
      });
    } finally {
      process.seteuid?.(0);
    }
    expect(runs).toEqual([]);
  });

  it('of a quadlet names its unit', async () => {
    const { processes } = podmanThat({ stdout: await readFile(PS, 'utf8') });
    const list = statesOf(await makeContainers(processes, makeFiles()).list(ROOT, soon()));
    expect(list.filter(({ unit }) => unit !== null)).toMatchObject([{ name: 'systemd-web', unit: 'web.service' }]);
  });

  it('of a user runs as that user, with the home and the runtime directory of that user', async () => {
    await using place = await temporaryRoot();
    await mkdir(join(place.root, 'etc'));
    await mkdir(join(place.root, 'run/user/1000'), { recursive: true });
    await writeFile(
      join(place.root, 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nalice:x:1000:1001:A:/home/alice:/bin/sh\n',
    );
    const { processes, runs } = podmanThat({});
    await makeContainers(processes, place.files).list(ALICE, soon());
    expect(runs).toMatchObject([
      { uid: 1000, gid: 1001, cwd: '/', env: { HOME: '/home/alice', XDG_RUNTIME_DIR: '/run/user/1000' } },
    ]);
  });

  it.each([
    ['who does not exist', 'root:x:0:0::/root:/bin/sh\n', 'there is no user alice'],
    ['whose entry is damaged', 'alice:x:many:1001:A:/home/alice:/bin/sh\n', 'there is no user alice'],
    ['without a session', 'alice:x:1000:1001:A:/home/alice:/bin/sh\n', 'neither logged in nor lingering'],
  ])('of a user %s runs nothing, and is not asked', async (_, passwd, none) => {
    await using place = await temporaryRoot();
    await mkdir(join(place.root, 'etc'));
    await writeFile(join(place.root, 'etc/passwd'), passwd);
    const { processes, runs } = podmanThat({});
    const list = await makeContainers(processes, place.files).list(ALICE, soon());
    expect(list).toEqual({ none: expect.stringContaining(none) });
    expect(runs).toEqual([]);
  });
});

describe('docker', () => {
  const listed = async (owner: ContainerOwner, listener: RequestListener, signal = soon()) => {
    await using engine = await dockerThat(listener);
    return statesOf(await engine.containers.list(owner, signal));
  };

  it('tells how often a container was restarted, and how it last ended', async () => {
    const list = await listed(DOCKER, await engineApi());
    expect(list.find(({ name }) => name === 'flap')).toMatchObject({ status: 'restarting', restarts: 7, exitCode: 4 });
  });

  it('leaves out a container that is removed while it looks', async () => {
    const list = await listed(DOCKER, await engineApi('sick'));
    expect(list.map(({ name }) => name)).toEqual(['fit', 'flap', 'made', 'once', 'plain', 'slow']);
  });

  it('is spoken to in the version that it names', async () => {
    const urls: (string | undefined)[] = [];
    await listed(DOCKER, ({ url }, response) => {
      urls.push(url);
      response.setHeader('Api-Version', '1.52').end('[]');
    });
    expect(urls).toEqual(['/_ping', '/v1.52/containers/json?all=true']);
  });

  it('that is not there is missing', async () => {
    await using place = await temporaryRoot();
    const list = makeContainers(makeProcesses(), place.files).list(DOCKER, soon());
    const message = `no Docker engine answers at ${place.root}/run/docker.sock`;
    await expect(list).rejects.toMatchObject({ code: 'PROGRAM_MISSING', message });
  });

  it.each<[string, RequestListener, string, string]>([
    ['answers with an error', (_, response) => response.writeHead(500).end('{}'), 'PROGRAM_FAILED', 'answered 500'],
    ['hangs up', (request) => request.destroy(), 'PROGRAM_FAILED', 'docker.sock'],
    ['names no version', (_, response) => response.end('OK'), 'PROGRAM_OUTPUT', 'does not name its version'],
    [
      'answers noise',
      (_, response) => response.setHeader('Api-Version', '1.41').end('<'),
      'PROGRAM_OUTPUT',
      'not JSON',
    ],
    [
      'names an id that leads elsewhere',
      (_, response) => response.setHeader('Api-Version', '1.41').end('[{"Id":"../../images"}]'),
      'PROGRAM_OUTPUT',
      'not an id',
    ],
    [
      'never stops talking',
      (_, response) => {
        response.setHeader('Api-Version', '1.41');
        const talk = setInterval(() => response.write('x'.repeat(1024 * 1024)), 1);
        response.on('close', () => clearInterval(talk));
      },
      'PROGRAM_OUTPUT',
      'too long',
    ],
  ])('that %s could not tell', async (_, listener, code, message) => {
    const list = listed(DOCKER, listener);
    await expect(list).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('says `none` for a health check that is switched off', () => {
    const text = JSON.stringify({ Name: '/web', State: { ...STATE, Health: { Status: 'none' } } });
    expect(parseDockerContainer('docker', text)).toMatchObject({ status: 'running', health: null });
  });

  it('that names a start which is no time could not tell', () => {
    const text = JSON.stringify({ Name: '/web', State: { ...STATE, StartedAt: 'yesterday' } });
    expect(() => parseDockerContainer('docker', text)).toThrow('StartedAt is not a time');
  });

  it.each<[string, RequestListener]>([
    ['is silent', () => undefined],
    ['stops in the middle', (_, response) => response.writeHead(200, { 'Api-Version': '1.41' }).write('[')],
  ])('that %s is given up when the time is over', async (_, listener) => {
    await expect(listed(DOCKER, listener, AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'PROGRAM_TIMEOUT' });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNotGood } from '../../checks/containers/judge.ts';
import { parseDockerContainer, parseDockerIds } from '../../src/adapters/containers/docker-inspect.ts';
import { parsePodmanPs } from '../../src/adapters/containers/podman-ps.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { findUser } from '../../src/core/passwd.ts';
import type { ContainerState } from '../../src/ports/containers.ts';

const KEYS = [
  'Names',
  'State',
  'Status',
  'StartedAt',
  'Restarts',
  'ExitCode',
  'Image',
  'Labels',
  'Id',
  'Name',
  'Health',
];
const noise = fc.oneof(
  fc.string(),
  fc.json(),
  fc.anything({ key: fc.constantFrom(...KEYS), withNullPrototype: false }).map((value) => JSON.stringify(value) ?? ''),
  fc.array(fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue())).map((value) => JSON.stringify(value)),
  fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue()).map((value) => JSON.stringify(value)),
);

/** The one error that a parser may throw. */
function understood<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GoodbootError && error.code === 'PROGRAM_OUTPUT') return null;
    throw error;
  }
}

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/);
const health = fc.constantFrom<ContainerState['health'][]>(null, 'healthy', 'unhealthy', 'starting');
const container: fc.Arbitrary<ContainerState> = fc.record({
  name,
  status: fc.constantFrom('running', 'exited', 'created', 'paused', 'stopping'),
  health,
  restarts: fc.nat(),
  startedAtMs: fc.option(fc.integer({ min: 1, max: 4e9 }).map((seconds) => seconds * 1000)),
  exitCode: fc.integer({ min: -1, max: 255 }),
  image: fc.string(),
  unit: fc.option(fc.constantFrom('web.service', 'db.service')),
});

/** As podman prints it. */
const asPodman = (state: ContainerState) => ({
  Names: [state.name],
  State: state.status,
  Status: `Up (about) 3 seconds${state.health === null ? '' : ` (${state.health})`}`,
  StartedAt: state.startedAtMs === null ? -62135596800 : state.startedAtMs / 1000,
  Restarts: state.restarts,
  ExitCode: state.exitCode,
  Image: state.image,
  Labels: state.unit === null ? null : { PODMAN_SYSTEMD_UNIT: state.unit },
});

/** As the Engine API has it; it knows no units. */
const asDocker = (state: ContainerState) => ({
  Name: `/${state.name}`,
  State: {
    Status: state.status,
    ExitCode: state.exitCode,
    StartedAt: state.startedAtMs === null ? '0001-01-01T00:00:00Z' : new Date(state.startedAtMs).toISOString(),
    ...(state.health === null ? {} : { Health: { Status: state.health } }),
  },
  RestartCount: state.restarts,
  Config: { Image: state.image },
});

describe('what an engine prints', () => {
  it.each([
    ['podman ps', parsePodmanPs],
    ['the list of Docker', parseDockerIds],
    ['a container of Docker', parseDockerContainer],
  ])('is understood or refused, whatever it is: %s', (_, parse) => {
    fc.assert(fc.property(noise, (text) => void understood(() => parse('it', text))));
  });

  it('of podman is read as it was meant, sorted by name', () => {
    fc.assert(
      fc.property(fc.uniqueArray(container, { selector: (state) => state.name }), (states) => {
        const sorted = states.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(parsePodmanPs('podman', JSON.stringify(states.map(asPodman)))).toEqual(sorted);
      }),
    );
  });

  it('of Docker is read as it was meant', () => {
    fc.assert(
      fc.property(container, (state) => {
        expect(parseDockerContainer('docker', JSON.stringify(asDocker(state)))).toEqual({ ...state, unit: null });
      }),
    );
  });
});

describe('/etc/passwd', () => {
  it('never gives a user other than the one with that name', () => {
    const line = fc.tuple(name, fc.nat(), fc.nat()).map(([login, uid, gid]) => ({ login, uid, gid }));
    fc.assert(
      fc.property(fc.array(line), name, fc.string(), (users, wanted, junk) => {
        const text = users.map(({ login, uid, gid }) => `${login}:x:${uid}:${gid}::/home/${login}:/bin/sh`);
        const first = users.find(({ login }) => login === wanted);
        const want = first === undefined ? null : { uid: first.uid, gid: first.gid, home: `/home/${wanted}` };
        expect(findUser([`#${junk.replaceAll('\n', '')}`, ...text].join('\n'), wanted)).toEqual(want);
      }),
    );
  });
});

describe('a container', () => {
  it('that does not run, or is not healthy, is never good, whatever the clocks say', () => {
    const need = fc.record({ nowMs: fc.integer(), uptimeMs: fc.nat(), stableMs: fc.nat() });
    fc.assert(
      fc.property(container, need, (state, when) => {
        fc.pre(state.status !== 'running' || (state.health !== null && state.health !== 'healthy'));
        expect(whyNotGood(state, when)).toMatch(/ was wanted$/);
      }),
    );
  });
});

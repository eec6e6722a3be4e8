import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoodbootError } from '../../src/core/errors.ts';
import type { ContainerList, ContainerOwner, ContainerState, Containers } from '../../src/ports/containers.ts';

/** Containers, and an owner whose containers are known. */
export interface Subject {
  readonly containers: Containers;
  readonly owner: ContainerOwner;
  readonly stop?: () => Promise<void>;
}

/** What every subject has, among others. */
const SPECIMENS: readonly [name: string, want: Partial<ContainerState>][] = [
  ['plain', { status: 'running', health: null, restarts: 0 }],
  ['fit', { status: 'running', health: 'healthy', restarts: 0 }],
  ['sick', { status: 'running', health: 'unhealthy' }],
  ['slow', { status: 'running', health: 'starting' }],
  ['once', { status: 'exited', exitCode: 3, health: null }],
  ['made', { status: 'created', startedAtMs: null, health: null }],
];

/** The contract of the port `Containers`: every adapter, and the fake, keeps it. */
export function describeContainers(title: string, make: () => Promise<Subject>): void {
  describe(`containers of ${title}`, () => {
    let subject: Subject;
    let list: readonly ContainerState[];
    beforeAll(async () => {
      subject = await make();
      list = statesOf(await subject.containers.list(subject.owner, AbortSignal.timeout(10_000)));
    }, 60_000);
    afterAll(() => subject.stop?.());

    it.each(SPECIMENS)('tells the state of %s', (name, want) => {
      expect(list.find((container) => container.name === name)).toMatchObject(want);
    });

    it('tells the image and the start of what runs', () => {
      const { image, startedAtMs } = list.find(({ name }) => name === 'plain')!;
      expect(image).toMatch(/bb:1$/);
      expect(startedAtMs).toBeGreaterThan(Date.UTC(2025));
    });

    it('sorts by name', () => {
      const names = list.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
    });

    it('gives up when its signal is aborted', async () => {
      await expect(subject.containers.list(subject.owner, AbortSignal.abort())).rejects.toMatchObject({
        code: 'PROGRAM_TIMEOUT',
      });
    });
  });
}

/** The containers of an answer that must have some. */
export function statesOf(list: ContainerList): readonly ContainerState[] {
  if ('none' in list) throw new Error(`no containers: ${list.none}`);
  return list;
}

/** A running container without a health check, started one hour before `NOW`, changed as a test needs it. */
export const container = (name: string, change: Partial<ContainerState> = {}): ContainerState => ({
  name,
  status: 'running',
  health: null,
  restarts: 0,
  startedAtMs: NOW - 3_600_000,
  exitCode: 0,
  image: 'localhost/bb:1',
  unit: null,
  ...change,
});

/** The time of tests that need one. */
export const NOW = Date.UTC(2026, 5, 1, 12);

/** What each owner has, or the error that asking throws; by `root`, a user's name, or `docker`. Nobody else has any. */
export type Owned = Readonly<Record<string, readonly ContainerState[] | { readonly none: string } | Error>>;

/** The port without an engine. */
export const fakeContainers = (owned: Owned): Containers => ({
  async list(owner, signal) {
    if (signal.aborted) throw new GoodbootError('PROGRAM_TIMEOUT', 'the fake was asked too late');
    // Root's podman is asked for without a name: an adapter would look for a session of root.
    if (owner.engine === 'podman' && owner.user === 'root') throw new Error('podman of root is the user null');
    const list = owned[owner.engine === 'docker' ? 'docker' : (owner.user ?? 'root')] ?? [];
    if (list instanceof Error) throw list;
    return 'none' in list ? list : list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  },
});

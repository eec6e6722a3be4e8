import { describe, expect, test } from 'vitest';
import { GoodbootError } from '../../src/core/errors.ts';
import type { DeploymentEntry, Deployments } from '../../src/ports/deployments.ts';
import { checksumOf, type Layout, layout } from '../lab/stand-in/layout.ts';
import type { Subject } from '../lab/stand-in/subject.ts';

/**
 * What a backend cannot do as the others do, by the title of the case: the deployments that are left instead, or null
 * when it must refuse and leave all as it was.
 */
export type Exempt = Readonly<Record<string, { readonly reason: string; readonly left: string | null }>>;

const soon = (ms = 15_000) => AbortSignal.timeout(ms);

/** `3s 2 1* 0p`: the boot order, with what is staged, booted and pinned. What is wanted becomes the first, in place of the others. */
const MAKE_DEFAULT: readonly (readonly [title: string, before: string, wanted: number, after: string])[] = [
  ['the booted one becomes the default again, after a fallback boot', '2 1*', 1, '1 2'],
  ['the other becomes the default, when the booted one is bad', '2* 1', 1, '1 2'],
  ['the default stays the default', '2* 1', 2, '2 1'],
  ['the only one stays the default', '1*', 1, '1'],
  ['the booted one, where an older one is there too', '2 1* 0', 1, '1 2 0'],
  ['the oldest of three', '2* 1 0', 0, '0 2 1'],
  ['the second of three', '2* 1 0', 1, '1 2 0'],
  ['a pinned one stays', '2 1* 0p', 1, '1 2 0'],
  ['a pinned one before the booted one stays', '2p 1*', 1, '1 2'],
  ['a pinned one can be it', '2* 1 0p', 0, '0 2 1'],
  ['a staged one is dropped', '2s 1*', 1, '1'],
  ['a staged one is dropped, and the bad one stays', '3s 2 1*', 1, '1 2'],
  ['a staged one is dropped, and the one before the booted one stays the default', '3s 2 1*', 2, '2 1'],
  ['a staged one is dropped, and the older one becomes the default', '3s 2* 1', 1, '1 2'],
  ['what is staged is the next already', '2s 1*', 2, '2s 1'],
];

const DROP_STAGED: readonly (readonly [title: string, before: string, after: string])[] = [
  ['it goes', '2s 1*', '1'],
  ['the others stay, in their order', '3s 2 1* 0', '2 1 0'],
  ['none is there', '2 1*', '2 1'],
];

/** The contract of the port `Deployments`: every backend that can roll back keeps it. */
export function describeDeployments(
  title: string,
  make: (places: Layout) => Promise<Subject>,
  exempt: Exempt = {},
): void {
  describe(`deployments of ${title}`, () => {
    test('are listed in boot order, each with its version and how it stands', async () => {
      await using subject = await make(layout('3s 2 1* 0p'));
      const entry = (n: number, change: Partial<DeploymentEntry>) => ({
        id: subject.idOf(n),
        version: `1.${n}`,
        booted: false,
        staged: false,
        pinned: false,
        ...change,
      });
      expect(subject.deployments.can.rollBack).toBe(true);
      expect(await subject.deployments.list(soon())).toMatchObject([
        entry(3, { staged: true }),
        entry(2, {}),
        entry(1, { booted: true }),
        entry(0, { pinned: true }),
      ]);
    });

    test('tell the booted one by the same identity, also when the order has changed twice', async () => {
      await using subject = await make(layout('2* 1'));
      const { deployments, idOf } = subject;
      expect(await deployments.booted()).toMatchObject({ id: idOf(2) });
      for (const n of exempt['the other becomes the default, when the booted one is bad'] ? [] : [1, 2, 1]) {
        await deployments.makeDefault(idOf(n), soon());
        expect(await deployments.booted()).toMatchObject({ id: idOf(2) });
      }
    });

    test.each(MAKE_DEFAULT)('make default: %s; asked again, nothing changes', async (name, before, wanted, after) => {
      await using subject = await make(layout(before));
      const { deployments, idOf } = subject;
      const made = () => deployments.makeDefault(idOf(wanted), soon());
      const other = exempt[name];
      if (other?.left === null) {
        const untouched = await subject.seen();
        await expect(made()).rejects.toMatchObject({ code: 'ROLLBACK_FAILED' });
        expect((await subject.seen()).replace(/^\d+s /, '')).toBe(untouched.replace(/^\d+s /, ''));
        return;
      }
      await made();
      expect(await subject.seen()).toBe(other?.left ?? after);
      expect((await deployments.list(soon()))[0]!.id).toBe(idOf(wanted));
      await made();
      expect(await subject.seen()).toBe(other?.left ?? after);
    });

    test.each(DROP_STAGED)('drop what is staged: %s; asked again, nothing changes', async (_, before, after) => {
      await using subject = await make(layout(before));
      await subject.deployments.dropStaged(soon());
      expect(await subject.seen()).toBe(after);
      await subject.deployments.dropStaged(soon());
      expect(await subject.seen()).toBe(after);
    });

    test('one that is not there is unknown, and nothing changes', async () => {
      await using subject = await make(layout('2s 1*'));
      await expect(subject.deployments.makeDefault(checksumOf(9), soon())).rejects.toMatchObject({
        code: 'DEPLOYMENT_UNKNOWN',
      });
      expect(await subject.seen()).toBe('2s 1');
    });

    test('whoever has no time left is told so, and nothing changes', async () => {
      await using subject = await make(layout('2 1*'));
      const { deployments, idOf } = subject;
      const over = AbortSignal.abort();
      for (const late of [
        deployments.list(over),
        deployments.makeDefault(idOf(1), over),
        deployments.dropStaged(over),
      ]) {
        await expect(late).rejects.toBeInstanceOf(GoodbootError);
      }
      expect(await subject.seen()).toBe('2 1');
    });
  });
}

/** The port over a list in memory. */
export function fakeDeployments(places: Layout): Subject {
  let entries: readonly DeploymentEntry[] = places.map(({ n, booted, staged, pinned }) => ({
    id: checksumOf(n),
    version: `1.${n}`,
    booted: booted === true,
    staged: staged === true,
    pinned: pinned === true,
    imageDigest: null,
    layered: false,
  }));
  const inTime = (signal: AbortSignal) => {
    if (signal.aborted) throw new GoodbootError('PROGRAM_TIMEOUT', 'the fake was asked too late');
  };
  const deployments: Deployments = {
    name: 'ostree',
    can: { rollBack: true },
    booted: async () => entries.find(({ booted }) => booted) ?? null,
    list: async (signal) => {
      inTime(signal);
      return entries;
    },
    dropStaged: async (signal) => {
      inTime(signal);
      entries = entries.filter(({ staged }) => !staged);
    },
    makeDefault: async (id, signal) => {
      inTime(signal);
      const wanted = entries.find((entry) => entry.id === id);
      if (wanted === undefined) throw new GoodbootError('DEPLOYMENT_UNKNOWN', `${id}: the fake has no such deployment`);
      if (!wanted.staged) entries = [wanted, ...entries.filter((entry) => entry !== wanted && !entry.staged)];
    },
  };
  return {
    deployments,
    idOf: checksumOf,
    seen: async () => entries.map(({ version, staged }) => `${version.slice(2)}${staged ? 's' : ''}`).join(' '),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

import { describe, expect, test } from 'vitest';
import type { BootLoader, BootLoaderState } from '../../src/ports/boot-loader.ts';

export interface BootLoaderSubject {
  readonly name: string;
  /** A boot loader that has that state. One that cannot be marked has its own state, whatever is asked for. */
  make(state: BootLoaderState): Promise<BootLoader>;
  /** Deployments with an entry, the default first. */
  readonly deployments: readonly string[];
  /** What the boot loader's own tools see; null where there are none. */
  readonly seen: (() => Promise<Readonly<Record<string, string>>>) | null;
}

const NOTHING: BootLoaderState = { counter: null, success: null };

/** What every boot loader keeps to. */
export function describeBootLoader({ name, make, deployments, seen }: BootLoaderSubject): void {
  describe(`boot loader contract: ${name}`, () => {
    test('counts as many boots as it says, or says with a code that it does not', async () => {
      const loader = await make(NOTHING);
      const attempts = loader.attemptsFor(3);
      if (!loader.can.countAttempts) return expect(attempts).rejects.toMatchObject({ code: 'BOOT_LOADER_UNSUPPORTED' });
      expect(await attempts).toBe(3);
      // A second question has the same answer: nothing was changed.
      expect(await loader.attemptsFor(3)).toBe(3);
      expect(await loader.read()).toEqual(NOTHING);
    });

    test('is armed, told where to fall back to, and un-armed, where it counts', async () => {
      const loader = await make(NOTHING);
      if (!loader.can.countAttempts) return;
      expect(await loader.hasFallback()).toBe(deployments.length > 1);
      const steps = [{ counter: 3, success: false }, { fallback: deployments.at(-1)! }, { counter: null }];
      for (const step of steps) {
        const changed = await loader.apply(step);
        expect(changed).toBe(loader.can.mark);
        expect(await loader.apply(step)).toBe(false);
      }
    });

    test('says in one line what it works on', async () => {
      expect((await make(NOTHING)).detail).toMatch(/^\S.*$/);
    });

    test('a change of nothing is nothing to do', async () => {
      expect(await (await make(NOTHING)).apply({})).toBe(false);
    });

    test('marks, or says with a code that it cannot', async () => {
      const loader = await make(NOTHING);
      const marked = loader.apply({ success: true, counter: null });
      if (loader.can.mark) expect(await marked).toBe(true);
      else await expect(marked).rejects.toMatchObject({ code: 'BOOT_LOADER_UNSUPPORTED' });
    });
  });

  if (seen === null) return;
  describe(`boot loader contract: ${name}, which can be marked`, () => {
    test.each<[string, BootLoaderState]>([
      ['nothing', NOTHING],
      ['attempts left', { counter: 3, success: false }],
      ['no attempt left', { counter: 0, success: false }],
      ['the fallback was chosen', { counter: -1, success: false }],
      ['good', { counter: null, success: true }],
    ])('reads what is there: %s', async (_, state) => {
      expect(await (await make(state)).read()).toEqual(state);
    });

    test.each<[string, BootLoaderState, Parameters<BootLoader['apply']>[0], BootLoaderState]>([
      [
        'a good mark ends the counting',
        { counter: 2, success: false },
        { success: true, counter: null },
        { counter: null, success: true },
      ],
      [
        'a bad mark leaves the counter',
        { counter: 2, success: true },
        { success: false },
        { counter: 2, success: false },
      ],
      ['arming sets both', NOTHING, { success: false, counter: 3 }, { counter: 3, success: false }],
      [
        'a counter alone leaves the mark',
        { counter: null, success: true },
        { counter: 0 },
        { counter: 0, success: true },
      ],
    ])('%s; doing it again is nothing to do', async (_, before, change, after) => {
      const loader = await make(before);
      expect(await loader.apply(change)).toBe(true);
      expect(await loader.read()).toEqual(after);
      expect(await loader.apply(change)).toBe(false);
      expect(await loader.read()).toEqual(after);
      const own = {
        ...(after.counter === null ? {} : { boot_counter: String(after.counter) }),
        ...(after.success === null ? {} : { boot_success: after.success ? '1' : '0' }),
      };
      expect(await seen()).toMatchObject(own);
    });
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Listed, makeDeployments, type Way } from '../../src/adapters/deployments/backend.ts';
import { rollbackLeadsTo as bootcLeadsTo, parseBootcStatus } from '../../src/adapters/deployments/bootc-status.ts';
import { parseOstreeJson, parseOstreeText } from '../../src/adapters/deployments/ostree-status.ts';
import {
  cleanupDropsStagedAlone,
  parseRpmOstree,
  rollbackLeadsTo,
} from '../../src/adapters/deployments/rpm-ostree-status.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { bootc } from '../lab/stand-in/bootc.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';
import { ostree } from '../lab/stand-in/ostree.ts';
import {
  bootcRollback,
  rpmOstreeCleanup,
  rpmOstreeRollback,
  type StateEntry,
  saveState,
} from '../lab/stand-in/sysroot-state.ts';

const directory = mkdtempSync(join(tmpdir(), 'goodboot-deployments-'));
const state = join(directory, 'state.json');
afterAll(() => rmSync(directory, { recursive: true }));

/** Up to six deployments of two stateroots, one of them booted; the first may be staged. */
const sysroot: fc.Arbitrary<readonly StateEntry[]> = fc
  .record({
    places: fc.array(
      fc.record({
        stateroot: fc.constantFrom('fedora', 'fedora', 'other'),
        pinned: fc.boolean(),
        isImage: fc.boolean(),
        version: fc.stringMatching(/^[0-9a-z][0-9a-z .:+-]{0,10}[0-9a-z]$/),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    booted: fc.nat(5),
    staged: fc.boolean(),
  })
  .map(({ places, booted, staged }) => {
    const at = Math.min(places.length - 1, staged ? booted + 1 : booted);
    return places.map((place, n) => ({
      ...place,
      checksum: checksumOf(n),
      booted: n === at,
      staged: staged && n === 0 && at > 0,
      // Only what boots can be pinned; what is staged is of the booted stateroot.
      pinned: place.pinned && !(staged && n === 0),
      stateroot: staged && n === 0 ? places[at]!.stateroot : place.stateroot,
    }));
  });

const listed = ({ checksum, isImage: _, ...entry }: StateEntry): Listed => ({
  id: checksum,
  imageDigest: null,
  layered: false,
  ...entry,
});

describe('what a tool prints of any deployments is what is read', () => {
  const plain = (entries: readonly Listed[]) => entries.map((entry) => ({ ...entry, imageDigest: null }));

  test('ostree, as JSON', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        saveState(state, { entries, faults: [] });
        expect(parseOstreeJson(ostree(state, ['admin', 'status', '--json']).stdout)).toEqual(entries.map(listed));
      }),
    );
  });

  test('ostree, for people', () => {
    const text = ({ checksum, stateroot, version, booted, staged, pinned }: StateEntry) =>
      [
        `${booted ? '*' : ' '} ${stateroot} ${checksum}.0${staged ? ' (staged)' : ''}`,
        `    Version: ${version}`,
        ...(pinned ? ['    Pinned: yes'] : []),
        '    origin refspec: fedora:stable',
        '    `- (a title) 1.0 * Pinned: no',
        '',
      ].join('\n');
    fc.assert(
      fc.property(sysroot, (entries) => {
        expect(parseOstreeText(entries.map(text).join(''))).toEqual(entries.map(listed));
      }),
    );
  });

  test('rpm-ostree', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        const dictionaries = entries.map(({ stateroot, ...entry }) => ({ ...entry, osname: stateroot, serial: 0 }));
        expect(parseRpmOstree(dictionaries)).toEqual(entries.map(listed));
      }),
    );
  });

  test('bootc: all that there is, the next to boot first', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        saveState(state, { entries, faults: [] });
        const read = plain(
          parseBootcStatus(bootc(state, ['status', '--format=json', '--format-version=1']).stdout).entries,
        );
        const want = entries.map((entry) => ({
          ...listed(entry),
          version: entry.isImage ? entry.version : shortOf(entry),
        }));
        expect(new Set(read)).toEqual(new Set(want));
        const { stateroot } = entries.find(({ booted }) => booted)!;
        expect(read.filter((entry) => entry.stateroot === stateroot)[0]).toEqual(
          want.filter((entry) => entry.stateroot === stateroot)[0],
        );
      }),
    );
  });
});

const shortOf = ({ checksum }: StateEntry): string => checksum.slice(0, 12);

test('noise is never taken for deployments', () => {
  const noise = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .dictionary(fc.constantFrom('deployments', 'status', 'apiVersion', 'booted'), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
    fc
      .array(fc.constantFrom('* os', '    Version: 1', checksumOf(1), '.0', '\n', ' ', '(staged)'))
      .map((words) => words.join(' ')),
  );
  const understood = (parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      if (!(error instanceof GoodbootError && error.code === 'PROGRAM_OUTPUT')) throw error;
    }
  };
  fc.assert(
    fc.property(noise, fc.anything(), (text, value) => {
      for (const parse of [parseOstreeJson, parseOstreeText, parseBootcStatus]) understood(() => parse(text));
      understood(() => parseRpmOstree(value));
    }),
    { numRuns: 2000 },
  );
});

describe('what a tool will do is known beforehand', () => {
  const leadsTo = (change: () => readonly StateEntry[]): string | null => {
    try {
      return change()[0]!.checksum;
    } catch {
      return null;
    }
  };

  test('rpm-ostree: where rolling back leads, or that it refuses', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        expect(rollbackLeadsTo(entries.map(listed))).toBe(leadsTo(() => rpmOstreeRollback(entries)));
      }),
      { numRuns: 1000 },
    );
  });

  test('rpm-ostree: cleaning up takes the staged one alone, whenever it is asked to', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        fc.pre(cleanupDropsStagedAlone(entries.map(listed)));
        expect(rpmOstreeCleanup(entries)).toEqual(entries.filter(({ staged }) => !staged));
      }),
    );
  });

  test('bootc: where rolling back leads, or that it refuses', () => {
    fc.assert(
      fc.property(sysroot, (entries) => {
        fc.pre(entries.every(({ staged }) => !staged));
        const images = entries.map((entry) => ({ ...listed(entry), imageDigest: entry.isImage ? 'sha256:0' : null }));
        // Whether it becomes the first of all is not asked: bootc does not see the order of other stateroots.
        expect(bootcLeadsTo(images)).toBe(leadsTo(() => bootcRollback(entries)));
      }),
      { numRuns: 1000 },
    );
  });
});

/** What a way does, whatever it says: the right thing, nothing, something else. */
type Deed = 'right' | 'nothing' | 'wrong';
const way = fc.record({
  deed: fc.constantFrom<Deed[]>('right', 'nothing', 'wrong'),
  says: fc.constantFrom('done', 'failed', 'busy'),
});

test('success is told only when it is so, whatever the tools do and say', async () => {
  await fc.assert(
    fc.asyncProperty(sysroot, fc.nat(5), fc.array(way, { maxLength: 4 }), async (initial, wanted, deeds) => {
      let entries = initial.map(listed);
      const { id } = entries[Math.min(wanted, entries.length - 1)]!;
      const toWay =
        (right: () => void) =>
        ({ deed, says }: { deed: Deed; says: string }): Way =>
        async () => {
          if (deed === 'right') right();
          if (deed === 'wrong') entries = entries.toReversed().filter(({ staged }) => !staged);
          if (says !== 'done') {
            throw new GoodbootError(says === 'busy' ? 'DEPLOYMENT_BUSY' : 'PROGRAM_FAILED', says);
          }
        };
      const drop = () => {
        entries = entries.filter(({ staged }) => !staged);
      };
      const move = () => {
        entries = entries.toSorted((a, b) => Number(b.id === id) - Number(a.id === id));
      };
      const deployments = makeDeployments(makeFiles(directory), {
        name: 'ostree',
        list: async () => entries,
        waysToDrop: () => deeds.map(toWay(drop)),
        waysTo: () => deeds.map(toWay(move)),
      });
      try {
        await deployments.makeDefault(id, new AbortController().signal);
        expect(entries[0]!.id).toBe(id);
        expect(entries.some(({ staged }) => staged)).toBe(entries[0]!.staged);
      } catch (error) {
        if (!(error instanceof GoodbootError)) throw error;
        expect(['ROLLBACK_FAILED', 'DEPLOYMENT_BUSY']).toContain(error.code);
      }
    }),
    { numRuns: 1000 },
  );
});

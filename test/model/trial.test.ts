import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GoodbootError } from '../../src/core/errors.ts';
import { arm } from '../../src/node/arm.ts';
import { type Command, command, play } from './commands.ts';
import { ATTEMPTS } from './machine.ts';

const { GOODBOOT_MODEL_RUNS, GOODBOOT_MODEL_SEED } = process.env;
const RUNS = Number(GOODBOOT_MODEL_RUNS ?? 2_000);
/** What a failure names, to see it again. */
const SEED = GOODBOOT_MODEL_SEED === undefined ? {} : { seed: Number(GOODBOOT_MODEL_SEED) };

const life = (...commands: readonly Partial<Command>[]) =>
  play(commands.map((each) => ({ what: 'reboot', cut: null, runsOn: false, behaviour: 'good', number: 0, ...each })));

describe('a node, whatever happens to it', () => {
  test(`keeps the rules of the design in ${RUNS} random lives`, { timeout: 30_000 + RUNS * 20 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 14, size: 'max' }),
        async (commands) => void (await play(commands)),
      ),
      { numRuns: RUNS, ...SEED },
    );
  });
});

describe('a node', () => {
  test.each<[name: string, commands: readonly Partial<Command>[], booted: string, denied: readonly string[]]>([
    ['takes a good update', [{ what: 'stage' }, {}], 'd2', []],
    ['leaves a bad update', [{ what: 'stage', behaviour: 'bad' }, {}], 'd1', ['d2']],
    ['comes back from a drill, and denies nothing', [{ what: 'drill', behaviour: 'good' }, {}], 'd1', []],
    ['comes back from one that never comes up', [{ what: 'drill', behaviour: 'panics' }, {}], 'd1', []],
    ['leaves one that does not start', [{ what: 'stage', behaviour: 'panics' }, {}], 'd1', ['d2']],
    ['leaves one that nobody judges', [{ what: 'stage', behaviour: 'hangs' }, {}], 'd1', ['d2']],
    [
      'keeps out the image that failed, under whatever identity it comes back',
      [{ what: 'stage', behaviour: 'bad', number: 1 }, {}, { what: 'stage', number: 3 }, {}],
      'd1',
      ['d2'],
    ],
    ['denies nothing for what fails everywhere', [{ what: 'fault' }, { what: 'stage' }, {}], 'd1', []],
    [
      'gives back the attempts that a person spent on the old entry',
      [{ what: 'stage' }, ...Array(ATTEMPTS + 2).fill({ what: 'pick', number: 1 }), {}],
      'd2',
      [],
    ],
    [
      'tries an update that waits, though another is staged and lost',
      [{ what: 'stage', behaviour: 'bad' }, { what: 'pick', number: 1 }, { what: 'stage', cut: [0, true] }, {}],
      'd1',
      ['d2'],
    ],
    ['counts an update whose arming died', [{ what: 'stageKilled', number: 1, behaviour: 'panics' }, {}], 'd1', ['d2']],
    [
      'stays up while the backend refuses, and rolls back when it does no more',
      [{ what: 'stage', behaviour: 'bad' }, { what: 'refuse', number: 5 }, {}, { what: 'heal' }],
      'd1',
      ['d2'],
    ],
    [
      'leaves a deployment that crashes again and again',
      [{ what: 'stage', behaviour: 'crashes' }, {}, { what: 'crash' }, { what: 'crash' }, { what: 'crash' }],
      'd1',
      ['d2'],
    ],
    [
      'goes back by hand though the power fails and the boot loader falls back to a third',
      [
        { what: 'stage', behaviour: 'panics' },
        { what: 'pick', number: 2 },
        { what: 'rollBack', cut: [0, true], runsOn: true },
      ],
      'd0',
      ['d2'],
    ],
    [
      'counts an update that waits though going back from it by hand was refused',
      [
        { what: 'refuse', number: 2 },
        { what: 'stage', behaviour: 'panics' },
        { what: 'pick', number: 2 },
        { what: 'rollBack', runsOn: true },
        {},
      ],
      'd0',
      ['d2'],
    ],
    [
      'stays with what never came up, when a person insists on it',
      [
        { what: 'stage', behaviour: 'panics' },
        {},
        { what: 'deny', number: 1, runsOn: false },
        { what: 'rollBack', runsOn: true },
        {},
      ],
      'd2',
      ['d1'],
    ],
    [
      'leaves a trial whose attempts went to an update that could not be dropped',
      [
        { what: 'stage' },
        { what: 'kexec' },
        { what: 'fault' },
        { what: 'refuse', number: 1 },
        { what: 'stage', behaviour: 'panics' },
        {},
        { what: 'heal' },
      ],
      'd1',
      ['d2'],
    ],
    ['stays where it is when only the power fails', Array(2).fill({ what: 'pull' }), 'd1', []],
  ])('%s', async (_name, commands, booted, denied) => {
    const { sysroot, state, counter } = await life(...commands);
    expect([sysroot.booted, sysroot.order[0], state.denied.map(({ deployment }) => deployment)]).toEqual([
      booted,
      booted,
      denied,
    ]);
    expect([state.trial, counter]).toEqual([null, null]);
  });

  test.each<[name: string, isArmed: boolean, method: 'apply' | 'attemptsFor']>([
    ['whose counter cannot be written puts nothing on trial, and says so', false, 'apply'],
    ['whose boot loader will not count puts nothing on trial, and says so', false, 'attemptsFor'],
    ['whose boot loader will not count any more ends the trial, and says so', true, 'attemptsFor'],
  ])('%s', async (_name, isArmed, method) => {
    const machine = await life();
    machine.sysroot.staged = 'd2';
    if (isArmed) {
      await machine.arm();
      machine.env.delete('boot_counter');
      expect(machine.state.trial).not.toBeNull();
    }
    const steps: string[] = [];
    const refuse = () => Promise.reject(new GoodbootError('GRUBENV_FULL', 'grubenv: no room'));
    const deps = {
      ...machine.bootDeps,
      bootLoader: { ...machine.bootLoader, [method]: refuse },
      note: async (step: string) => void steps.push(step),
      fragment: async () => 'installed' as const,
      canCount: async () => true,
      needsPassword: async () => false,
      baseline: async () => [],
    };
    await arm(deps, ATTEMPTS, new AbortController().signal);
    expect([machine.state.trial, machine.counter, steps]).toEqual([null, null, ['refused']]);
  });
});

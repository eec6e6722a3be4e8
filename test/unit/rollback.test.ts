import { describe, expect, test } from 'vitest';
import { type Candidate, planRollback, type RollbackFacts, type RollbackPlan } from '../../src/core/rollback.ts';
import { newTrial } from '../../src/core/trial.ts';
import type { Behaviour } from '../model/machine.ts';
import { ATTEMPTS, Machine } from '../model/machine.ts';

/** `3s 2! 1`: 3 is staged, 2 was never seen; without a mark it came up here before; `?`: it was booted, and crashed. */
const menu = (text: string): readonly Candidate[] =>
  text.split(' ').map((place) => {
    const [staged, never, crashed] = ['s', '!', '?'].map((mark) => place.includes(mark));
    return { id: place[0]!, staged: staged!, seen: !never && !staged, ran: !never && !crashed && !staged };
  });

const trial = newTrial({ deployment: '2', from: '1', attempts: 3 });
const facts: RollbackFacts = { booted: '2', deployments: menu('2 1'), trial: null, denied: [], chosen: null };

const to = (id: string, leaves: string, why: string, drops: string | null = null) =>
  ({ kind: 'roll-back', to: id, leaves, why, drops }) as RollbackPlan;

describe('a person goes back', () => {
  test.each<[name: string, change: Partial<RollbackFacts>, plan: RollbackPlan]>([
    ['to the one after it', {}, to('1', '2', 'ran-before')],
    [
      'to one that came up here, before one that never ran',
      { deployments: menu('2 3! 1') },
      to('1', '2', 'ran-before'),
    ],
    ['to one that came up here, before one that crashed', { deployments: menu('2 3? 1') }, to('1', '2', 'ran-before')],
    ['to one that never ran, when there is no other', { deployments: menu('2 1!') }, to('1', '2', 'never-ran')],
    ['past one that is denied', { deployments: menu('2 3 1'), denied: ['3'] }, to('1', '2', 'ran-before')],
    ['and a staged update is dropped', { deployments: menu('3s 2 1') }, to('1', '2', 'ran-before', '3')],
    [
      'and a staged update that is on trial is dropped',
      { deployments: menu('3s 2 1'), trial: { ...trial, deployment: '3', from: '2' } },
      to('1', '2', 'ran-before', '3'),
    ],
    ['to where the trial began', { deployments: menu('2 3 1'), trial }, to('1', '2', 'trial')],
    [
      'to where the trial began, though it is not known to start',
      { deployments: menu('2 3 1!'), trial },
      to('1', '2', 'trial'),
    ],
    ['where that is gone: to the next', { deployments: menu('2 3'), trial }, to('3', '2', 'ran-before')],
    ['while the node goes back by itself', { trial: { ...trial, phase: 'fell-back' } }, to('1', '2', 'unfinished')],
    ['from an update that waits, to what runs', { booted: '1', trial }, to('1', '2', 'update-waits')],
    ['from an update that nobody counts', { booted: '1', deployments: menu('2! 1') }, to('1', '2', 'update-waits')],
    ['from a default that is denied', { booted: '1', denied: ['2'] }, to('1', '2', 'update-waits')],
    [
      'a second time, before the reboot',
      { deployments: menu('1 2'), denied: ['2'], chosen: '1' },
      to('1', '2', 'already'),
    ],
    [
      'a second time, to one that never ran',
      { deployments: menu('1! 2'), denied: ['2'], chosen: '1' },
      to('1', '2', 'already'),
    ],
    [
      'but which of two that worked is to be left?',
      { booted: '1' },
      { kind: 'refuse', why: 'other-default', deployment: '2' },
    ],
    ['but there is no other', { deployments: menu('2') }, { kind: 'refuse', why: 'only-one' }],
    ['but there is only a staged one', { deployments: menu('3s 2') }, { kind: 'refuse', why: 'only-one' }],
    ['but the other is denied', { denied: ['1'] }, { kind: 'refuse', why: 'denied', deployment: '1' }],
    [
      'but where the trial began is denied',
      { trial, denied: ['1'] },
      { kind: 'refuse', why: 'denied', deployment: '1' },
    ],
    ['but nothing is a deployment', { booted: null }, { kind: 'refuse', why: 'no-deployments' }],
    ['but the backend lists none', { deployments: [] }, { kind: 'refuse', why: 'no-deployments' }],
  ])('%s', (_name, change, plan) => {
    expect(planRollback({ ...facts, ...change })).toEqual(plan);
  });
});

/** A node that is up on d1, with d0 behind it. */
async function settled(): Promise<Machine> {
  const machine = new Machine();
  await machine.run();
  return machine;
}

/** A node whose update d2 is on trial, was booted once, and soaks for ever. */
async function onTrial(): Promise<Machine> {
  const machine = await settled();
  machine.behaviour.set('d2', 'hangs' satisfies Behaviour);
  machine.sysroot.staged = 'd2';
  await machine.arm();
  await machine.shutDown();
  Object.assign(machine.sysroot, { booted: 'd2' });
  machine.env.set('boot_counter', '2').set('goodboot_counter', '2');
  machine.bootId += 1;
  await machine.begin();
  return machine;
}

const seen = ({ sysroot, state, counter }: Machine) => ({
  order: sysroot.order[0],
  trial: state.trial,
  counter,
  denied: state.denied.map(({ deployment }) => deployment),
});

describe.each([
  // Nobody booted d0 on this node.
  ['a settled deployment', settled, 'd0', 'd1', { force: true }, ATTEMPTS],
  ['a trial', onTrial, 'd1', 'd2', {}, -1],
] as const)('going back from %s', (_name, make, target, left, how, counted) => {
  test('makes the other the default, ends what was open, and takes the next boot for neither trial nor update', async () => {
    const machine = await make();
    expect(await machine.rollBack(how)).toMatchObject({ to: target, leaves: left, changed: true, denies: true });
    expect(seen(machine)).toEqual({ order: target, trial: null, counter: null, denied: [left] });
    expect(await machine.rollBack(how)).toMatchObject({ why: 'already', changed: false });
    await machine.shutDown();
    expect(seen(machine)).toMatchObject({ order: target, trial: null, counter: null });
    await machine.run();
    expect(machine.sysroot.booted).toBe(target);
    expect(seen(machine)).toEqual({ order: target, trial: null, counter: null, denied: [left] });
  });

  test('with --no-deny denies nothing', async () => {
    const machine = await make();
    expect(await machine.rollBack({ ...how, deny: false })).toMatchObject({ denies: false });
    expect(seen(machine)).toEqual({ order: target, trial: null, counter: null, denied: [] });
  });

  test('in a dry run says the same, and changes nothing', async () => {
    const machine = await make();
    machine.sysroot.staged = 'd9';
    const before = machine.snapshot();
    const planned = await machine.rollBack({ ...how, dryRun: true });
    expect(machine.snapshot()).toBe(before);
    expect(await machine.rollBack(how)).toEqual(planned);
  });

  test('drops an update that is staged after it, before the reboot', async () => {
    const machine = await make();
    await machine.rollBack({ ...how, deny: false });
    machine.behaviour.set('d7', 'good');
    machine.sysroot.staged = 'd7';
    await machine.arm();
    expect([machine.sysroot.staged, seen(machine).trial]).toEqual([null, null]);
  });

  test.each([true, false])('is finished by the next boot wherever the power goes (denying: %s)', async (deny) => {
    let cuts = 0;
    for (let at = 0; at < 60; at += 1) {
      const machine = await make();
      const before = seen(machine);
      machine.power.cutIn(at >> 1, at % 2 === 1);
      const [bootId, wasOpen] = [machine.bootId, before.trial !== null];
      await machine.use(() => machine.rollBack({ ...how, deny }));
      if (machine.bootId === bootId) break;
      cuts += 1;
      const after = seen(machine);
      // Cut before the decision was written down: nothing was decided. A trial then runs to its own end, which denies.
      if (after.order === before.order) expect(after).toEqual({ ...before, trial: null, counter: null });
      else if (at < 2 && wasOpen) expect(after).toMatchObject({ order: target, trial: null, counter: null });
      else {
        expect(after).toEqual({ order: target, trial: null, counter: null, denied: deny ? [left] : [] });
        expect(machine.sysroot.booted).toBe(target);
      }
    }
    expect(cuts).toBeGreaterThan(8);
  });

  test('is tried again by the next boot when the backend refuses', async () => {
    const machine = await make();
    machine.sysroot.refusals = 3;
    await expect(machine.rollBack(how)).rejects.toMatchObject({ code: 'ROLLBACK_FAILED' });
    // Where the boot loader cannot be sent to it, what boots instead is counted.
    expect(machine.counter).toBe(counted);
    await machine.run();
    expect(machine.sysroot.booted).toBe(target);
    expect(seen(machine)).toEqual({ order: target, trial: null, counter: null, denied: [left] });
  });
});

test('an armed update that waits is withdrawn in the write that decides to go back', async () => {
  const machine = await settled();
  machine.behaviour.set('d2', 'good');
  machine.sysroot.staged = 'd2';
  await machine.arm();
  expect(await machine.rollBack({ force: true })).toMatchObject({ to: 'd0', leaves: 'd1', drops: 'd2' });
  expect(seen(machine)).toEqual({ order: 'd0', trial: null, counter: null, denied: ['d1'] });
});

test('refused, it changes nothing', async () => {
  const machine = await settled();
  machine.rules.byHand = true;
  await machine.deny('d0', true);
  const before = machine.snapshot();
  await expect(machine.rollBack({ force: true })).rejects.toMatchObject({ code: 'DEPLOYMENT_DENIED' });
  expect(machine.snapshot()).toBe(before);
});

test('to one that is denied by its image, it is refused: arming would undo it', async () => {
  const machine = await settled();
  machine.rules.byHand = true;
  machine.sysroot.images.set('d0', 'sha256:1');
  await machine.deny('sha256:1', true);
  const before = machine.snapshot();
  await expect(machine.rollBack({ force: true })).rejects.toMatchObject({
    code: 'DEPLOYMENT_DENIED',
    message: expect.stringMatching(/^d0:/),
    hint: expect.stringContaining('goodboot deny remove sha256:1 allows it'),
  });
  expect(machine.snapshot()).toBe(before);
});

/** A node that runs d1, with d0 behind it: as many boots of d0 as ends are given, oldest first. */
async function knows(...ends: readonly ('clean' | 'cut')[]): Promise<Machine> {
  const machine = await settled();
  for (const end of ends) {
    await machine.shutDown();
    await machine.run({ pick: 1 });
    if (end === 'cut') machine.ended('cut');
    else await machine.shutDown();
  }
  await machine.run();
  return machine;
}

describe('to a deployment that never came up here', () => {
  test.each([
    ['was never booted', []],
    ['was never shut down', ['cut']],
  ] as const)('is refused unless forced: it %s', async (_name, ends) => {
    const machine = await knows(...ends);
    machine.sysroot.staged = 'd9';
    const before = machine.snapshot();
    for (const dryRun of [true, false]) {
      await expect(machine.rollBack({ dryRun })).rejects.toMatchObject({ code: 'WAY_BACK_UNPROVEN' });
      expect(machine.snapshot()).toBe(before);
    }
    const planned = { to: 'd0', leaves: 'd1', why: 'never-ran', drops: 'd9', changed: true };
    expect(await machine.rollBack({ dryRun: true, force: true })).toMatchObject(planned);
    expect(machine.snapshot()).toBe(before);
    expect(await machine.rollBack({ force: true })).toMatchObject(planned);
    expect(seen(machine).order).toBe('d0');
    // It was decided: asked again, nothing has to be forced.
    expect(await machine.rollBack()).toMatchObject({ why: 'already', changed: false });
  });

  test('needs no force once it was shut down here', async () => {
    const machine = await knows('clean', 'cut');
    expect(await machine.rollBack()).toMatchObject({ to: 'd0', leaves: 'd1', why: 'ran-before' });
    expect(seen(machine).order).toBe('d0');
  });
});

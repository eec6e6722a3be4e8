import fc from 'fast-check';
import { GoodbootError } from '../../src/core/errors.ts';
import { DRILL } from '../../src/node/drill/keep.ts';
import { PowerCut } from './fakes.ts';
import { ATTEMPTS, BEHAVIOURS, type Behaviour, Machine } from './machine.ts';

/** What happens next, and which of the durable changes from then on is the last before the power goes (null: none). */
export interface Command {
  readonly what: keyof typeof COMMANDS;
  readonly cut: readonly [changes: number, after: boolean] | null;
  readonly runsOn: boolean;
  readonly behaviour: Behaviour;
  readonly number: number;
}

const COMMANDS = {
  reboot: (machine: Machine) => restart(machine, {}),
  pick: (machine: Machine, { number }: Command) => restart(machine, { pick: number }),
  kexec: (machine: Machine) => restart(machine, { kexec: true }),
  pull: (machine: Machine) => machine.use(async () => machine.power.off()),
  crash: async (machine: Machine) => {
    if (machine.behaviour.get(machine.sysroot.booted) !== 'crashes') return;
    machine.ended('reset');
    machine.sysroot.staged = null;
    await machine.run();
  },
  stage: (machine: Machine, { number, behaviour }: Command) =>
    machine.use(async () => {
      const { sysroot, state } = machine;
      const old = [...machine.behaviour.keys()].filter((id) => id !== sysroot.booted);
      // Mostly something new, else what this node has seen already.
      const id = number < 4 ? `d${machine.behaviour.size}` : old[(machine.bootId + number) % old.length]!;
      // Some are images, and some of these the one that was denied last, under another identity.
      const same = number === 3 ? state.denied.at(-1)?.image : undefined;
      const image = same ?? (number > 0 ? `image of ${id}` : null);
      if (image !== null && !machine.behaviour.has(id)) sysroot.images.set(id, image);
      if (!machine.behaviour.has(id)) machine.behaviour.set(id, behaviour);
      sysroot.staged = id;
      await machine.arm();
    }),
  /** A copy of what runs, made to fail: `goodboot drill`. */
  drill: (machine: Machine, { number, behaviour }: Command) =>
    machine.use(async () => {
      const { sysroot, files } = machine;
      const id = `d${machine.behaviour.size}`;
      // Mostly it is what runs; but whatever else is wrong must not matter.
      machine.behaviour.set(id, number > 1 ? 'good' : behaviour);
      const before = { booted: sysroot.booted, deployments: [], marks: {}, denied: [] };
      const about = { from: sysroot.booted, attempts: ATTEMPTS, started: '', ledgerSeq: 0, pinned: [] };
      await files.replace(DRILL, JSON.stringify({ v: 1, deployment: id, ...about, before }));
      sysroot.staged = id;
      await machine.arm();
    }),
  stageLate: (machine: Machine, { behaviour }: Command) =>
    machine.use(async () => {
      const id = `d${machine.behaviour.size}`;
      machine.behaviour.set(id, behaviour);
      machine.sysroot.staged = id;
    }),
  /** Arming dies half way, and the machine stays up. */
  stageKilled: async (machine: Machine, { number, behaviour, runsOn }: Command) => {
    const id = `d${machine.behaviour.size}`;
    machine.behaviour.set(id, behaviour);
    machine.sysroot.staged = id;
    machine.power.cutIn(number, runsOn);
    await machine.arm().catch((error: unknown) => {
      if (!(error instanceof PowerCut) && !(error instanceof GoodbootError)) throw error;
    });
    machine.power.on();
    machine.power.cutIn(Number.POSITIVE_INFINITY, false);
  },
  withdraw: (machine: Machine, { runsOn }: Command) =>
    machine.use(async () => {
      machine.sysroot.staged = null;
      if (runsOn) await machine.arm();
    }),
  markGood: (machine: Machine) => machine.use(() => machine.markGood()),
  markBad: (machine: Machine) => machine.use(() => machine.bootLoader.apply({ success: false })),
  deny: (machine: Machine, { runsOn, number }: Command) =>
    machine.use(async () => {
      const id = machine.sysroot.order[number % machine.sysroot.order.length]!;
      machine.rules.byHand = true;
      await machine.deny(id, runsOn).finally(() => {
        machine.rules.byHand = false;
      });
    }),
  rollBack: (machine: Machine, { runsOn, number }: Command) =>
    machine.use(() => machine.rollBack({ deny: runsOn, force: number === 0 })),
  fault: async (machine: Machine) => {
    machine.faulty = !machine.faulty;
    machine.rules.faultChanges();
  },
  refuse: async (machine: Machine, { number }: Command) => {
    machine.sysroot.refusals = number * 2;
    if (number > 0) machine.rules.backendRefused = true;
  },
  heal: async (machine: Machine) => {
    machine.sysroot.refusals = 0;
    machine.faulty = false;
    machine.rules.faultChanges();
    await restart(machine, {});
    await restart(machine, {});
    machine.rules.backendRefused = false;
  },
  fragment: async (machine: Machine) => {
    machine.fragment = !machine.fragment;
    machine.rules.fragmentWasOff = true;
  },
  hours: async (machine: Machine) => machine.clock.advance(2 * 3_600_000),
  again: async (machine: Machine) => {
    const before = machine.snapshot();
    await machine.use(() => machine.begin());
    machine.rules.demand(machine.power.isArmed || machine.snapshot() === before, 'a second beginning changes nothing');
  },
  judgeAgain: (machine: Machine) =>
    machine.use(async () => {
      if (machine.behaviour.get(machine.sysroot.booted) === 'hangs') return;
      await machine.judge();
      const before = machine.snapshot();
      if (!machine.isRebooting) await machine.judge();
      machine.rules.demand(machine.snapshot() === before, 'a second verdict changes nothing');
    }),
} as const;

async function restart(machine: Machine, way: Parameters<Machine['run']>[0]): Promise<void> {
  const boot = machine.bootId;
  await machine.use(() => machine.shutDown());
  if (machine.bootId === boot && !machine.rules.isOver) await machine.run(way);
}

const WEIGHTS: Readonly<Partial<Record<keyof typeof COMMANDS, number>>> = { reboot: 60, stage: 80, pull: 20, pick: 20 };

export const command: fc.Arbitrary<Command> = fc.record({
  what: fc.oneof(
    ...Object.keys(COMMANDS).map((name) => {
      // Object.keys forgets that it gives the keys.
      const what = name as keyof typeof COMMANDS;
      return { arbitrary: fc.constant(what), weight: WEIGHTS[what] ?? (what === 'fragment' ? 1 : 10) };
    }),
  ),
  cut: fc.option(fc.tuple(fc.nat(30), fc.boolean()), { freq: 3 }),
  runsOn: fc.boolean(),
  behaviour: fc.constantFrom(...BEHAVIOURS),
  number: fc.nat(5),
});

/** The life of one node, from its first boot on. */
export async function play(commands: readonly Command[]): Promise<Machine> {
  const machine = new Machine();
  await machine.run();
  for (const each of commands) {
    if (machine.rules.isOver) break;
    machine.runsOn = each.runsOn;
    if (each.cut !== null) machine.power.cutIn(...each.cut);
    await COMMANDS[each.what](machine, each);
    if (machine.isRebooting && each.what === 'judgeAgain') await restart(machine, {});
    machine.power.cutIn(Number.POSITIVE_INFINITY, false);
  }
  return machine;
}

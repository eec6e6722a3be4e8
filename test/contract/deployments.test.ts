import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/adapters/dbus/connection.ts';
import { makeRpmOstree } from '../../src/adapters/deployments/rpm-ostree.ts';
import { must } from '../lab/run.ts';
import { layout } from '../lab/stand-in/layout.ts';
import { makeOstreeSysroot } from '../lab/stand-in/ostree-sysroot.ts';
import { bootcStandIn, ostreeStandIn, rpmOstreeStandIn, type StandIn } from '../lab/stand-in/subject.ts';
import { describeDeployments, type Exempt, fakeDeployments } from './deployments.contract.ts';

/** Before 2023.6 ostree can only remove deployments, and neither the booted one nor, for us, a pinned one. */
const gone = (left: string) => ({ reason: 'what stood before is removed, not moved', left });
const refused = (what: string) => ({ reason: `${what} stands before and cannot be removed`, left: null });
const NO_SET_DEFAULT: Exempt = {
  'the booted one becomes the default again, after a fallback boot': gone('1'),
  'the booted one, where an older one is there too': gone('1 0'),
  'a pinned one stays': gone('1 0'),
  'a staged one is dropped, and the bad one stays': gone('1'),
  'the other becomes the default, when the booted one is bad': refused('the booted one'),
  'the oldest of three': refused('the booted one'),
  'the second of three': refused('the booted one'),
  'a pinned one can be it': refused('the booted one'),
  'a staged one is dropped, and the older one becomes the default': refused('the booted one'),
  'a pinned one before the booted one stays': refused('a pinned one'),
};

describeDeployments('the fake', async (places) => fakeDeployments(places));
describeDeployments('ostree 2025.2, real', (places) => makeOstreeSysroot('trixie', places));
describeDeployments('ostree 2022.7, real', (places) => makeOstreeSysroot('bookworm', places), NO_SET_DEFAULT);
describeDeployments('ostree 2026.4, a stand-in', (places) => ostreeStandIn(places));
describeDeployments('bootc, a stand-in', (places) => bootcStandIn(places));
describeDeployments('rpm-ostree, a stand-in', (places) => rpmOstreeStandIn(places));

const soon = (ms = 15_000) => AbortSignal.timeout(ms);
const SET = 'ostree admin set-default';

/** What was run to change something. */
const changes = ({ ran }: StandIn) => ran.filter((line) => !line.includes(' status '));

type Fault = readonly [
  title: string,
  before: string,
  faults: readonly string[],
  wanted: number,
  ran: readonly string[],
];

const times = (count: number, fault: string): readonly string[] => Array.from({ length: count }, () => fault);

describe('rpm-ostree', () => {
  test.each<Fault>([
    ['rolls back through its daemon alone', '2 1*', [], 1, []],
    ['that is just going away is started again', '2 1*', ['leaving', 'leaving'], 1, []],
    ['that is busy is asked again', '2 1*', ['busy', 'busy'], 1, []],
    ['that dies after the change has done it', '2 1*', ['die-after'], 1, []],
    ['that dies before the change leaves it to ostree', '2 1*', ['die-before'], 1, [`${SET} 1`]],
    ['that never comes up leaves it to ostree', '2 1*', times(9, 'leaving'), 1, [`${SET} 1`]],
    ['that does not let us leaves it to ostree', '2 1*', ['denied'], 1, [`${SET} 1`]],
    ['whose answer is damaged leaves it to ostree', '2 1*', ['noise'], 1, [`${SET} 1`]],
    ['whose transaction fails leaves it to ostree', '2 1*', ['fail'], 1, [`${SET} 1`]],
    ['whose transaction never ends leaves it to ostree', '2 1*', ['hang'], 1, [`${SET} 1`]],
    ['that says it did it and did not leaves it to ostree', '2 1*', ['lie'], 1, [`${SET} 1`]],
    ['that rolled back twice is put right', '2 1*', ['twice'], 1, [`${SET} 1`]],
    ['is not asked to roll back where that leads elsewhere', '2 1* 0', ['twice'], 1, [`${SET} 1`]],
    ['is not asked to roll back to what is the default', '1* 0', ['twice'], 1, []],
    ['drops a staged one through its daemon alone', '2s 1*', [], 1, []],
    ['is not asked to drop a staged one where others would go too', '3s 2 1*', [], 2, ['ostree admin undeploy 0']],
  ])('%s', async (_, before, faults, wanted, ran) => {
    const transactionMs = faults.includes('hang') ? 500 : 60_000;
    await using machine = await rpmOstreeStandIn(layout(before), { patience: { busyMs: 5_000, transactionMs } });
    machine.order(...faults);
    await machine.deployments.makeDefault(machine.idOf(wanted), soon());
    expect((await machine.seen())[0]).toBe(String(wanted));
    expect(changes(machine)).toEqual(ran);
  });

  test('that stays busy is left alone, and so is ostree', async () => {
    await using machine = await rpmOstreeStandIn(layout('2 1*'), { patience: { busyMs: 600, transactionMs: 500 } });
    machine.order(...times(99, 'busy'));
    const made = machine.deployments.makeDefault(machine.idOf(1), soon());
    await expect(made).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
      message: expect.stringContaining('System transaction in progress'),
    });
    expect(await machine.seen()).toBe('2 1');
    expect(machine.ran).toEqual([]);
  });

  test('and ostree that both fail say why', async () => {
    await using machine = await rpmOstreeStandIn(layout('2 1*'));
    machine.order('fail', 'ostree-fails');
    await expect(machine.deployments.makeDefault(machine.idOf(1), soon())).rejects.toMatchObject({
      code: 'ROLLBACK_FAILED',
      message: expect.stringMatching(
        /^[0-9a-f]{64} is not the default: .*Input\/output error; .*No space left on device$/,
      ),
    });
  });

  test('and ostree that both say they did it are not believed', async () => {
    await using machine = await rpmOstreeStandIn(layout('2 1*'));
    machine.order('lie', 'ostree-lies');
    await expect(machine.deployments.makeDefault(machine.idOf(1), soon())).rejects.toMatchObject({
      code: 'ROLLBACK_FAILED',
      message: expect.stringContaining('rpm-ostree reported success, and it is not so'),
    });
  });

  test('without a bus works through ostree', async () => {
    await using machine = await ostreeStandIn(layout('2 1*'));
    const deployments = makeRpmOstree({
      ...machine,
      connectBus: () => connect('unix:path=/nonexistent/bus', { hello: true }),
    });
    await deployments.makeDefault(machine.idOf(1), soon());
    expect(await machine.seen()).toBe('1 2');
  });

  test('that answers nobody, where ostree is missing, could not tell', async () => {
    await using machine = await rpmOstreeStandIn(layout('2 1*'), { without: ['ostree'] });
    machine.order('denied');
    await expect(machine.deployments.list(soon())).rejects.toMatchObject({
      code: 'DBUS_DENIED',
      message: expect.stringMatching(/RegisterClient: .*not allowed.*; ostree: no such program$/),
    });
  });
});

describe('bootc', () => {
  test.each<Fault>([
    ['goes back by one swap', '2 1*', [], 1, ['bootc rollback']],
    ['goes to the other by one swap', '2* 1', [], 1, ['bootc rollback']],
    ['never swaps what is right already', '1* 2', [], 1, []],
    ['that fails leaves it to ostree', '2 1*', ['rollback-fails'], 1, ['bootc rollback', `${SET} 1`]],
    [
      'that says it did it and did not leaves it to ostree',
      '2 1*',
      ['rollback-lies'],
      1,
      ['bootc rollback', `${SET} 1`],
    ],
    ['that swapped twice is put right', '2 1*', ['rollback-twice'], 1, ['bootc rollback', `${SET} 1`]],
    ['that cannot name what is wanted leaves it to ostree', '2* 1 0', [], 0, [`${SET} 2`]],
    ['would swap while it drops a staged one, so ostree drops it', '2s 1* 0', [], 1, ['ostree admin undeploy 0']],
  ])('%s', async (_, before, faults, wanted, ran) => {
    await using machine = await bootcStandIn(layout(before));
    machine.order(...faults);
    await machine.deployments.makeDefault(machine.idOf(wanted), soon());
    expect((await machine.seen())[0]).toBe(String(wanted));
    expect(changes(machine)).toEqual(ran);
  });

  test('does not swap with what did not come from an image', async () => {
    await using machine = await bootcStandIn(layout('2 1*'), { change: { isImage: false } });
    await machine.deployments.makeDefault(machine.idOf(1), soon());
    expect(changes(machine)).toEqual([`${SET} 1`]);
  });

  test('tells the digest of an image', async () => {
    await using machine = await bootcStandIn(layout('2 1*'));
    const digests = (await machine.deployments.list(soon())).map(({ imageDigest }) => imageDigest);
    expect(new Set(digests).size).toBe(2);
    expect(digests).toEqual([expect.stringMatching(/^sha256:/), expect.stringMatching(/^sha256:/)]);
  });

  test.each(['status-fails', 'noise'])('that cannot list (%s) is replaced by ostree', async (fault) => {
    await using machine = await bootcStandIn(layout('2 1*'));
    machine.order(fault);
    expect(await machine.deployments.list(soon())).toHaveLength(2);
    expect(machine.ran).toEqual(['bootc status --format=json --format-version=1', 'ostree admin status --json']);
  });

  test('without ostree cannot drop a staged one, and says so', async () => {
    await using machine = await bootcStandIn(layout('2s 1*'), { without: ['ostree'] });
    await expect(machine.deployments.dropStaged(soon())).rejects.toMatchObject({
      code: 'ROLLBACK_FAILED',
      message: 'the staged deployment is still there: ostree: no such program',
    });
  });
});

describe('ostree', () => {
  test.each([
    ['prints half of it', 'noise', 'PROGRAM_OUTPUT', 'ostree admin status: the answer is not JSON'],
    ['says it did it and did not', 'ostree-lies', 'ROLLBACK_FAILED', 'ostree reported success, and it is not so'],
    ['fails', 'ostree-fails', 'ROLLBACK_FAILED', 'No space left on device'],
  ])('that %s is not believed', async (_, fault, code, message) => {
    await using machine = await ostreeStandIn(layout('2 1*'));
    machine.order(fault);
    await expect(machine.deployments.makeDefault(machine.idOf(1), soon())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await machine.seen()).toBe('2 1');
  });

  test('that can only remove deployments says what is in the way', async () => {
    await using machine = await makeOstreeSysroot('bookworm', layout('2* 1'));
    await expect(machine.deployments.makeDefault(machine.idOf(1), soon())).rejects.toMatchObject({
      code: 'ROLLBACK_FAILED',
      message: expect.stringMatching(
        /: this ostree has no set-default, and [0-9a-f]{64}, which comes before, is booted$/,
      ),
    });
  });

  test('whose lock another process holds is busy', async () => {
    await using machine = await makeOstreeSysroot('trixie', layout('2 1*'));
    await must(['mkfifo', join(machine.path, 'run/origin')]);
    const holder = new AbortController();
    // It takes the lock, and then waits for somebody to write into the pipe.
    const held = machine.processes.run(
      ['ostree', 'admin', 'deploy', '--origin-file=/run/origin', '--os=fedora', 'v3'],
      { timeoutMs: 30_000, signal: holder.signal },
    );
    // The file of the lock is there only while somebody holds it.
    await expect.poll(() => existsSync(join(machine.path, 'ostree/lock')), { timeout: 10_000 }).toBe(true);
    await expect(machine.deployments.makeDefault(machine.idOf(1), soon(3_000))).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
    });
    holder.abort();
    await held;
    await machine.deployments.makeDefault(machine.idOf(1), soon());
    expect(await machine.seen()).toBe('1 2');
  });
});

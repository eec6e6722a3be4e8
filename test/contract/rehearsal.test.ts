import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRehearsal } from '../../src/adapters/deployments/rehearsal.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { layout } from '../lab/stand-in/layout.ts';
import { makeOstreeSysroot } from '../lab/stand-in/ostree-sysroot.ts';

const signal = AbortSignal.timeout(120_000);

describe.each(['trixie', 'bookworm'] as const)('a drill with the ostree of %s', (suite) => {
  const make = async (text: string) => {
    const subject = await makeOstreeSysroot(suite, layout(text));
    const rehearsal = makeRehearsal(makeFiles(subject.path), subject.processes);
    const entries = () => subject.deployments.list(signal);
    return { subject, rehearsal, entries };
  };

  test('a copy has an identity of its own, is staged before all others, and is gone without a trace', async () => {
    const { subject, rehearsal, entries } = await make('2* 1 0p');
    await using _ = subject;
    const before = await entries();
    const copy = await rehearsal.copy(subject.idOf(2), signal);
    expect([0, 1, 2, 3].map(subject.idOf)).not.toContain(copy);
    await rehearsal.stage(copy, signal);
    expect((await entries()).map(({ id, staged }) => [id, staged])).toEqual([
      [copy, true],
      ...before.map(({ id }) => [id, false]),
    ]);
    await rehearsal.remove(copy, signal);
    expect(await entries()).toEqual(before);
    await rehearsal.remove(copy, signal); // not being there is success
  });

  test('what is pinned twice is pinned, and not any more', async () => {
    const { subject, rehearsal, entries } = await make('2* 1');
    await using _ = subject;
    const pinned = async () => (await entries()).map((entry) => entry.pinned);
    for (const _time of [1, 2]) await rehearsal.pin(subject.idOf(1), true, signal);
    expect(await pinned()).toEqual([false, true]);
    for (const _time of [1, 2]) await rehearsal.pin(subject.idOf(1), false, signal);
    expect(await pinned()).toEqual([false, false]);
    await rehearsal.pin('f'.repeat(64), true, signal);
  });

  test('success that is none is seen', async () => {
    const { subject } = await make('2* 1');
    await using _ = subject;
    const isChange = (argv: readonly string[]) => ['pin', 'undeploy'].includes(argv[2] ?? '');
    const run: Processes['run'] = (argv, options) =>
      subject.processes.run(isChange(argv) ? ['ostree', 'admin', 'status'] : argv, options);
    const rehearsal = makeRehearsal(makeFiles(subject.path), { run });
    const id = subject.idOf(1);
    await expect(rehearsal.pin(id, true, signal)).rejects.toThrow(`${id} is not pinned`);
    await expect(rehearsal.remove(id, signal)).rejects.toThrow(`${id} is still there`);
  });

  test('it says where it cannot be', async () => {
    const { subject, rehearsal } = await make('2*');
    await using _ = subject;
    await mkdir(join(subject.path, 'usr/bin'), { recursive: true });
    expect(await rehearsal.unsupported()).toBe('there is no program ostree');
    await writeFile(join(subject.path, 'usr/bin/ostree'), '');
    expect(await rehearsal.unsupported()).toBeNull();
    const conf = async (directory: string, text: string) => {
      await mkdir(join(subject.path, directory, 'ostree'), { recursive: true });
      await writeFile(join(subject.path, directory, 'ostree/prepare-root.conf'), text);
    };
    await conf('usr/lib', '[composefs]\nenabled = signed\n');
    expect(await rehearsal.unsupported()).toBe(
      '/usr/lib/ostree/prepare-root.conf wants signed deployments, and a copy has no signature',
    );
    // The first that exists is the one that is read.
    await conf('etc', '[composefs]\nenabled = yes\n');
    expect(await rehearsal.unsupported()).toBeNull();
    // And the kernel command line comes before it.
    const boot = async (option: string) => writeFile(join(subject.path, 'proc/cmdline'), `ro ${option} quiet\n`);
    await boot('ostree.prepare-root.composefs=signed');
    expect(await rehearsal.unsupported()).toMatch(/^ostree\.prepare-root\.composefs wants signed deployments/);
    await conf('etc', '[composefs]\nenabled = signed\n');
    await boot('ostree.prepare-root.composefs=yes');
    expect(await rehearsal.unsupported()).toBeNull();
    const overlays = join(subject.path, 'boot/ostree/initramfs-overlays');
    await mkdir(overlays, { recursive: true });
    expect(await rehearsal.unsupported()).toBeNull();
    await writeFile(join(overlays, `${'a'.repeat(64)}.img`), '');
    expect(await rehearsal.unsupported()).toMatch(/initramfs-overlays is not empty/);
  });

  test('a copy of nothing fails, and says why', async () => {
    const { subject, rehearsal } = await make('2*');
    await using _ = subject;
    await expect(rehearsal.copy('f'.repeat(64), signal)).rejects.toMatchObject({ code: 'PROGRAM_FAILED' });
  });
});

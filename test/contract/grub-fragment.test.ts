import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GrubBoot, grubBoot, roomIn } from '../helpers/grub-model.ts';
import { bootReally, FRAGMENT, type RealCase } from '../helpers/real-grub.ts';
import { must } from '../lab/run.ts';

const TWO = ['ostree-2', 'ostree-1'];
const STEPS = ['-1', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10'];
/** Nothing that counts, among it what a careless script would read as an operator. */
const FOREIGN = ['', '-2', '11', '99', '100', 'abc', '01', '1 ', '!', '(', '-f', '-z', '$default', "'", '"', '\\', '='];

async function expectAgreement(cases: readonly RealCase[]): Promise<void> {
  const plain = (each: RealCase, { env, booted }: GrubBoot) => ({ each, booted, env: Object.fromEntries(env) });
  const model = cases.map((each) => plain(each, grubBoot(new Map(Object.entries(each.env)), each.entries, each)));
  const real = await bootReally(cases);
  expect(cases.map((each, n) => plain(each, real[n]!))).toEqual(model);
}

test('the fragment is a GRUB script', async () => {
  await must(['grub-script-check', FRAGMENT]);
});

test('GRUB and the model agree on every counter, marked good or not, counted by somebody else or not', async () => {
  const cases = [...STEPS, ...FOREIGN].flatMap((counter) =>
    [{}, { boot_success: '0' }, { boot_success: '1' }, { boot_success: 'yes' }].flatMap((success) =>
      [counter, '3'].map((copy): RealCase => {
        const env = { boot_counter: counter, goodboot_counter: copy, ...success };
        return { env, entries: TWO, read: 1 };
      }),
    ),
  );
  await expectAgreement(cases);
});

/** As much in the block that `free` bytes are left. */
const filled = (env: Readonly<Record<string, string>>, free: number) => ({
  ...env,
  filler: 'x'.repeat(roomIn(env) - 'filler=\n'.length - free),
});

test('a block without room for every change is left as it was', async () => {
  const cases = Array.from({ length: 25 }, (_, free) =>
    ['2', '0'].map((counter): RealCase => {
      const env = filled({ boot_counter: counter, goodboot_counter: counter, boot_success: '0' }, free);
      return { env, entries: TWO, read: 1 };
    }),
  ).flat();
  await expectAgreement(cases);
  const kept = cases.filter((each) => !grubBoot(new Map(Object.entries(each.env)), TWO).env.has('goodboot_fragment'));
  // The proof needs 20 bytes; a counter that becomes -1 two more, as its copy does.
  expect(kept).toHaveLength(20 + 22);
});

test('an id that begins with a digit is taken for a position: such a name is never written into the block', async () => {
  const env = { boot_counter: '0', goodboot_counter: '0', boot_success: '0', goodboot_fallback: '0abc' };
  const [boot] = await bootReally([{ env, entries: ['ostree-2', '0abc'], read: 1 }]);
  expect(boot?.booted).toBe('ostree-2');
});

const value = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 4 });
const anyCase: fc.Arbitrary<RealCase> = fc
  .record({
    boot_counter: fc.oneof(value(...STEPS.slice(0, 5)), value(...STEPS, ...FOREIGN)),
    copy: fc.constantFrom('same', 'same', 'none', '', '-1', '0', '1', '2', '3', 'abc'),
    boot_success: value('0', '0', '1', '', 'yes'),
    goodboot_fallback: value('ostree-1', 'ostree-2', 'ostree-3', 'gone', '', '../x', 'a b', "it's", '$default'),
    other: value('x', 'a\\b\nc'),
    free: fc.option(fc.integer({ min: 0, max: 90 }), { freq: 1, nil: null }),
    entries: fc.constantFrom(TWO, ['ostree-1'], ['ostree-3', ...TWO]),
    peer: fc.boolean(),
    bls: fc.constantFrom(true, false, 'in-boot' as const),
    writable: fc.constantFrom(true, true, true, false),
    read: fc.constantFrom(1, 2),
  })
  .map(({ boot_counter, copy, boot_success, goodboot_fallback, other, free, ...rest }) => {
    const goodboot_counter = copy === 'same' ? boot_counter : copy === 'none' ? undefined : copy;
    const all = { other, boot_counter, goodboot_counter, boot_success, goodboot_fallback };
    const set = Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
    const env = Object.fromEntries(set);
    return { env: free === null ? env : filled(env, free), ...rest };
  });

test('GRUB and the model agree on whatever else stands in the block, with and without a peer', async () => {
  await expectAgreement(fc.sample(anyCase, 200));
});

describe('on a read-only /boot', () => {
  const PROGRAM = new URL('../fixtures/programs/install-fragment.ts', import.meta.url).pathname;
  /** $1 root, $2 runtime, $3 program, $4 fragment, $5 how to enter other mounts. The shell is PID 1, whose mounts are the machine's. */
  const SCRIPT = `
    mount -t tmpfs tmpfs "$1/boot" && mkdir "$1/boot/grub2" && echo '. $prefix/custom.cfg' >"$1/boot/grub2/grub.cfg"
    mount -o remount,ro,nosuid "$1/boot" && before=$(grep "$1" /proc/self/mountinfo)
    $5 "$2" --disable-warning=ExperimentalWarning "$3" "$1" "$4" 2>&1
    [ "$before" = "$(grep "$1" /proc/self/mountinfo)" ] && ls "$1/boot/grub2"`;
  const install = async (enter: string): Promise<string> => {
    const root = await mkdtemp(join(tmpdir(), 'goodboot-boot-'));
    try {
      await mkdir(join(root, 'boot'));
      const argv = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', SCRIPT, 'sh'];
      return await must([...argv, root, process.execPath, PROGRAM, await readFile(FRAGMENT, 'utf8'), enter]);
    } finally {
      await rm(root, { recursive: true });
    }
  };

  test('the fragment is installed from a mount namespace of its own, and the machine keeps its mount', async () => {
    expect(await install('unshare --mount')).toBe('custom.cfg\ngoodboot.cfg\ngrub.cfg\n');
  });

  test('it is refused in the mounts of the whole machine', async () => {
    expect(await install('')).toMatch(/is mounted read-only for the whole machine[\s\S]*\ngrub\.cfg\n$/);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
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
    bls: fc.boolean(),
    writable: fc.constantFrom(true, true, true, false),
    read: fc.constantFrom(1, 2),
  })
  .map(({ boot_counter, copy, boot_success, goodboot_fallback, other, free, ...rest }) => {
    const goodboot_counter = copy === 'same' ? boot_counter : copy === 'none' ? undefined : copy;
    const all = { other, boot_counter, goodboot_counter, boot_success, goodboot_fallback };
    const set = Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
    const env = Object.fromEntries(set);
    const filler = free === null ? {} : { filler: 'x'.repeat(roomIn(env) - 'filler=\n'.length - free) };
    return { env: { ...env, ...filler }, ...rest };
  });

test('GRUB and the model agree on whatever else stands in the block, with and without a peer', async () => {
  await expectAgreement(fc.sample(anyCase, 200));
});

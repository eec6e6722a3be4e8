import { SCENARIOS, type Scenario } from '../test/vm/scenarios.ts';

const BOOT_LOADER: Readonly<Record<Scenario['bootLoader'], string>> = {
  'grub-bios': 'GRUB (BIOS)',
  'systemd-boot': 'systemd-boot (UEFI)',
};

/** The page that says what goodboot survives, and how that is known, for docs/reference. */
export function failureModes(): string {
  const rows = SCENARIOS.map(
    ({ name, failure, expected, backend, bootLoader }: Scenario) =>
      `| \`${name}\` | ${failure} | ${expected} | ${backend} | ${BOOT_LOADER[bootLoader]} |`,
  );
  const parts = Map.groupBy<string, Scenario>(SCENARIOS, ({ real }) => real.join(', '));
  const real = [...parts].map(
    ([what, scenarios]) => `- ${what}: ${scenarios.map(({ name }) => `\`${name}\``).join(', ')}`,
  );
  return [
    '# What goodboot survives',
    '',
    'Made from `test/vm/scenarios.ts` by `npm run gen`.',
    'Each row is a test. A virtual machine boots a disk, goes through every reboot that follows, and at each of them GRUB’s',
    'environment block, the deployments, the ledger and the journal are compared with what they should be.',
    '`npm run vm -- NAME` plays one of them.',
    '',
    '| scenario | what goes wrong | what the node does | backend | boot loader |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '## What ran for real',
    '',
    'In all of them: the disk, the reboots and resets, and goodboot as it is installed. The processor is emulated (QEMU, no KVM).',
    '',
    ...real,
    '',
    '## What did not',
    '',
    '| backend or boot loader | how it is tested |',
    '| --- | --- |',
    '| rpm-ostree | no real one: the contract suite of the backends (`test/contract/deployments.test.ts`) against a stand-in of its documented D-Bus interface |',
    '| bootc | no real one: the same suite, against a stand-in of its documented command line |',
    '| ostree | real, of versions 2022.7 and 2025.2; 2026.4 is a stand-in (the same suite) |',
    '| systemd-boot with another backend, or with unified kernel images | no machine boots so: contract suite (`test/contract/systemd-boot.test.ts`) |',
    '| Fedora’s own GRUB | no real one: its `blscfg`, `increment` and `decrement` are not in the GRUB that runs here |',
    '',
  ].join('\n');
}

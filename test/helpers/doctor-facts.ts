import type { DoctorFacts, FragmentFacts, GrubenvFacts, UnitFile } from '../../src/core/doctor/facts.ts';
import { UNITS } from '../../src/core/doctor/services.ts';

export const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
export const MIB = 1024 * 1024;
export const entry = (deployment: string | null, ...faults: string[]) => ({
  file: `ostree-${deployment?.[0]}.conf`,
  deployment,
  faults,
});
export const fragment: FragmentFacts = {
  directory: '/boot/grub2',
  fragment: 'installed',
  start: { kind: 'stubs', stubs: [{ file: '/boot/efi/EFI/fedora/grub.cfg', leads: 'here', why: 'leads to /grub2' }] },
  proven: true,
  isOlderThanBoot: true,
};
export const unproven: FragmentFacts = { ...fragment, proven: false, isOlderThanBoot: false };
export const stub = (leads: 'here' | 'elsewhere' | 'unknown') => ({
  file: `${leads}.cfg`,
  leads,
  why: `leads ${leads}`,
});
export const grubenv: GrubenvFacts = {
  path: '/boot/grub2/grubenv',
  trouble: null,
  place: { type: 'ext4', source: '/dev/vda3', canWrite: true },
  isLinkedAway: false,
  proven: null,
};
export const space = {
  boot: { freeBytes: 200 * MIB },
  var: { freeBytes: 9000 * MIB, freeInodes: 9000, totalInodes: 9999 },
  kernelBytes: 90 * MIB,
  isBootApart: true,
};
export const enabled: readonly UnitFile[] = UNITS.map((name) => ({ name, state: 'enabled', preset: 'enabled' }));
export const change = (name: string, state: string, preset = 'enabled'): readonly UnitFile[] =>
  enabled.map((unit) => (unit.name === name ? { name, state, preset } : unit));
/** What a system extension has besides. */
export const extension: readonly UnitFile[] = [
  { name: 'goodboot-extension.target', state: 'static', preset: null },
  { name: 'goodboot-extension.service', state: 'enabled', preset: null },
];
export const greenboot = { enabled: ['greenboot-healthcheck.service'], installed: 3, isSkipped: true, ran: [] };
export const hardware = { name: 'watchdog0', identity: 'iTCO_wdt', isSoftware: false };
export const software = { name: 'watchdog0', identity: 'Software Watchdog', isSoftware: true };

/** A node of which everything is well. */
export const WELL: DoctorFacts = {
  startedBy: 'boot-loader',
  bootLoader: { name: 'grub', detail: '/boot/grub2/grubenv' },
  deployments: { seen: { booted: A, entries: [entry(A), entry(B)] } },
  fragment: { seen: fragment },
  counting: { left: 'this is not systemd-boot' },
  grubenv: { seen: grubenv },
  freezer: { seen: { timer: null } },
  password: { seen: { superusers: false, restricted: [], restrictsOthers: false } },
  panic: { seen: { timeout: 10, atStart: 10 } },
  watchdog: { seen: { runtimeMs: 60_000, devices: [hardware] } },
  journal: { seen: { isPersistent: true, storage: 'auto' } },
  units: { seen: { units: enabled } },
  ordering: { seen: { cycles: [] } },
  greenboot: { seen: greenboot },
  updater: { seen: { enabled: ['zincati.service'] } },
  checks: { seen: { missing: [], troubles: [], looked: 2 } },
  config: { seen: { problems: [] } },
  required: { seen: { own: ['units'], members: [] } },
  collector: { left: 'none is configured' },
  clock: { seen: { nowMs: 2e12, builtMs: 1e12, synchronised: true } },
  space: { seen: space },
  memory: { seen: { troubles: [], damage: [] } },
};

/** One way in which a node can fail, or be treated, brought about on a machine that really boots. */
export interface Scenario {
  /** In kebab case. */
  readonly name: string;
  /** What goes wrong, or what a person does. */
  readonly failure: string;
  /** What the node does about it. */
  readonly expected: string;
  readonly backend: 'ostree';
  readonly bootLoader: 'grub-bios' | 'systemd-boot';
  /** What had its part in it and was not imitated. */
  readonly real: readonly string[];
}

/** In every scenario with GRUB: the counters are GRUB's, the deployments are OSTree's, the services are systemd's. */
const GRUB = {
  backend: 'ostree',
  bootLoader: 'grub-bios',
  real: ['GRUB 2.12', 'Linux 6.12', 'ostree 2025.2', 'systemd 257'],
} as const;

/** With systemd-boot, the counters are in the names of its entries. */
const SYSTEMD_BOOT = {
  backend: 'ostree',
  bootLoader: 'systemd-boot',
  real: ['OVMF', 'systemd-boot 257', 'systemd-bless-boot', 'Linux 6.12', 'ostree 2025.2', 'systemd 257'],
} as const;

/** Every scenario: `scenario(NAME, …)` in a test file beside this one plays it. */
export const SCENARIOS = [
  {
    name: 'good-update',
    failure: 'nothing: an update that works',
    expected: 'marked good after its soak; the counter is gone, and the old deployment stays to go back to',
    ...GRUB,
  },
  {
    name: 'bad-unit',
    failure: 'a required unit is missing on the new deployment',
    expected: 'as many boots as it has attempts (3), then back for good; the deployment is denied',
    ...GRUB,
  },
  {
    name: 'power-cut-arm',
    failure: 'the power fails after each durable change while an update is put on trial',
    expected: 'the old deployment is good, and nothing is on trial: what was only staged is lost with the power',
    ...GRUB,
  },
  {
    name: 'power-cut-begin',
    failure: 'the power fails after each durable change while a boot on trial begins',
    expected: 'the boot costs an attempt; the next one is marked good',
    ...GRUB,
  },
  {
    name: 'power-cut-mark',
    failure: 'the power fails after each durable change while a boot on trial is judged and marked',
    expected: 'the boot costs an attempt at most; the deployment ends as good',
    ...GRUB,
  },
  {
    name: 'power-cut-rollback',
    failure: 'the power fails after each durable change while the fallback is made permanent',
    expected: 'the next boots finish it: the old deployment for good, the bad one denied',
    ...GRUB,
  },
  {
    name: 'power-cut-fallback-verdict',
    failure: 'the power fails after each durable change while the fallback boot is judged, and the trial ended',
    expected: 'the same: rolled back once, denied once, marked',
    ...GRUB,
  },
  {
    name: 'systemd-boot-good-update',
    failure: 'nothing: an update that works, counted by systemd-boot',
    expected: 'blessed by systemd-bless-boot after its soak, and not before',
    ...SYSTEMD_BOOT,
  },
  {
    name: 'systemd-boot-bad-unit',
    failure: 'a required unit is missing on the new deployment, counted by systemd-boot',
    expected:
      'as many boots as its entry has attempts (3), then back for good; the deployment is denied, its entry stays used up',
    ...SYSTEMD_BOOT,
  },
] as const satisfies readonly Scenario[];

export type ScenarioName = (typeof SCENARIOS)[number]['name'];

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

const withReal = (...more: readonly string[]) => ({ ...GRUB, real: [...GRUB.real, ...more] });

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
    name: 'provisioned',
    failure: 'a required unit is missing on the new deployment of a node that Ignition made',
    expected:
      'back as anywhere else: with its own /etc, and with the goodboot in /usr/local that all deployments share',
    ...withReal('Ignition 2.14'),
  },
  {
    name: 'drill',
    failure: 'nothing: `goodboot drill`, ten times in a row',
    expected: 'each goes back by itself, and leaves the node exactly as it was; nothing is denied',
    ...GRUB,
  },
  {
    name: 'drill-power-cut',
    failure: 'the power is cut in a drill: when its deployment is staged, and in a boot on trial',
    expected: 'what was staged is gone, and the node as it was; a boot that was cut is an attempt that was used',
    ...GRUB,
  },
  {
    name: 'network-only-on-new',
    failure: 'the network comes up on the old deployment, and not on the new one',
    expected: 'back after the attempts; the deployment is denied',
    ...withReal('virtio network'),
  },
  {
    name: 'container-fails',
    failure: 'a required container does not start on the new deployment',
    expected: 'back after the attempts, where the container runs again; the deployment is denied',
    ...withReal('podman 5.4', 'crun'),
  },
  {
    name: 'greenboot-script',
    failure: 'a script that was written for greenboot fails on the new deployment only',
    expected:
      'back after the attempts (2); in the last one, scripts in red.d see boot_counter=0; the deployment is denied, the message of the day says so',
    ...GRUB,
  },
  {
    name: 'kernel-panic',
    failure: 'the kernel of the new deployment panics before any program runs',
    expected: 'GRUB alone counts the boots; back for good; the deployment is denied',
    ...GRUB,
  },
  {
    name: 'hang-before-userspace',
    failure: 'the new deployment hangs in its initial file system',
    expected:
      'the hardware watchdog resets each of its boots, GRUB counts them; back for good; the deployment is denied',
    ...withReal('hardware watchdog (i6300ESB)'),
  },
  {
    name: 'hang-in-check',
    failure: 'a check never ends on the new deployment',
    expected: 'it is ended after its time, which counts as bad on trial; back for good',
    ...GRUB,
  },
  {
    name: 'goodboot-missing',
    failure: 'the new deployment has goodboot’s units, and none of its programs',
    expected: 'the dead-man, a shell script, reboots; back for good; the deployment is denied',
    ...GRUB,
  },
  {
    name: 'goodboot-broken',
    failure: 'goodboot’s runtime hangs on the new deployment',
    expected: 'the dead-man’s timer reboots; back for good; the deployment is denied',
    ...GRUB,
  },
  {
    name: 'init-killed-in-soak',
    failure: 'PID 1 crashes while a deployment that passed is still watched',
    expected: 'the hardware watchdog resets the machine; that attempt is spent; back for good',
    ...withReal('hardware watchdog (i6300ESB)'),
  },
  {
    name: 'crash-loop',
    failure: 'a deployment crashes again and again after it was marked good',
    expected: 'back to the one before, as after a failed trial; the deployment is denied',
    ...GRUB,
  },
  {
    name: 'environment-fault',
    failure: 'the network is down before, during and after the trial',
    expected: 'back, and nothing is denied: the deployment may be tried again; no further reboot',
    ...withReal('virtio network'),
  },
  {
    name: 'failure-without-update',
    failure: 'a required unit fails, and no update is pending',
    expected: 'stays up and says so; no reboot, no rollback',
    ...GRUB,
  },
  {
    name: 'only-one-deployment',
    failure: 'the first deployment of a node is bad',
    expected: 'stays up and says so: nothing is armed, since there is nothing to go back to',
    ...GRUB,
  },
  {
    name: 'old-entry-by-hand',
    failure: 'a person picks the old entry in the boot menu while an update is on trial',
    expected: 'no fallback: the trial waits, with its attempts as they were, and goes on at the next boot',
    ...GRUB,
  },
  {
    name: 'update-withdrawn',
    failure: 'a staged update is taken away before the reboot',
    expected: 'the counter is cleared, and the trial withdrawn',
    ...GRUB,
  },
  {
    name: 'denied-staged-again',
    failure: 'a deployment that the node denies is staged again',
    expected: 'it is taken away before the reboot, and never booted',
    ...GRUB,
  },
  {
    name: 'old-is-bad-too',
    failure: 'the new deployment breaks data that the old one needs as well',
    expected: 'back, and then it stays up: no ping-pong between two bad ones',
    ...GRUB,
  },
  {
    name: 'read-only-boot',
    failure: 'nothing: an update that works, with /boot mounted read-only',
    expected: 'armed and marked as on any other node; /boot stays read-only for all others',
    ...GRUB,
  },
  {
    name: 'missing-grubenv',
    failure: 'GRUB’s environment block is gone when an update is staged',
    expected: 'never armed, and says so: what GRUB cannot count has no trial',
    ...GRUB,
  },
  {
    name: 'fragment-missing',
    failure: 'GRUB’s configuration does not have the counting fragment',
    expected: 'never armed, and says so; a bad update stays up instead of looping',
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

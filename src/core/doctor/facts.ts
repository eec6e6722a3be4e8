import type { StartedBy } from '../trial.ts';
import type { Asked } from './finding.ts';

/** One entry of the boot menu that starts a deployment. */
export interface MenuEntry {
  /** Name of the file in /boot/loader/entries. */
  readonly file: string;
  /** The deployment that it starts; null: its kernel command line names none that can be found. */
  readonly deployment: string | null;
  /** What is wrong with it, each a clause: `vmlinuz-6.1 is missing`. */
  readonly faults: readonly string[];
}

export interface DeploymentFacts {
  /** Identity of what is booted; null: this system has no deployments. */
  readonly booted: string | null;
  /** Null: there is no directory of entries. */
  readonly entries: readonly MenuEntry[] | null;
}

/** Where one grub.cfg on the EFI system partition sends GRUB. `here`: to the grub.cfg that is looked at. */
export interface Stub {
  readonly file: string;
  readonly leads: 'here' | 'elsewhere' | 'unknown';
  /** Where to, or why that cannot be told: one clause. */
  readonly why: string;
}

/** How GRUB gets to its grub.cfg. `bios`: the place is built in; `unseen`: the stub cannot be looked at. */
export type GrubStart =
  | { readonly kind: 'bios' }
  | { readonly kind: 'unseen'; readonly why: string }
  | { readonly kind: 'stubs'; readonly stubs: readonly Stub[] };

export interface FragmentFacts {
  /** The directory of the grub.cfg that is looked at; null: there is none. */
  readonly directory: string | null;
  readonly fragment: 'installed' | 'absent' | 'unreadable';
  readonly start: GrubStart;
  /** GRUB proved at the start of this boot that it ran the fragment and could write; null: nobody looked in this boot. */
  readonly proven: boolean | null;
  /** It was all in place before this boot, so that GRUB should have proved it. */
  readonly isOlderThanBoot: boolean;
}

export interface GrubenvFacts {
  readonly path: string;
  /** Why it cannot be read; `isWrong`: it is missing or damaged, and not only hidden. */
  readonly trouble: { readonly message: string; readonly hint: string; readonly isWrong: boolean } | null;
  /** Where it lies: type and source of the file system. Null: that cannot be told. */
  readonly place: { readonly type: string; readonly source: string; readonly canWrite: boolean } | null;
  /** A link to another file system than its directory's: GRUB does not follow it. */
  readonly isLinkedAway: boolean;
  readonly proven: boolean | null;
}

/** What a boot loader says that counts by itself, in the names of its entries. */
export interface CountingFacts {
  /** Attempts that the next deployment gets; or why it gets none. */
  readonly attempts: number | { readonly refused: string };
}

export interface PasswordFacts {
  /** GRUB asks for a password: a superuser is set. */
  readonly superusers: boolean;
  /** Files of menu entries that only a superuser may start. */
  readonly restricted: readonly string[];
  /** OSTree writes that into every entry but the default one. */
  readonly restrictsOthers: boolean;
}

export interface PanicFacts {
  /** kernel.panic: seconds until a kernel that panicked reboots; 0: never, below 0: at once. */
  readonly timeout: number;
  /** The same of panic= on the kernel command line; null: not there. */
  readonly atStart: number | null;
}

export interface WatchdogFacts {
  /** RuntimeWatchdogUSec in milliseconds; 0: off. */
  readonly runtimeMs: number;
  readonly devices: readonly { readonly name: string; readonly identity: string; readonly isSoftware: boolean }[];
}

export interface JournalFacts {
  /** The journal of this machine is on the disk. */
  readonly isPersistent: boolean;
  /** Storage= as configured; `auto` where nothing is. */
  readonly storage: string;
}

/** One unit file as `systemctl list-unit-files` tells it. `state`: enabled, disabled, static, masked … */
export interface UnitFile {
  readonly name: string;
  readonly state: string;
  /** `enabled`, `disabled`, `ignored`; null: not told. */
  readonly preset: string | null;
  /** It is a file in /etc, and the image has another of that name, which is not used. */
  readonly isInPlaceOfImage?: true;
}

export interface GreenbootFacts {
  /** Its service units that are enabled. */
  readonly enabled: readonly string[];
  readonly installed: number;
  /** The drop-ins that have them skipped are there, and the link that they look at. */
  readonly isSkipped: boolean;
  /** Those that did run in this boot. */
  readonly ran: readonly string[];
}

export interface CheckFacts {
  /** What checks look for, and is not there: `unit app.service`. */
  readonly missing: readonly { readonly check: string; readonly required: boolean; readonly what: string }[];
  /** What could not be looked up, each with its reason. */
  readonly troubles: readonly string[];
  readonly looked: number;
}

export interface ConfigFacts {
  readonly problems: readonly {
    readonly severity: 'error' | 'warning';
    readonly code: string;
    readonly text: string;
  }[];
}

export interface RequiredFacts {
  /** Required checks that are not as the vendor's defaults have them. */
  readonly own: readonly string[];
  /** Members of goodboot-required.target. */
  readonly members: readonly string[];
}

export interface CollectorFacts {
  readonly url: string;
  readonly answer: { readonly status: number } | { readonly failure: string };
}

export interface ClockFacts {
  readonly nowMs: number;
  readonly builtMs: number;
  /** Null: the kernel does not tell. */
  readonly synchronised: boolean | null;
}

export interface SpaceFacts {
  readonly boot: { readonly freeBytes: number } | null;
  readonly var: { readonly freeBytes: number; readonly freeInodes: number; readonly totalInodes: number } | null;
  /** Kernel and initrd of the newest deployment: what one more takes in /boot. Null: not known. */
  readonly kernelBytes: number | null;
  /** /boot is a file system of its own. */
  readonly isBootApart: boolean;
}

export interface MemoryFacts {
  /** Why the state or the ledger cannot be read; empty: both can. */
  readonly troubles: readonly { readonly message: string; readonly hint: string }[];
  /** What is wrong with the ledger, and does no harm. */
  readonly damage: readonly string[];
}

/** All that is asked, each apart from the others: what cannot be told hides nothing else. */
export interface DoctorFacts {
  readonly startedBy: StartedBy;
  readonly bootLoader: { readonly name: 'grub' | 'systemd-boot' | 'noop'; readonly detail: string };
  readonly deployments: Asked<DeploymentFacts>;
  readonly fragment: Asked<FragmentFacts>;
  readonly counting: Asked<CountingFacts>;
  readonly grubenv: Asked<GrubenvFacts>;
  readonly freezer: Asked<{ readonly timer: string | null }>;
  readonly password: Asked<PasswordFacts>;
  readonly panic: Asked<PanicFacts>;
  readonly watchdog: Asked<WatchdogFacts>;
  readonly journal: Asked<JournalFacts>;
  readonly units: Asked<{ readonly units: readonly UnitFile[] }>;
  readonly ordering: Asked<{ readonly cycles: readonly string[] }>;
  readonly greenboot: Asked<GreenbootFacts>;
  readonly updater: Asked<{ readonly enabled: readonly string[] }>;
  readonly checks: Asked<CheckFacts>;
  readonly config: Asked<ConfigFacts>;
  readonly required: Asked<RequiredFacts>;
  readonly collector: Asked<CollectorFacts>;
  readonly clock: Asked<ClockFacts>;
  readonly space: Asked<SpaceFacts>;
  readonly memory: Asked<MemoryFacts>;
}

/** What GRUB did in one boot. */
export interface GrubBoot {
  /** The environment block as it is on the disk afterwards. */
  readonly env: Map<string, string>;
  /** The id of the entry that was started. */
  readonly booted: string;
}

/** The machine around the fragment; without any of it: Boot Loader Specification files, and a block that can be written. */
export interface GrubMachine {
  /** The snippet of Fedora and greenboot counts before. */
  readonly peer?: boolean;
  /** Entries are files of /loader/entries, or of /boot/loader/entries (`in-boot`), so that an id can be looked up. */
  readonly bls?: boolean | 'in-boot';
  readonly writable?: boolean;
}

const LADDER = ['-1', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10'];
const ROOM = 1024 - '# GRUB Environment Block\n'.length;

/** One boot with dist/grub/09_goodboot.cfg, which a contract test holds against GRUB itself. `entries`: ids, the default first. */
export function grubBoot(
  before: ReadonlyMap<string, string>,
  entries: readonly string[],
  { peer = false, bls = true, writable = true }: GrubMachine = {},
): GrubBoot {
  const disk = new Map(before);
  const memory = new Map(before);
  const get = (name: string) => memory.get(name) ?? '';
  /** All of it or nothing, as save_env does it. */
  const save = (...names: string[]) => {
    const next = new Map([
      ...disk,
      ...names.filter((name) => memory.has(name)).map((name) => [name, get(name)] as const),
    ]);
    if (writable && roomIn(Object.fromEntries(next)) >= 0) for (const [name, value] of next) disk.set(name, value);
  };
  let chosen = peer ? peerCounts(memory, save) : '0';
  if (get('boot_success') !== '1') {
    const at = LADDER.indexOf(get('boot_counter'));
    if (at > 0 && get('boot_counter') === get('goodboot_counter')) memory.set('boot_counter', LADDER[at - 1]!);
    if (get('boot_counter') === '-1') {
      const id = get('goodboot_fallback');
      chosen = id === '' || (bls !== false && !entries.includes(id)) ? '1' : id;
    }
  }
  memory.set('boot_success', '0').set('goodboot_counter', get('boot_counter')).set('goodboot_fragment', '1');
  save('boot_counter', 'boot_success', 'goodboot_counter', 'goodboot_fragment');
  return { env: disk, booted: entries.find((id) => id === chosen) ?? entries[Number(chosen)] ?? entries[0]! };
}

/** Bytes that are free in a block with these variables; negative when they do not fit. */
export const roomIn = (env: Readonly<Record<string, string>>): number =>
  Object.entries(env).reduce(
    (room, [name, value]) => room - `${name}=${value.replace(/[\\\n]/g, '\\$&')}\n`.length,
    ROOM,
  );

/** Fedora's counting, by position; answers the entry that it chose. */
function peerCounts(memory: Map<string, string>, save: (...names: string[]) => void): string {
  const counter = memory.get('boot_counter') ?? '';
  const counts = counter !== '' && memory.get('boot_success') === '0';
  if (counts && /^(?:-1|0|[1-9]\d?)$/.test(counter)) {
    memory.set('boot_counter', String(Math.max(-1, Number(counter) - 1)));
  }
  if (counts) save('boot_counter');
  memory.set('boot_success', '0');
  save('boot_success');
  return counts && (counter === '0' || counter === '-1') ? '1' : '0';
}

/** The flags of /proc/sys/kernel/tainted by bit, as the kernel's page on tainted kernels lists them: name and meaning. */
const FLAGS = [
  ['proprietary-module', 'a proprietary module was loaded'],
  ['forced-load', 'a module was loaded by force'],
  ['out-of-spec', 'the kernel runs on hardware or in a way out of specification'],
  ['forced-unload', 'a module was unloaded by force'],
  ['machine-check', 'the processor reported a machine check'],
  ['bad-page', 'a bad page was referenced'],
  ['user-request', 'a program asked for the taint'],
  ['died', 'there was an oops or a BUG'],
  ['acpi-override', 'an ACPI table was overridden'],
  ['warning', 'the kernel issued a warning'],
  ['staging-driver', 'a staging driver was loaded'],
  ['firmware-workaround', 'a workaround for a severe firmware bug is in place'],
  ['out-of-tree', 'a module from outside the kernel was loaded'],
  ['unsigned-module', 'an unsigned module was loaded'],
  ['soft-lockup', 'there was a soft lockup'],
  ['live-patch', 'the kernel was patched live'],
  ['auxiliary', 'the distribution set its own taint'],
  ['randstruct', 'the kernel was built with randomised structures'],
  ['test', 'an in-kernel test was run'],
  ['fwctl', 'a program used fwctl to change a device'],
] as const;

export type TaintName = (typeof FLAGS)[number][0];

/** Every name that the option `taint` takes, in the order of the bits. */
export const TAINT_NAMES = FLAGS.map(([name]) => name);

/** Names of the flags that are set in a taint value; a bit newer than the table is `bit-N`. */
export function taintsOf(value: bigint): readonly string[] {
  const bits = [...value.toString(2)].reverse();
  return bits.flatMap((bit, at) => (bit === '1' ? [FLAGS[at]?.[0] ?? `bit-${at}`] : []));
}

/** What a flag means, as half a sentence. */
export const meaningOf = (name: string): string => FLAGS.find(([known]) => known === name)?.[1] ?? name;

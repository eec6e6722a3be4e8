const MIB = 1_048_576;
const SECTOR = 512;

export interface Partition {
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly bytes: number;
}

/** /boot, with GRUB's files: what GRUB reads. As the guest sees it: /dev/vda1. */
export const BOOT: Partition = { offset: MIB, bytes: 128 * MIB };
/** The physical root, with OSTree's repository, the deployments and /var: /dev/vda2. */
export const ROOT: Partition = { offset: BOOT.offset + BOOT.bytes, bytes: 1536 * MIB };
export const DISK_BYTES = ROOT.offset + ROOT.bytes;

/** The partition table, as sfdisk reads it. */
export const SFDISK = `label: dos\n${[BOOT, ROOT]
  .map(({ offset, bytes }) => `start=${offset / SECTOR}, size=${bytes / SECTOR}, type=83\n`)
  .join('')}`;

/** OSTree's name for the operating system, and where its deployments and its /var are on the physical root. */
export const STATEROOT = 'lab';
export const DEPLOYMENTS = `/ostree/deploy/${STATEROOT}/deploy`;
export const VAR = `/ostree/deploy/${STATEROOT}/var`;

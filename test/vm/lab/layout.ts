/**
 * A machine's disks, each a file of that name. The file systems have no partition table around them, since the tools
 * that read and mend them from outside lose their way behind an offset.
 */
export type DiskName = 'grub' | 'boot' | 'root';

/** Bytes of each: GRUB's core image; /boot, which GRUB reads; the physical root, with OSTree's deployments and /var. */
export const DISK_BYTES: Readonly<Record<DiskName, number>> = {
  grub: 1_048_576,
  boot: 128 * 1_048_576,
  root: 1536 * 1_048_576,
};

/** In the order in which the machine has them: /dev/vda, vdb, vdc. */
export const DISKS: readonly DiskName[] = ['grub', 'boot', 'root'];

/** OSTree's name for the operating system, and where its deployments and its /var are on the physical root. */
export const STATEROOT = 'lab';
export const DEPLOYMENTS = `/ostree/deploy/${STATEROOT}/deploy`;
export const VAR = `/ostree/deploy/${STATEROOT}/var`;

import { GoodbootError } from '../../src/core/errors.ts';

/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: number;
  readonly parentId: number;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** The mount or the file system below it does not take writes. */
  readonly readOnly: boolean;
}

/**
 * The mounts in a mountinfo file, in its order.
 * @throws GoodbootError FILE_UNREADABLE at a line that is not understood
 */
export function parseMountinfo(text: string): readonly Mount[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const fields = line.split(' ');
    // Between the sixth field and the dash stand any number of optional ones.
    const dash = fields.indexOf('-', 6);
    const [id, parentId, , , mountPoint, options] = fields;
    const [type, source, superOptions] = dash < 0 ? [] : fields.slice(dash + 1);
    if (!isNumber(id) || !isNumber(parentId) || superOptions === undefined) {
      throw new GoodbootError('FILE_UNREADABLE', `mountinfo: line ${index + 1} is not understood`);
    }
    return {
      id: Number(id),
      parentId: Number(parentId),
      mountPoint: unescapeOctal(mountPoint!),
      type: unescapeOctal(type!),
      source: unescapeOctal(source!),
      readOnly: [options!, superOptions].some((list) => list.split(',').includes('ro')),
    };
  });
}

/** What is mounted at a mount point: of several, the one that no other lies on. Null: nothing. */
export function mountAt(mounts: readonly Mount[], mountPoint: string): Mount | null {
  const here = mounts.filter((mount) => mount.mountPoint === mountPoint);
  return here.find((mount) => !here.some((other) => other !== mount && other.parentId === mount.id)) ?? null;
}

const isNumber = (field: string | undefined): boolean => field !== undefined && /^\d+$/.test(field);

/** The kernel writes space, tab, newline, backslash and # as \040 and the like. */
const unescapeOctal = (field: string): string =>
  field.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

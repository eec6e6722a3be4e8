/** A local user, as much of it as running a program takes. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Image-based systems keep the users of the image apart from those of the node. */
export const PASSWD_FILES = ['/etc/passwd', '/usr/lib/passwd'];

/** The first user of that name in a file as passwd(5) has it; null when there is none, or its line is damaged. */
export function findUser(passwd: string, name: string): User | null {
  for (const line of passwd.split('\n')) {
    const [login, , uid, gid, , home] = line.split(':');
    if (login !== name) continue;
    if (!isId(uid) || !isId(gid) || !home?.startsWith('/')) return null;
    return { uid: Number(uid), gid: Number(gid), home };
  }
  return null;
}

/** The highest id stands for "none" in the kernel. */
const isId = (field: string | undefined): boolean => /^\d{1,10}$/.test(field ?? '') && Number(field) < 2 ** 32 - 1;

/** What is needed to run a program as a user. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The user of that name in the text of /etc/passwd; null when there is none, or its line is damaged. */
export function findUser(passwd: string, name: string): User | null {
  for (const line of passwd.split('\n')) {
    const [login, , uid = '', gid = '', , home = ''] = line.split(':');
    if (login !== name) continue;
    const valid = /^\d+$/.test(uid) && /^\d+$/.test(gid) && home.startsWith('/');
    return valid ? { uid: Number(uid), gid: Number(gid), home } : null;
  }
  return null;
}

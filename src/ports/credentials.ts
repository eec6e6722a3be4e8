/** Secrets that systemd hands to one unit (systemd.exec(5), LoadCredential=), and to no other process. */
export interface Credentials {
  /** @throws GoodbootError FILE_UNREADABLE when this process was given no credential of that name, or it cannot be read */
  read(name: string): Promise<string>;
}

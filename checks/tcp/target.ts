/** A TCP endpoint. An IPv6 address stands without its brackets. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
}

/** Host and port of `host:port` or `[IPv6]:port`; null when it is neither. */
export function parseTcpTarget(text: string): TcpTarget | null {
  const match = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<name>[A-Za-z0-9._-]+)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  const host = match?.groups?.['ipv6'] ?? match?.groups?.['name'];
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

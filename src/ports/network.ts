export interface Address {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefixLength: number;
  /** `global`, `link`, `host`, `site`. */
  readonly scope: string;
  /** False while duplicate address detection runs or after it failed. */
  readonly usable: boolean;
}

export interface Link {
  readonly name: string;
  /** Administratively up and operationally up (or `unknown`, as virtual links say). */
  readonly up: boolean;
  /** Null while the link is administratively down: then nobody knows. */
  readonly carrier: boolean | null;
  readonly loopback: boolean;
  /** False on links without neighbours to ask (point-to-point, tunnels, NOARP). */
  readonly hasNeighbours: boolean;
  readonly addresses: readonly Address[];
}

export interface DefaultRoute {
  readonly family: 'ipv4' | 'ipv6';
  /** Null for a route straight onto a point-to-point link. */
  readonly gateway: string | null;
  readonly link: string;
}

/** The addresses of a name (never none), or why there are none: `no such name`, `no address`, `no answer` … */
export type Resolved = { readonly addresses: readonly string[] } | { readonly failure: string };

/**
 * The node's view of the network. Every call is bounded by its signal, and when that is aborted, what was asked of
 * the network is answered with `no answer` or `unreachable`, not thrown. Throwing means: could not tell.
 */
export interface Network {
  /** @throws GoodbootError PROGRAM_* */
  links(signal: AbortSignal): Promise<readonly Link[]>;
  /** Routes that can be used: not those of a link that is down. @throws GoodbootError PROGRAM_* */
  defaultRoutes(signal: AbortSignal): Promise<readonly DefaultRoute[]>;
  /**
   * Does the neighbour answer (ARP, NDP)? `none` = the link has no neighbours (point-to-point). Needs no ICMP.
   * The kernel may take eight seconds to find out that a neighbour it knew is gone.
   * @throws GoodbootError PROGRAM_*, CHECK_TIMEOUT when the time was over before the kernel had asked
   */
  neighbour(address: string, link: string, signal: AbortSignal): Promise<'reachable' | 'unreachable' | 'none'>;
  /** Asks one resolver (`10.0.0.53`, `[fd00::53]:5353`); null: as programs here resolve (getaddrinfo). */
  resolve(name: string, resolver: string | null, signal: AbortSignal): Promise<Resolved>;
  /** Null when a TCP connection was made (and closed), else why not: `ECONNREFUSED`, `no answer` … */
  connect(host: string, port: number, signal: AbortSignal): Promise<string | null>;
}

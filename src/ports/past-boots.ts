/** One entry of the journal of an earlier boot. */
export interface PastEntry {
  /** ISO 8601, by the clock of that boot. */
  readonly time: string;
  /** 0 (emergency) to 7 (debug). */
  readonly priority: number;
  /** Who wrote it: an identifier or a unit. */
  readonly from: string;
  readonly message: string;
  /** The name of the event, where goodboot wrote it. */
  readonly event: string | null;
}

export interface PastQuery {
  readonly bootId: string;
  /** The newest that many. */
  readonly last: number;
  /** Only these: priority err and worse, or what goodboot wrote. */
  readonly only?: 'errors' | 'goodboot';
}

/** What the journal kept of earlier boots. Every call is bounded; what it cannot answer is an error, never "nothing". */
export interface PastBoots {
  /** Ids of the boots with any entry, oldest first, the running one among them. @throws GoodbootError PROGRAM_* */
  ids(timeoutMs: number): Promise<readonly string[]>;
  /** Oldest first. @throws GoodbootError PROGRAM_* */
  entries(query: PastQuery, timeoutMs: number): Promise<readonly PastEntry[]>;
}

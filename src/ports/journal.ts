import type { EventFields, EventName } from '../core/events.ts';

/** One entry as it was read back. Times are microseconds since 1970. */
export interface JournalEntry {
  readonly timeUsec: number;
  readonly message: string;
  readonly priority: number;
  readonly fields: Readonly<Record<string, string>>;
}

export interface JournalQuery {
  /** `NAME=value` matches. All must hold; of matches on the same field one must. */
  readonly matches: readonly string[];
  /** The newest that many (at most 1000), given oldest first. */
  readonly last: number;
}

/** The system journal. Writing never throws: reporting must not change a verdict. */
export interface Journal {
  event<Name extends EventName>(name: Name, fields: EventFields<Name>): void;
  /** @throws GoodbootError LIBRARY_MISSING, FILE_UNREADABLE */
  read(query: JournalQuery): Promise<readonly JournalEntry[]>;
}

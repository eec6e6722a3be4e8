import type { Journal } from '../../src/ports/journal.ts';

/** A journal that keeps what it is told, as `[event, fields]`. */
export function fakeJournal(): Journal & { readonly events: readonly (readonly [name: string, fields: object])[] } {
  const events: [string, object][] = [];
  return {
    events,
    event: (name, fields) => void events.push([name, fields]),
    read: async () => [],
  };
}

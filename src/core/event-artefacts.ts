import { EVENTS } from './events.ts';

const PRIORITY_NAMES = { 3: 'err', 4: 'warning', 5: 'notice', 6: 'info' } as const;

/** The message catalog (`journalctl -x`), in the format of journalctl --update-catalog. */
export function catalogText(): string {
  const entries = Object.values(EVENTS).map(
    ({ id, subject, body }) => `-- ${id}\nSubject: ${subject}\nDefined-By: goodboot\n\n${body}\n`,
  );
  return `# Made from src/core/events.ts by "npm run gen".\n\n${entries.join('\n')}`;
}

/** The reference page of the events, for docs/reference. */
export function eventsReference(): string {
  const sections = Object.entries(EVENTS).map(([name, { id, priority, fields, subject, body }]) =>
    [
      `## ${name}`,
      `\`${subject}\``,
      body,
      [
        `- \`MESSAGE_ID=${id}\``,
        `- priority: ${priority} (${PRIORITY_NAMES[priority]})`,
        ...fields.map((field) => `- \`${field}\``),
      ].join('\n'),
    ].join('\n\n'),
  );
  const head = [
    '# Events',
    'Made from `src/core/events.ts` by `npm run gen`.',
    'Everything that goodboot decides or does is one entry in the system journal. `journalctl -t goodboot` shows all,\n' +
      '`journalctl GOODBOOT_EVENT=verdict-bad` those of one kind; `-x` adds the text below.',
    'Every entry has `MESSAGE` (the line in code type), `MESSAGE_ID`, `PRIORITY`, `GOODBOOT_EVENT` and the fields listed.',
  ];
  return `${[...head, ...sections].join('\n\n')}\n`;
}

/** Generated files that belong to the event table: text by path in the repository. */
export const generateEventArtefacts = (): Readonly<Record<string, string>> => ({
  'dist/catalog/goodboot.catalog': catalogText(),
  'docs/reference/events.md': eventsReference(),
});

import type { JsonSchema } from './json-schema.ts';

type Row = readonly [key: string, type: string, fallback: string, about: string];

const TEXT_BEFORE = `# Configuration

<!-- Made by npm run gen from the schemas in src/config and checks. Edit those. -->

Files, each laid over those before it:

1. \`/usr/lib/goodboot/config.yaml\`: the defaults of the image. Where it is missing, a built-in copy counts.
2. \`/etc/goodboot/config.yaml\`
3. \`*.yaml\` in \`/usr/lib/goodboot/config.d\`, \`/run/goodboot/config.d\` and \`/etc/goodboot/config.d\`, sorted by file name
   whatever their directory. Of several with the same name only one counts: \`/etc\` before \`/run\` before \`/usr/lib\`.
   An empty file or a link to \`/dev/null\` takes that name out.

Maps are merged key by key, everything else is replaced, and \`null\` takes a key back to its default. \`units\` and
\`containers\` are maps of names to \`true\`; a list is short for one, so that several files add to it, and \`NAME: false\`
takes one out. A check that is given another type starts anew, without its old options. An empty section says nothing.

Each file must be valid over the files before it. One that is not is left out as a whole and reported, and all others
count. \`goodboot config check FILE\` tells before it ships.

\`required.units\`, \`required.containers\` and \`required.network\` are short for required checks named \`units\`,
\`containers\` and \`network\`; under \`wanted\` they are short for \`wanted-units\` and so on, which cost nothing.

Durations are written \`500ms\`, \`30s\`, \`5m\`, \`1h30m\`; \`0\` needs no unit.
`;

/** The reference page of the configuration, from its JSON Schema. */
export function configReference(schema: JsonSchema): string {
  const { required, wanted, checks, ...others } = schema.properties ?? {};
  const definitions = schema['definitions'] as Readonly<Record<string, JsonSchema>>;
  const { check, ...types } = definitions;
  const common = Object.keys(check?.properties ?? {});
  const sections = Object.entries(types).map(([type, definition]) => {
    const times = ['within', 'stable', 'timeout'].map((key) => `\`${key}: ${definition.properties?.[key]?.default}\``);
    const own = Object.entries(definition.properties ?? {}).filter(([key]) => !common.includes(key));
    const needed = definition.required ?? [];
    const table = tableOf({ properties: Object.fromEntries(own), required: needed });
    return `## \`${type}\`\n\n${definition.description}\nDefaults: ${times.join(', ')}.\n\n${table}`;
  });
  return [
    TEXT_BEFORE,
    `## Top level\n\n${tableOf({ properties: { ...others, required: required ?? {}, wanted: wanted ?? {}, checks: checks ?? {} }, required: schema.required ?? [] })}`,
    `## Every check\n\nNames match \`${checks?.propertyNames?.pattern}\`. Defaults of the times stand with each type.\n\n${tableOf(check ?? {})}`,
    ...sections,
  ].join('\n');
}

function tableOf(schema: JsonSchema): string {
  const rows = rowsOf(schema, '').map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

/** One row for each key, those of nested maps behind their own; `NAME` stands for a free key. */
function rowsOf(schema: JsonSchema, path: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): readonly Row[] => {
    const here = path === '' ? key : `${path}.${key}`;
    const fallback = schema.required?.includes(key)
      ? 'needed'
      : value.properties === undefined
        ? showDefault(value)
        : '';
    const row: Row = [`\`${here}\``, typeOf(value), fallback, value.description ?? ''];
    const free =
      typeof value.additionalProperties === 'object' ? rowsOf(value.additionalProperties, `${here}.NAME`) : [];
    return [row, ...rowsOf(value, here), ...free];
  });
}

function showDefault({ default: value }: JsonSchema): string {
  const isEmpty =
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return isEmpty ? '' : `\`${JSON.stringify(value)}\``;
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return 'map';
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema['examples'] !== undefined) return 'duration';
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${typeOf([schema.items ?? {}].flat()[0] ?? {})}`;
  if (schema.type === 'object') {
    const values = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : '';
    return values === '' ? 'map' : `map of names to ${values}`;
  }
  return (
    { string: 'text', boolean: 'true or false', integer: 'whole number', number: 'number' }[String(schema.type)] ??
    String(schema.type ?? '')
  );
}

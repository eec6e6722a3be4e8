import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { API_VERSION, CHECK_NAME, commonSchema, KEYED_OPTIONS, type Registry, settingsSchema } from './schema.ts';

/** The part of JSON Schema (draft 7) that the configuration needs. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly pattern?: string;
  readonly items?: JsonSchema | JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly [other: string]: unknown;
}

// Conversions such as that of a duration have no counterpart in JSON Schema: the text form is described.
const CONVERSION: ConversionConfig = { target: 'draft-07', typeMode: 'input', errorMode: 'ignore' };

/**
 * The JSON Schema of a configuration file, for editors: it completes the options of the type that a check has.
 * `goodboot config check` knows more than a schema can say.
 */
export function configJsonSchema(registry: Registry): JsonSchema {
  const top = convert(settingsSchema);
  const common = convert(commonSchema).properties ?? {};
  const types = [...registry.values()].toSorted((one, other) => (one.type < other.type ? -1 : 1));
  const typeKey = { ...common['type'], enum: types.map(({ type }) => type) };
  const options = types.map((type) => ({ type, schema: withKeyedLists(convert(type.schema)) }));
  const shorthand = (section: string): JsonSchema => {
    const network = registry.has('network')
      ? [{ type: 'boolean' }, { $ref: '#/definitions/network' }]
      : [{ type: 'boolean' }];
    const written = top.properties?.[section] ?? {};
    const about = written.properties?.['network']?.description ?? '';
    return { ...written, properties: { ...written.properties, network: { description: about, anyOf: network } } };
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `urn:goodboot:config:${API_VERSION.split('/')[1]}`,
    title: 'goodboot configuration',
    ...top,
    required: ['apiVersion'],
    properties: {
      ...top.properties,
      required: shorthand('required'),
      wanted: shorthand('wanted'),
      checks: {
        ...top.properties?.['checks'],
        propertyNames: { pattern: CHECK_NAME.source },
        additionalProperties: { anyOf: [{ const: false }, { type: 'null' }, { $ref: '#/definitions/check' }] },
      },
    },
    definitions: {
      check: {
        type: 'object',
        properties: { ...common, type: typeKey },
        // Without a type the check stands in another file, and its options are not known here.
        allOf: types.map(({ type }) => ({
          if: { properties: { type: { const: type } }, required: ['type'] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { $ref: `#/definitions/${type}` },
        })),
      },
      ...Object.fromEntries(
        options.map(({ type, schema }) => [
          type.type,
          {
            description: `Passes when ${type.summary}.`,
            type: 'object',
            properties: {
              ...common,
              ...withDefaults(common, { ...type.defaults }),
              type: { const: type.type },
              ...schema.properties,
            },
            required: schema.required ?? [],
            additionalProperties: false,
          },
        ]),
      ),
    },
  };
}

const convert = (schema: v.GenericSchema): JsonSchema => {
  const { $schema: _, ...converted } = toJsonSchema(schema, CONVERSION);
  // The library allows `true` wherever a schema may stand; it makes none from the schemas here.
  return converted as unknown as JsonSchema;
};

const withDefaults = (
  properties: Readonly<Record<string, JsonSchema>>,
  defaults: Readonly<Record<string, string>>,
): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, { ...properties[key], default: value }]));

/** Options that hold names take a list too, whatever their schema says: the list is written out before it is validated. */
function withKeyedLists(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, option]): [string, JsonSchema] => {
    if (!KEYED_OPTIONS.includes(key) || option.type !== 'object') return [key, option];
    const { description, default: fallback, ...map } = option;
    const about = {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
    };
    return [key, { ...about, anyOf: [{ type: 'array', items: { ...map.propertyNames, type: 'string' } }, map] }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

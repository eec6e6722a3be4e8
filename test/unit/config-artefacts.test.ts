import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateConfigArtefacts } from '../../src/config/generate.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadDefaultConfig } from '../../src/config/load.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { commonSchema } from '../../src/config/schema.ts';
import { parseDuration } from '../../src/core/duration.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test.each(Object.entries(generateConfigArtefacts()))('%s is what npm run gen makes', (path, text) => {
  expect(read(path)).toBe(text);
});

describe('the vendor configuration', () => {
  const { settings, problems } = loadDefaultConfig(checkTypes);

  test('has no problem', () => {
    expect(problems).toEqual([]);
  });

  test('requires units and disks, and wants the rest', () => {
    expect(settings.checks.map(({ name, required }) => [name, required])).toEqual([
      ['failed-units', false],
      ['filesystem', true],
      ['kernel', false],
      ['network', false],
      ['time', false],
      ['units', true],
    ]);
  });

  test('starts with the line that gives an editor the schema', () => {
    expect(read('dist/config.yaml').split('\n')[0]).toMatch(/^# yaml-language-server: \$schema=\//);
  });
});

describe.each([...checkTypes.values()])('check type $type', ({ type, defaults, schema }) => {
  const properties = configJsonSchema(checkTypes)['definitions'] as Record<
    string,
    { properties: Record<string, object> }
  >;
  const own = Object.keys('entries' in schema ? (schema.entries as object) : {});

  test('has options, and none with the name of a key that every check has', () => {
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((key) => key in commonSchema.entries)).toEqual([]);
  });

  test('describes every option for editors', () => {
    const silent = own.filter((key) => !('description' in (properties[type]?.properties[key] ?? {})));
    expect(silent).toEqual([]);
  });

  test('has times that are durations', () => {
    for (const time of Object.values(defaults)) expect(parseDuration(time)).toBeGreaterThanOrEqual(0);
    expect(parseDuration(defaults.timeout)).toBeGreaterThan(0);
  });
});

test('the JSON Schema offers every check type and every top-level key', () => {
  const schema = configJsonSchema(checkTypes);
  const definitions = schema['definitions'] as Record<string, { allOf?: readonly unknown[] }>;
  expect(Object.keys(definitions)).toEqual(['check', ...[...checkTypes.keys()].sort()]);
  expect(definitions['check']?.allOf).toHaveLength(checkTypes.size);
  expect(Object.keys(schema.properties ?? {})).toContain('apiVersion');
});

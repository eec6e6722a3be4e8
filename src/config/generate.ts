import { readFileSync } from 'node:fs';
import { configJsonSchema } from './json-schema.ts';
import { configReference } from './reference.ts';
import { checkTypes } from './registry.ts';

/** The files that are made from the configuration schemas and from dist/config.yaml: path in the checkout to content. */
export function generateConfigArtefacts(): Record<string, string> {
  const schema = configJsonSchema(checkTypes);
  const vendor = readFileSync(new URL('../../dist/config.yaml', import.meta.url), 'utf8');
  return {
    'schema/config-v1.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
    'docs/reference/configuration.md': configReference(schema),
    'src/config/default-config.ts': defaultModule(vendor),
  };
}

function defaultModule(vendor: string): string {
  const quoted = vendor.replaceAll(/[\\`]|\$\{/g, '\\$&');
  return `// Made by npm run gen from dist/config.yaml. Edit that.\n\n/** The vendor configuration, for a machine that has none. */\nexport const DEFAULT_CONFIG = \`${quoted}\`;\n`;
}

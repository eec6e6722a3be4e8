import { Document, isScalar, visit } from 'yaml';

/** A value as YAML that parsers of version 1.1 and 1.2 read alike. Values of `mode` are octal, as people write them. */
export function toYaml(value: object): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Pair(_key, { key, value: node }) {
      if (isScalar(key) && key.value === 'mode' && isScalar(node)) node.format = 'OCT';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(/^%YAML 1\.1\n---\n/, '');
}

import { posix } from 'node:path';
import { stringify } from 'yaml';
import { assemble, type LoadedConfig } from './load.ts';
import { API_VERSION, type Registry } from './schema.ts';
import { BUILT_IN, type Source } from './search.ts';

/** What the command line says of the nodes that are provisioned. */
export interface NodeOptions {
  readonly units: readonly string[];
  readonly containers: readonly string[];
  readonly collector: string | null;
  readonly group: string | null;
}

/** The name of the drop-in that holds them. */
export const PROVISION_NAME = '20-provision.yaml';

/** The text of the drop-in; null: there is nothing to say. */
export function provisionText({ units, containers, collector, group }: NodeOptions): string | null {
  const required = {
    ...(units.length > 0 ? { units } : {}),
    ...(containers.length > 0 ? { containers } : {}),
  };
  const report = { ...(collector === null ? {} : { collector }), ...(group === null ? {} : { group }) };
  const said = {
    ...(Object.keys(required).length > 0 ? { required } : {}),
    ...(Object.keys(report).length > 0 ? { report } : {}),
  };
  if (Object.keys(said).length === 0) return null;
  return stringify({ apiVersion: API_VERSION, ...said }, { lineWidth: 0 });
}

/** The configuration that a node will have of these drop-ins and the built-in defaults, with whatever is wrong in them. */
export function loadDropIns(sources: readonly Source[], registry: Registry): LoadedConfig {
  const name = ({ file }: Source) => posix.basename(file);
  const slots = sources
    .toSorted((one, other) => (name(one) < name(other) ? -1 : 1))
    .map((source) => ({ name: name(source), sources: [source] }));
  return assemble([{ name: 'vendor', sources: [BUILT_IN] }, ...slots], registry);
}

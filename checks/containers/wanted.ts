import type { ContainerOwner, ContainerState } from '../../src/ports/containers.ts';
import type { ContainersOptions } from './options.ts';

/** A container that must run. */
export interface Wanted {
  /** As it is configured: `web`, `alice/web`, `docker:web`, `web.container`. */
  readonly label: string;
  readonly owner: ContainerOwner;
  /** The owner for people: `podman, root`. */
  readonly ownerLabel: string;
  readonly name: string;
}

/** The wanted containers in the order they are configured in, each once. */
export function wantedOf({ containers }: ContainersOptions): readonly Wanted[] {
  const map = Object.entries(containers);
  const labels = Array.isArray(containers) ? containers : map.flatMap(([label, wanted]) => (wanted ? label : []));
  return [...new Set<string>(labels)].map(wanted);
}

function wanted(label: string): Wanted {
  if (label.startsWith('docker:')) {
    return { label, owner: { engine: 'docker' }, ownerLabel: 'docker', name: label.slice('docker:'.length) };
  }
  const slash = label.indexOf('/');
  const login = slash === -1 ? 'root' : label.slice(0, slash);
  const user = login === 'root' ? null : login;
  return { label, owner: { engine: 'podman', user }, ownerLabel: `podman, ${login}`, name: label.slice(slash + 1) };
}

/**
 * The container that is meant. `web.container` is the quadlet, whatever its container is called; `web` is also the
 * name that quadlet gives the container of `web.container`, `systemd-web`.
 */
export function find(name: string, among: readonly ContainerState[]): ContainerState | undefined {
  const quadlet = /^(.+)\.container$/.exec(name)?.[1];
  const byUnit = quadlet === undefined ? undefined : among.find(({ unit }) => unit === `${quadlet}.service`);
  const named = (wanted: string) => among.find((container) => container.name === wanted);
  return byUnit ?? named(name) ?? named(`systemd-${quadlet ?? name}`);
}

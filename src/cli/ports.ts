import { makeClock } from '../adapters/clock/clock.ts';
import type { CheckContext, CheckPorts } from '../ports/check.ts';
import type { Clock } from '../ports/clock.ts';

/** The ports over the real machine, each made and loaded when it is first asked for. */
export function lazyPorts(root: string): { readonly use: CheckContext<never>['use']; readonly clock: Clock } {
  const clock = makeClock();
  const makers: { readonly [Name in keyof CheckPorts]: () => Promise<CheckPorts[Name]> } = {
    clock: async () => clock,
    credentials: async () => (await import('../adapters/credentials/credentials.ts')).makeCredentials(),
    files: async () => (await import('../adapters/files/files.ts')).makeFiles(root),
    processes: async () => (await import('../adapters/process/run.ts')).makeProcesses(),
    scriptLog: async () => (await import('../adapters/journald/script-log.ts')).makeScriptLog(),
    systemClock: async () => (await import('../adapters/system-clock/system-clock.ts')).makeSystemClock(),
    traces: async () => (await import('../adapters/traces/traces.ts')).makeTraces(await use('files')),
    serviceManager: async () => (await import('../adapters/systemd/service-manager.ts')).connectServiceManager(),
    http: async () => (await import('../adapters/http/http.ts')).makeHttp(),
    network: async () => (await import('../adapters/network/network.ts')).makeNetwork(await use('processes')),
    containers: async () =>
      (await import('../adapters/containers/containers.ts')).makeContainers(await use('processes'), await use('files')),
  };
  const made = new Map<string, Promise<unknown>>();
  function use<Name extends keyof CheckPorts>(name: Name): Promise<CheckPorts[Name]> {
    const port = made.get(name) ?? makers[name]();
    made.set(name, port);
    // The bus may not be there yet: what could not be made is made anew at the next probe.
    port.catch(() => made.delete(name));
    // Each maker is kept under its own name, which is what TypeScript cannot see.
    return port as Promise<CheckPorts[Name]>;
  }
  return { use, clock };
}

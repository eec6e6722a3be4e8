import { GoodbootError } from '../../core/errors.ts';
import type { JobEnd, ServiceManager, WatchdogTimer } from '../../ports/service-manager.ts';
import { DbusAnswerError } from '../dbus/connection.ts';
import { type Link, type LinkOptions, MANAGER, openLink } from './link.ts';
import { type Properties, unitState } from './properties.ts';

/** How systemd writes a time without end. */
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * systemd over D-Bus. A connection that ends is made anew: systemd closes it when it executes itself (an update of
 * systemd does that), and the bus may be restarted, while a verdict waits for its checks.
 * @throws GoodbootError SYSTEMD_ABSENT when systemd is not PID 1
 */
export async function connectServiceManager(
  options: LinkOptions = {},
): Promise<ServiceManager & WatchdogTimer & AsyncDisposable> {
  let link = await openLink(options);
  let opening: Promise<Link> | null = null;
  const linked = async (): Promise<Link> => {
    if (!link.connection.ended.aborted) return link;
    // All who wait share one new connection.
    opening ??= openLink(options)
      .then((next) => {
        link = next;
        return next;
      })
      .finally(() => {
        opening = null;
      });
    return opening;
  };
  const manager = async (member: string, signature = '', body: readonly unknown[] = []) =>
    (await linked()).call({ ...MANAGER, member, signature, body });

  const run = async (member: 'StartUnit' | 'StopUnit', unit: string, signal: AbortSignal): Promise<JobEnd> => {
    for (;;) {
      signal.throwIfAborted();
      const current = await linked();
      try {
        const [job] = await current.call({ ...MANAGER, member, signature: 'ss', body: [unit, 'replace'] });
        return await current.jobEnd(String(job), signal);
      } catch (error) {
        // Asked again, a job that still runs is joined; one that ended meanwhile is run anew.
        const isLate = error instanceof GoodbootError && error.code === 'DBUS_TIMEOUT';
        if (signal.aborted || !(isLate || current.connection.ended.aborted)) throw error;
      }
    }
  };

  const properties = async (path: string, iface: string): Promise<Properties> => {
    const [all] = await (await linked()).call({
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'GetAll',
      signature: 's',
      body: [`org.freedesktop.systemd1.${iface}`],
    });
    if (all === null || typeof all !== 'object')
      throw new GoodbootError('DBUS_FAILED', `${path}: no properties came back`);
    return { ...all };
  };
  /** One of them: all of a unit, or of systemd itself, are some hundred. */
  const property = async (path: string, iface: string, name: string): Promise<unknown> => {
    const [value] = await (await linked()).call({
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [`org.freedesktop.systemd1.${iface}`, name],
    });
    return value;
  };
  const unitPath = async (name: string) => String((await manager('LoadUnit', 's', [name]))[0]);
  const names = async (name: string, keys: readonly string[]): Promise<readonly string[]> => {
    const path = await unitPath(name);
    const all = await Promise.all(keys.map((key) => property(path, 'Unit', key)));
    return [...new Set(all.flatMap((each) => (Array.isArray(each) ? each.map(String) : [])))].sort();
  };

  return {
    async unit(name) {
      const path = await unitPath(name);
      const [unit, service] = await Promise.all([
        properties(path, 'Unit'),
        name.endsWith('.service') ? properties(path, 'Service') : null,
      ]);
      return unitState(name, unit, service);
    },
    async failedUnits() {
      const [units] = await manager('ListUnitsFiltered', 'as', [['failed']]);
      return Array.isArray(units) ? units.map((unit) => String(unit[0])).sort() : [];
    },
    pulledInBy: (name) => names(name, ['Wants', 'Requires']),
    dependents: (name) => names(name, ['RequiredBy', 'RequisiteOf', 'BoundBy']),
    wantedBy: (name) => names(name, ['WantedBy', 'RequiredBy']),
    start: (name, signal) => run('StartUnit', name, signal),
    stop: (name, signal) => run('StopUnit', name, signal),
    async startSoon(name) {
      await manager('StartUnit', 'ss', [name, 'replace']);
    },
    async resetFailed(name) {
      try {
        await manager('ResetFailedUnit', 's', [name]);
      } catch (error) {
        // Not loaded: nothing to forget.
        const isUnknown = error instanceof DbusAnswerError && error.errorName === 'org.freedesktop.systemd1.NoSuchUnit';
        if (!isUnknown) throw error;
      }
    },
    async reload() {
      await manager('Reload');
    },
    async runtimeWatchdogMs() {
      const usec = await property(MANAGER.path, 'Manager', 'RuntimeWatchdogUSec');
      if (typeof usec !== 'bigint') throw new GoodbootError('DBUS_FAILED', 'RuntimeWatchdogUSec: no time came back');
      // Infinity: the time of the device itself, which systemd does not feed.
      return usec === UINT64_MAX ? 0 : Number(usec / 1000n);
    },
    async reboot() {
      await manager('StartUnit', 'ss', ['reboot.target', 'replace-irreversibly']);
    },
    [Symbol.asyncDispose]: async () => link.connection.close(),
  };
}

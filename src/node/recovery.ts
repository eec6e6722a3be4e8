import type { ServiceManager } from '../ports/service-manager.ts';

const TARGET = 'boot-complete.target';
/** Starts goodboot-verdict.service again and again, until the boot is good. */
export const RECHECK = 'goodboot-recheck.timer';

/**
 * Health is back: reaches boot-complete.target, and starts what could not start because the target had failed. systemd
 * does not try that again by itself (a failed dependency is no failure that Restart= looks at), so an updater
 * that needs the target would stay down until the next boot.
 */
export async function startWhatWaited(manager: ServiceManager, signal: AbortSignal): Promise<readonly string[]> {
  await manager.stop(RECHECK, signal);
  await manager.startSoon(TARGET);
  const waiting: string[] = [];
  for (const name of await manager.dependents(TARGET)) {
    const unit = await manager.unit(name);
    // One that ran before in this boot was stopped by somebody, who knows why.
    if (unit.activeState !== 'inactive' || unit.startedAtMs > 0 || unit.loadState !== 'loaded') continue;
    if (!(await isWantedAtBoot(manager, name))) continue;
    await manager.startSoon(name);
    waiting.push(name);
  }
  return waiting;
}

/** Pulled in by a target that is up: somebody enabled it. */
async function isWantedAtBoot(manager: ServiceManager, name: string): Promise<boolean> {
  for (const parent of await manager.wantedBy(name)) {
    if (parent !== TARGET && (await manager.unit(parent)).activeState === 'active') return true;
  }
  return false;
}

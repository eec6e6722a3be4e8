import type { DoctorFacts } from '../../core/doctor/facts.ts';
import { ask, askUnless } from './ask.ts';
import { lookAtChecks } from './checks.ts';
import { type DoctorDeps, onlyRunning, withoutSystemd } from './deps.ts';
import { lookAtCounting, lookAtFragment, lookAtGrubenv, lookForFreezer } from './grub.ts';
import { lookAtDeployments } from './menu.ts';
import {
  askCollector,
  lookAtGreenboot,
  lookAtRequired,
  lookAtUnits,
  lookForCycles,
  lookForUpdater,
} from './services.ts';
import { lookAtClock, lookAtJournal, lookAtMemory, lookAtPanic, lookAtSpace, lookAtWatchdog } from './system.ts';

/** Asks everything at once. It never throws, takes at most half a minute, and changes nothing. */
export async function gatherFacts(deps: DoctorDeps): Promise<DoctorFacts> {
  const { boot, config } = deps;
  const { name, detail } = deps.bootLoader;
  const elsewhere = onlyRunning(deps);
  const noGrub = name === 'grub' ? null : 'this is not GRUB';
  // A container has neither a kernel nor a watchdog of its own.
  const noKernel = elsewhere ?? (boot.startedBy === 'container' ? 'the kernel belongs to the host' : null);
  const noSystemd = withoutSystemd(deps);
  const noCollector = elsewhere ?? (config.collector === null ? 'none is configured' : null);
  const asked = {
    deployments: askUnless(elsewhere, () => lookAtDeployments(deps)),
    fragment: askUnless(noGrub, () => lookAtFragment(deps)),
    grubenv: askUnless(noGrub, () => lookAtGrubenv(deps)),
    counting: askUnless(name === 'systemd-boot' ? elsewhere : 'this is not systemd-boot', () => lookAtCounting(deps)),
    freezer: askUnless(noGrub, () => lookForFreezer(deps)),
    password: askUnless(noGrub, () => deps.grub.password()),
    panic: askUnless(noKernel, () => lookAtPanic(deps)),
    watchdog: askUnless(noKernel ?? noSystemd, () => lookAtWatchdog(deps)),
    journal: askUnless(noSystemd, (signal) => lookAtJournal(deps, signal)),
    units: ask((signal) => lookAtUnits(deps, signal)),
    ordering: ask((signal) => lookForCycles(deps, signal)),
    greenboot: ask((signal) => lookAtGreenboot(deps, signal)),
    updater: ask((signal) => lookForUpdater(deps, signal)),
    checks: askUnless(elsewhere, (signal) => lookAtChecks(deps, signal)),
    config: ask(async () => ({ problems: config.problems })),
    required: ask(() => lookAtRequired(deps)),
    collector: askUnless(noCollector, (signal) => askCollector(deps, config.collector ?? '', signal)),
    clock: askUnless(elsewhere, () => lookAtClock(deps)),
    space: askUnless(elsewhere, () => lookAtSpace(deps)),
    memory: askUnless(elsewhere, () => lookAtMemory(deps)),
  };
  return {
    startedBy: boot.startedBy,
    bootLoader: { name, detail },
    deployments: await asked.deployments,
    fragment: await asked.fragment,
    grubenv: await asked.grubenv,
    counting: await asked.counting,
    freezer: await asked.freezer,
    password: await asked.password,
    panic: await asked.panic,
    watchdog: await asked.watchdog,
    journal: await asked.journal,
    units: await asked.units,
    ordering: await asked.ordering,
    greenboot: await asked.greenboot,
    updater: await asked.updater,
    checks: await asked.checks,
    config: await asked.config,
    required: await asked.required,
    collector: await asked.collector,
    clock: await asked.clock,
    space: await asked.space,
    memory: await asked.memory,
  };
}

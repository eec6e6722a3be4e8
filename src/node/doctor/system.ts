import { panicIn, storageIn } from '../../core/doctor/answers.ts';
import type {
  ClockFacts,
  JournalFacts,
  MemoryFacts,
  PanicFacts,
  SpaceFacts,
  WatchdogFacts,
} from '../../core/doctor/facts.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { openLedger } from '../ledger.ts';
import { loadState } from '../state.ts';
import { type DoctorDeps, managerOf } from './deps.ts';
import { readMenu } from './menu.ts';

const WATCHDOGS = '/sys/class/watchdog';
const TOOL_TIMEOUT_MS = 20_000;

export async function lookAtPanic({ files }: DoctorDeps): Promise<PanicFacts> {
  const text = (await files.readText('/proc/sys/kernel/panic'))?.trim() ?? '';
  if (!/^-?\d+$/.test(text)) throw new Error(`/proc/sys/kernel/panic: "${text}", a number was wanted`);
  return { timeout: Number(text), atStart: panicIn((await files.readText('/proc/cmdline')) ?? '') };
}

export async function lookAtWatchdog(deps: DoctorDeps): Promise<WatchdogFacts> {
  const { files } = deps;
  const runtimeMs = await managerOf(deps).runtimeWatchdogMs();
  const names = (await files.list(WATCHDOGS)) ?? [];
  const devices = await Promise.all(
    names.map(async (name) => {
      const identity = (await files.readText(`${WATCHDOGS}/${name}/identity`))?.trim() || 'unnamed';
      return { name, identity, isSoftware: /software/i.test(identity) };
    }),
  );
  return { runtimeMs, devices };
}

export async function lookAtJournal({ files, processes }: DoctorDeps, signal: AbortSignal): Promise<JournalFacts> {
  const id = (await files.readText('/etc/machine-id'))?.trim() ?? '';
  const kept = id === '' ? null : await files.info(`/var/log/journal/${id}/system.journal`);
  const argv = ['systemd-analyze', '--no-pager', 'cat-config', 'systemd/journald.conf'] as const;
  const ran = await processes.run(argv, { timeoutMs: TOOL_TIMEOUT_MS, signal });
  return { isPersistent: kept !== null, storage: storageIn(ran.exitCode === 0 ? ran.stdout : '') };
}

export async function lookAtClock({ clock, use, builtMs }: DoctorDeps): Promise<ClockFacts> {
  const synchronised = await (await use('systemClock')).state().then(
    (state) => state.synchronised,
    (error: unknown) => {
      if (error instanceof GoodbootError) return null;
      throw error;
    },
  );
  return { nowMs: clock.now(), builtMs, synchronised };
}

export async function lookAtSpace({ files }: DoctorDeps): Promise<SpaceFacts> {
  const [boot, data, top, menu] = await Promise.all([
    files.space('/boot'),
    files.space('/var'),
    files.space('/'),
    readMenu(files),
  ]);
  const sizes = (menu ?? []).map(({ bytes }) => bytes).filter((bytes) => bytes > 0);
  return {
    boot,
    var: data,
    kernelBytes: sizes.length === 0 ? null : Math.max(...sizes),
    isBootApart: boot !== null && boot.totalBytes !== top?.totalBytes,
  };
}

export async function lookAtMemory({ files, clock }: DoctorDeps): Promise<MemoryFacts> {
  const troubles: { message: string; hint: string }[] = [];
  let damage: readonly string[] = [];
  const readers = [
    () => loadState(files),
    async () => {
      damage = (await openLedger(files, clock)).damage;
    },
  ];
  for (const read of readers) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
      troubles.push({ message: messageOf(error), hint: error.hint });
    }
  }
  return { troubles, damage };
}

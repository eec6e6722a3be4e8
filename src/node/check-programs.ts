import type { Check } from '../ports/check.ts';

/**
 * The check programs by type, each loaded when it is run. Their options come validated out of the plan
 * (src/config/registry.ts holds the schemas), which is why they may be taken as they are.
 */
export const CHECK_PROGRAMS: Readonly<Record<string, () => Promise<Check<never>>>> = {
  command: async () => (await import('../../checks/command/check.ts')).check,
  containers: async () => (await import('../../checks/containers/check.ts')).check,
  filesystem: async () => (await import('../../checks/filesystem/check.ts')).check,
  greenboot: async () => (await import('../../checks/greenboot/check.ts')).check,
  http: async () => (await import('../../checks/http/check.ts')).check,
  kernel: async () => (await import('../../checks/kernel/check.ts')).check,
  network: async () => (await import('../../checks/network/check.ts')).check,
  tcp: async () => (await import('../../checks/tcp/check.ts')).check,
  time: async () => (await import('../../checks/time/check.ts')).check,
  units: async () => (await import('../../checks/units/check.ts')).check,
};

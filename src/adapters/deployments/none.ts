import { GoodbootError } from '../../core/errors.ts';
import type { Deployments } from '../../ports/deployments.ts';

/** For systems without deployments: a boot is judged and marked, and never rolled back. */
export const noDeployments: Deployments = {
  name: 'none',
  can: { rollBack: false },
  booted: async () => null,
  list: async () => [],
  makeDefault: async (id) => {
    throw new GoodbootError('DEPLOYMENT_UNKNOWN', `${id}: this system has no deployments`);
  },
  dropStaged: async () => undefined,
};

/** For systems that have deployments, and nothing that could be asked about them: who asks is told why. */
export function unknownDeployments(booted: Deployments['booted'], trouble: GoodbootError): Deployments {
  const refuse = () => Promise.reject(trouble);
  return { name: 'none', can: { rollBack: false }, booted, list: refuse, makeDefault: refuse, dropStaged: refuse };
}

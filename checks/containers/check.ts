import { messageOf } from '../../src/core/errors.ts';
import { type Facts, fail, pass, skip } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { ContainerList } from '../../src/ports/containers.ts';
import { type Need, whyNotGood } from './judge.ts';
import type { ContainersOptions } from './options.ts';
import { find, type Wanted, wantedOf } from './wanted.ts';

export const check = defineCheck<ContainersOptions>({
  type: 'containers',
  tellsStability: true,
  async run({ options, use, signal, stableMs }) {
    const wanted = wantedOf(options);
    if (wanted.length === 0) return skip('no container is listed');
    const [containers, clock] = await Promise.all([use('containers'), use('clock')]);
    const byOwner = Map.groupBy(wanted, ({ ownerLabel }) => ownerLabel);
    const answers = await Promise.allSettled(
      [...byOwner.values()].map(async (group) => {
        const list = await containers.list(group[0]!.owner, signal);
        const need = { nowMs: clock.now(), uptimeMs: clock.monotonicMs(), stableMs };
        return group.map((one) => judged(one, list, need));
      }),
    );
    const seen = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const errors: unknown[] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    const reasons = seen.flatMap(({ reason }) => reason ?? []);
    const facts = Object.fromEntries(seen.map(({ label, facts }) => [label, facts]));
    // What was seen to fail fails, also when another engine cannot be asked.
    if (reasons.length > 0) return fail([...reasons, ...errors.map(messageOf)].join('; '), facts);
    if (errors.length > 0) throw errors[0];
    return pass(facts);
  },
});

interface Judged {
  readonly label: string;
  readonly reason: string | null;
  readonly facts: Facts;
}

function judged({ label, name, ownerLabel }: Wanted, list: ContainerList, need: Need): Judged {
  if ('none' in list) return { label, reason: `${label} does not run: ${list.none}`, facts: { status: 'missing' } };
  const container = find(name, list);
  if (container === undefined) {
    const reason = `${label} does not exist (${ownerLabel}); running was wanted`;
    return { label, reason, facts: { status: 'missing' } };
  }
  const { status, health, restarts, image } = container;
  const why = whyNotGood(container, need);
  return {
    label,
    reason: why === null ? null : `${label} ${why}`,
    facts: { name: container.name, status, health, restarts, image },
  };
}

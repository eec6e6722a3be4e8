import { GoodbootError } from '../../src/core/errors.ts';
import { fail, pass } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { TcpOptions } from './options.ts';
import { parseTcpTarget } from './target.ts';

export const check = defineCheck<TcpOptions>({
  type: 'tcp',
  async run({ options, use, signal }) {
    const [network, clock] = await Promise.all([use('network'), use('clock')]);
    const targets = [...new Set([options.target].flat())];
    const probes = await Promise.all(
      targets.map(async (target) => {
        const parsed = parseTcpTarget(target);
        if (parsed === null) throw new GoodbootError('CONFIG_INVALID', `${target}: not host:port`);
        const startMs = clock.monotonicMs();
        const why = await network.connect(parsed.host, parsed.port, signal);
        return { target, why, ms: Math.round(clock.monotonicMs() - startMs) };
      }),
    );
    const reasons = probes.flatMap(({ target, why }) =>
      why === null ? [] : [`${target} did not accept a connection (${why})`],
    );
    const facts = { connectMs: Object.fromEntries(probes.map(({ target, why, ms }) => [target, why ?? ms])) };
    return reasons.length === 0 ? pass(facts) : fail(reasons.join('; '), facts);
  },
});

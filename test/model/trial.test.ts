import fc from 'fast-check';
import { describe, test } from 'vitest';
import { command, play } from './commands.ts';

const RUNS = Number(process.env['GOODBOOT_MODEL_RUNS'] ?? 2_000);

describe('a node, whatever happens to it', () => {
  test(`keeps the rules of the design in ${RUNS} random lives`, { timeout: 30_000 + RUNS * 20 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 14, size: 'max' }),
        async (commands) => void (await play(commands)),
      ),
      { numRuns: RUNS },
    );
  });
});

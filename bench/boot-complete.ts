import type { Figure } from './figure.ts';
import { bootJudged } from './lab.ts';

const BOOTS = 10;
/** MESSAGE_ID of "a start job is done": sd-messages(3), SD_MESSAGE_UNIT_STARTED. */
const UNIT_STARTED = '39f53479d3a045ac8e11786248231fbf';

/** From the end of the last check to boot-complete.target, in real boots. */
export async function measureBootComplete(out: string): Promise<readonly Figure[]> {
  const values: number[] = [];
  for (let boot = 0; boot < BOOTS; boot += 1) {
    await using machine = await bootJudged(out);
    await machine.sh('journalctl --sync');
    const entries = await machine.sh(`journalctl -b -o json MESSAGE_ID=${UNIT_STARTED}`);
    const started = entries
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const at = (wanted: RegExp) =>
      started.filter(({ UNIT }) => wanted.test(UNIT)).map((entry) => Number(entry.__MONOTONIC_TIMESTAMP) / 1000);
    const checks = at(/^goodboot-check@/);
    const [complete] = at(/^boot-complete\.target$/);
    if (checks.length === 0 || complete === undefined) throw new Error(`not in the journal:\n${entries}`);
    values.push(complete - Math.max(...checks));
  }
  return [{ name: 'last check to boot-complete.target', values, goal: { ms: 50 } }];
}

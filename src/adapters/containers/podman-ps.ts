import type { ContainerState } from '../../ports/containers.ts';
import { type Answer, answer, answers, byName, countIn, healthOf, notUnderstood, parseJson, textIn } from './answer.ts';

/** The label that podman gives a container that a systemd unit started: every quadlet has it. */
const UNIT_LABEL = 'PODMAN_SYSTEMD_UNIT';

/**
 * The containers in what `podman ps --all --format json` printed (podman 4 and 5).
 * @throws GoodbootError PROGRAM_OUTPUT
 */
export const parsePodmanPs = (who: string, text: string): readonly ContainerState[] =>
  byName(answers(who, parseJson(who, text)).map((entry) => container(who, entry)));

function container(who: string, entry: Answer): ContainerState {
  const [name]: readonly unknown[] = Array.isArray(entry['Names']) ? entry['Names'] : [];
  if (typeof name !== 'string') throw notUnderstood(who, 'Names is missing in the answer');
  const startedAt = countIn(who, entry, 'StartedAt');
  const labels = answer(who, entry['Labels'] ?? {});
  const unit = labels[UNIT_LABEL];
  return {
    name,
    status: textIn(who, entry, 'State'),
    health: health(textIn(who, entry, 'Status')),
    restarts: countIn(who, entry, 'Restarts'),
    // The year 1, below zero, stands for never.
    startedAtMs: startedAt > 0 ? startedAt * 1000 : null,
    exitCode: countIn(who, entry, 'ExitCode'),
    // Empty where the container was made from a directory (--rootfs).
    image: typeof entry['Image'] === 'string' ? entry['Image'] : '',
    unit: typeof unit === 'string' ? unit : null,
  };
}

/** Health is the last word of the status, in parentheses: `Up 3 seconds (unhealthy)`. */
function health(status: string): ContainerState['health'] {
  const word = /\(([a-z]+)\)$/.exec(status)?.[1];
  return word === undefined ? null : healthOf(word);
}

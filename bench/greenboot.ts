import type { Machine } from '../test/lab/machine.ts';
import type { NewFile } from '../test/lab/overlay.ts';
import type { Figure } from './figure.ts';
import { bootJudged } from './lab.ts';

const ROUNDS = 10;
const DIRECTORY = '/etc/greenboot/check/required.d';

/** What greenboot's own loop does for each script: two lists of files, names by basename(1), output through systemd-cat(1). */
const LOOP = `set -euo pipefail
DISABLED_HEALTHCHECKS=()
is_disabled() {
  for name in "\${DISABLED_HEALTHCHECKS[@]}"; do if [ "$1" == "$name" ]; then return 0; fi; done
  return 1
}
for tree in /usr/lib/greenboot/check /etc/greenboot/check; do
  for directory in "$tree/required.d" "$tree/wanted.d"; do
    echo "scripts of $directory"
    for script in $(find "$directory" -name '*.sh' | sort); do
      if is_disabled "$(basename "$script")"; then continue; fi
      systemd-cat -t "$(basename "$script")" bash "$script" || exit 1
      echo "<6>$(basename "$script") passed"
    done
  done
done
`;

const SERVICES = { goodboot: 'goodboot-check@greenboot.service', bash: 'bench-greenboot.service' } as const;

const CASES = [
  { name: '100 trivial scripts', count: 100, text: 'exit 0\n', ratio: 0.15 },
  { name: '10 scripts of 1 s', count: 10, text: 'sleep 1\n', ratio: 0.12 },
] as const;

/** Wall time of the check greenboot, beside a unit that runs the same scripts one after the other. */
export async function measureGreenboot(out: string): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { name, count, text, ratio } of CASES) {
    await using machine = await bootJudged(out, {
      ...Object.fromEntries(
        Array.from({ length: count }, (_, at): [string, NewFile] => [`${DIRECTORY}/50_script-${at}.sh`, text]),
      ),
      '/usr/lib/greenboot/check/required.d/.keep': '',
      '/usr/lib/greenboot/check/wanted.d/.keep': '',
      '/etc/greenboot/check/wanted.d/.keep': '',
      '/opt/bench/loop.sh': LOOP,
      [`/etc/systemd/system/${SERVICES.bash}`]: '[Service]\nType=oneshot\nExecStart=/bin/bash /opt/bench/loop.sh\n',
      '/etc/goodboot/config.d/60-greenboot.yaml':
        'apiVersion: goodboot/v1\nchecks: { greenboot: { type: greenboot, required: true } }\n',
    });
    const times = await measured(machine);
    const against: Figure = { name: `${name}, bash loop`, values: times.bash };
    figures.push(against, { name: `${name}, check greenboot`, values: times.goodboot, against, goal: { ratio } });
  }
  return figures;
}

async function measured(machine: Machine): Promise<Record<keyof typeof SERVICES, readonly number[]>> {
  const times: Record<keyof typeof SERVICES, number[]> = { goodboot: [], bash: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ['goodboot', 'bash'] as const) {
      const start = process.hrtime.bigint();
      await machine.sh(`systemctl start ${SERVICES[name]}`, { timeoutMs: 60_000 });
      times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return times;
}

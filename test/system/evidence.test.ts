import { expect, test } from 'vitest';
import { jsonOf } from '../helpers/cli.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';

const TIMEOUT_MS = 120_000;
/** The boot loader counted two boots since the one that is noted. */
const GRUBENV = '# GRUB Environment Block\nboot_counter=0\nboot_success=0\n'.padEnd(1024, '#');
/** The units of these boots do not note them: two are to stay unseen. */
const NOT_NOTED = '[Unit]\nConditionPathExists=/not-there\n';
const CONFIG = 'apiVersion: goodboot/v1\nbootLoader: grub\nchecks: { network: false, failed-units: { within: 0s } }\n';

const bootId = async (machine: Machine) =>
  (await machine.read('/proc/sys/kernel/random/boot_id')).trim().replaceAll('-', '');

const answer = async (machine: Machine, command: string) =>
  jsonOf(await machine.exec(['sh', '-c', `${command} --json`]));

test.each(['trixie', 'bookworm'] as const)(
  'what journald has of boots that a trial spent is kept (%s)',
  async (suite) => {
    const files = {
      '/etc/goodboot/config.d/10-test.yaml': CONFIG,
      '/var/log/journal/.keep': '',
      '/etc/systemd/system/goodboot-begin.service.d/10-test.conf': NOT_NOTED,
    };
    await using machine = await bootMachine({ suite, grubenv: GRUBENV, files, timeoutMs: 60_000 });
    const noted = await bootId(machine);
    const trial = { deployment: 'new', from: 'old', attempts: 3, counted: 3, phase: 'armed' };
    const boot = { bootId: noted, deployment: 'new', startedBy: 'boot-loader', timeMs: 1, proven: true, ended: null };
    const state = { v: 1, trial: { ...trial, baselineFailures: [], trialFailures: [] }, denied: [], boots: [boot] };
    await machine.write('/var/lib/goodboot/state.json', JSON.stringify(state));
    await machine.sh('goodboot verdict >/dev/null || true; systemd-cat -p err -t app echo "no space left"');
    await machine.sh('systemd-cat -t app printf "last \\033[1mwords\\033[0m\\n"; journalctl --sync');

    await machine.reboot('crash');
    const unseen = await bootId(machine);
    await machine.sh('systemd-cat -t app echo "never noted"; journalctl --sync');
    await machine.reboot('crash');
    // Nothing has a chance to count here: the boot loader has the counter of this test.
    await machine.write('/boot/grub2/grubenv', GRUBENV);
    await machine.sh('goodboot begin');

    const before = `before-${await bootId(machine)}`;
    const list = await answer(machine, 'goodboot trial evidence');
    if (list.kind !== 'EvidenceList') throw new Error(list.kind);
    expect(new Map(list.evidence.map(({ id, ...about }) => [id, about]))).toMatchObject(
      new Map<string, object>([
        [noted, { boots: 1, deployment: 'new', ended: 'unclean', journal: 'read' }],
        [unseen, { boots: 1, deployment: 'new', ended: null, journal: 'read' }],
        [before, { boots: 1, deployment: 'new', ended: null, journal: 'absent' }],
      ]),
    );
    const one = await answer(machine, `goodboot trial evidence ${noted.slice(0, 12)}`);
    if (one.kind !== 'Evidence') throw new Error(one.kind);
    const { results, events, errors, lines } = one.evidence;
    expect(results.map(({ name }) => name)).toContain('units');
    expect(events.map(({ event }) => event)).toContainEqual(expect.stringMatching(/^verdict-/));
    expect(errors).toContainEqual(expect.objectContaining({ from: 'app', message: 'no space left', priority: 3 }));
    expect(errors.every(({ priority }) => priority <= 3)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ from: 'app', priority: 6 });
    expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).sort());

    const told = await machine.sh(`goodboot trial evidence ${noted}`);
    expect(told).toContain('no space left');
    expect(told).not.toContain('\u001b');
    expect(await machine.sh(`goodboot trial evidence ${unseen}`)).toContain('never noted');
    expect(await machine.sh('stat -c %a /var/lib/goodboot/evidence /var/lib/goodboot/evidence/*')).toBe(
      '700\n600\n600\n600\n',
    );
    const kept = await machine.sh('journalctl -b -t goodboot -o cat GOODBOOT_EVENT=evidence-kept');
    expect(kept.trim().split('\n')).toHaveLength(3);
    const history = await machine.sh('goodboot history');
    expect(history).toMatch(/the boot before ended without a shutdown.*; 2 boots since then did not come up/);
    expect((await machine.exec(['goodboot', 'trial', 'evidence', 'nothing'])).exitCode).toBe(66);
  },
  TIMEOUT_MS,
);

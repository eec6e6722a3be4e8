import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newTrial, type Trial } from '../../src/core/trial.ts';
import type { VerdictReport } from '../../src/core/verdict-report.ts';
import { faultsOf } from '../helpers/fault-table.ts';
import { deployed } from '../lab/deployed.ts';
import { bootMachine, type Machine, type MachineOptions } from '../lab/machine.ts';
import { directoryOf } from '../lab/overlay.ts';
import { must } from '../lab/run.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

const TIMEOUT_MS = 90_000;
const QUICK = `apiVersion: goodboot/v1
checks:
  network: false
  failed-units: false
  kernel: false
  filesystem: { within: 0s }
  units: { within: 1s, stable: 0s, units: [systemd-tmpfiles-setup.service] }
`;
const READ_ONLY = '[Mount]\nWhat=/var\nWhere=/var\nType=none\nOptions=bind,ro\n';
const READ_ONLY_VAR = {
  '/etc/systemd/system/var.mount': `[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n${READ_ONLY}[Install]\nWantedBy=local-fs.target\n`,
};
const CONFIG = { '/etc/goodboot/config.d/10-quick.yaml': QUICK };

/** The line that the page for people has of a fault. */
const FAULTS = faultsOf('goodboot starts, and lacks something');
const asked = new Set<string>();
const lineOf = (fault: string): RegExp => {
  asked.add(fault);
  return FAULTS.find((row) => row.fault === fault)?.line ?? /the page has no such row/;
};

const status = async (machine: Machine): Promise<VerdictReport> =>
  JSON.parse((await machine.exec(['goodboot', 'status', '--json'])).stdout);
const outcomeOf = (report: VerdictReport, name: string) => report.checks.find((check) => check.name === name)?.outcome;
const stateOf = async (machine: Machine, unit: string) => (await machine.unit(unit))['ActiveState'];
const judge = async (machine: Machine): Promise<void> => {
  // systemd starts nothing six times in ten seconds.
  await machine.sh('systemctl reset-failed "goodboot-*"');
  await machine.exec(['systemctl', 'restart', 'goodboot-verdict.service'], { timeoutMs: 30_000 });
  await machine.waitForJobs();
};

describe('a node that was good, whose goodboot', () => {
  let machine: Machine;
  let program = '';
  beforeAll(async () => {
    const hidden = ['x86_64', 'aarch64'].map((arch) => `-/usr/lib/${arch}-linux-gnu/libsystemd.so.0`);
    const dropIns = ['goodboot-begin', 'goodboot-verdict', 'goodboot-check@'].map((unit) => [
      `/etc/systemd/system/${unit}.service.d/50-no-library.conf`,
      `[Service]\nInaccessiblePaths=${hidden.join(' ')}\n`,
    ]);
    machine = await bootMachine({ files: { ...CONFIG, ...Object.fromEntries(dropIns) } });
    program = (await machine.sh('readlink -f /usr/bin/goodboot')).trim();
  }, TIMEOUT_MS);
  afterAll(() => machine.stop());

  test('finds no libsystemd is judged, and heard by way of stderr', async () => {
    expect((await status(machine)).verdict).toBe('good');
    const journal = await machine.sh('journalctl -b -u goodboot-verdict.service -o cat');
    expect(journal).toMatch(lineOf('`libsystemd.so.0` is missing'));
    expect(journal).toContain('This boot is good: ');
    // A check or a soak that takes long is not ended for it.
    expect((await machine.unit('goodboot-verdict.service'))['StatusText']).toMatch(/^this boot is being judged, for /);
    await machine.sh('mv "$program" /usr/lib/whole', { env: { program } });
  });

  const NO_START = 'goodboot does not start, so this boot is not judged again: ';

  test.each([
    [
      'is cut off',
      'head -c 60000000 /usr/lib/whole >"$program"',
      /is cut off, or damaged: download and install it again$/,
    ],
    [
      'is one for another machine',
      String.raw`cp /usr/lib/whole "$program"; [ "$(uname -m)" = aarch64 ] && type='\076' || type='\267'
      printf "$type" | dd of="$program" bs=1 seek=18 conv=notrunc status=none`,
      /is built for (\w+), and this machine is (?!\1)\w+: install the one for \w+$/,
    ],
    [
      'lacks a library',
      'ln /usr/lib/whole "$program"; mkdir /usr/lib/away; rm /usr/lib/*/libatomic.so.1*; mv "$(dirname "$program")/libatomic.so.1" /usr/lib/away',
      /error while loading shared libraries: libatomic.so.1: .*: install what is missing, or all of goodboot again$/,
    ],
    ['is gone', ':', / is not there: install goodboot, or see what should be mounted there$/],
  ])('%s says why, and the node stays up', async (_what, harm, why) => {
    const { leader } = machine;
    const harmed = await machine.sh(
      `rm -f "$program"; ${harm}; [ ! -e "$program" ] || chmod 755 "$program"; date +%s.%6N`,
      {
        env: { program },
      },
    );
    await judge(machine);
    const lines = await machine.sh('journalctl --sync; journalctl -b -t goodboot -p err -o cat --since "@$since"', {
      env: { since: harmed.trim() },
    });
    const ours = lines.split('\n').filter((line) => line.startsWith('goodboot '));
    expect(ours).toEqual([expect.stringMatching(why)]);
    expect(ours[0]!.slice(0, NO_START.length)).toBe(NO_START);
    expect(await stateOf(machine, 'boot-complete.target')).toBe('inactive');
    expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('active');
    expect(machine.leader).toBe(leader);
  });

  test('says the same where busybox is all there is', async () => {
    const said = await machine.sh(
      `
      mkdir /bb; for name in od uname readlink; do ln -s /usr/bin/busybox /bb/$name; done
      head -c 9000 /usr/lib/whole >"$program"; chmod 755 "$program"; rm /run/goodboot/why
      env -i PATH=/bb MONITOR_SERVICE_RESULT=signal /usr/bin/busybox sh /usr/libexec/goodboot/why 2>&1
    `,
      { env: { program } },
    );
    expect(said).toMatch(/^<3>goodboot does not start, .* is cut off, or damaged: .*\n$/);
  });

  test('is whole again is judged again', async () => {
    const mend = 'mv /usr/lib/away/* "$(dirname "$program")"; mv -f /usr/lib/whole "$program"';
    await machine.sh(mend, { env: { program } });
    await judge(machine);
    expect(await stateOf(machine, 'boot-complete.target')).toBe('active');
    expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('inactive');
  });
});

test(
  'a node without a journal, D-Bus, a /var that can be written and a /boot is judged, stays up, and tells the kernel',
  async () => {
    const masked = ['systemd-journald.service', 'systemd-journald.socket', 'systemd-journald-dev-log.socket']
      .concat(['dbus.service', 'dbus.socket', 'systemd-journal-flush.service'])
      .map((unit) => [`/etc/systemd/system/${unit}`, '']);
    await using machine = await bootMachine({
      units: ['var.mount'],
      files: {
        ...CONFIG,
        ...Object.fromEntries(masked),
        ...READ_ONLY_VAR,
        // In a container there is none: a file takes what is written. systemd writes to its beginning.
        '/etc/tmpfiles.d/kmsg.conf': `f /dev/kmsg 0600 root root - ${'.'.repeat(1000)}\n`,
      },
    });
    const report = await status(machine);
    expect(report).toMatchObject({ verdict: 'bad', bootLoader: { name: 'noop' } });
    expect(outcomeOf(report, 'filesystem')).toMatchObject({
      state: 'fail',
      reason: expect.stringMatching(lineOf('`/var` is read-only')),
    });
    expect(outcomeOf(report, 'units')).toMatchObject({
      state: 'error',
      code: 'DBUS_UNAVAILABLE',
      reason: expect.stringMatching(lineOf('there is no D-Bus')),
    });
    expect(await machine.read('/dev/kmsg')).toMatch(lineOf('there is no journald'));
    expect(await machine.read('/dev/kmsg')).toMatch(
      /<3>goodboot: there is no journal; goodboot verdict ended with exit status 20; .*; required filesystem: \/var does not take a write \(EROFS\);.*\n$/,
    );
    // Of these, only the disk is known to be bad.
    await machine.sh('umount /var; rm /etc/systemd/system/var.mount; systemctl daemon-reload');
    await judge(machine);
    expect((await status(machine)).verdict).toBe('indeterminate');
    expect(await machine.read('/dev/kmsg')).toMatch(
      /\n<3>goodboot: .* exit status 21; .*required units: .*no D-Bus answers here.*\n$/,
    );
    expect(await stateOf(machine, 'multi-user.target')).toBe('active');
  },
  TIMEOUT_MS,
);

test.each(['trixie', 'bookworm'] as const)(
  'a node of %s whose /var cannot be mounted is not judged, says so, and stays up',
  async (suite) => {
    const lost = '[Mount]\nWhat=/dev/no-disk\nWhere=/var\nType=ext4\nOptions=nofail\n';
    await using machine = await bootMachine({
      suite,
      units: ['var.mount'],
      files: {
        ...CONFIG,
        '/etc/systemd/system/var.mount': `[Unit]\nDefaultDependencies=no\n${lost}[Install]\nWantedBy=local-fs.target\n`,
      },
    });
    expect(await machine.exec(['goodboot', 'status', '--json'])).toMatchObject({ exitCode: 66 });
    const said = await machine.sh('journalctl --sync; journalctl -b -t goodboot -p err -o cat');
    expect(said.split('\n')).toContainEqual(expect.stringMatching(lineOf('`/var` cannot be mounted')));
    // It was started, and had nothing to do without a counter.
    expect((await machine.unit('goodboot-deadman.service'))['ExecMainStatus']).toBe('0');
    expect((await machine.unit('goodboot-deadman.service'))['ExecMainExitTimestamp']).not.toBe('');
    // Mounted after all, it is judged.
    await machine.sh('rm /etc/systemd/system/var.mount; systemctl daemon-reload');
    await judge(machine);
    expect((await status(machine)).verdict).toBe('good');
  },
  TIMEOUT_MS,
);

describe('on trial', () => {
  const armed = newTrial({ deployment: checksumOf(2), from: checksumOf(1), attempts: 3 });
  const trial: Trial = { ...armed, baselineFailures: [] };
  const bootTrial = async (units: readonly string[], files: MachineOptions['files']): Promise<Machine> => {
    const options = await deployed('2* 1', { trial });
    return bootMachine({
      ...options,
      units: [...(options.units ?? []), ...units],
      grubenv: '# GRUB Environment Block\nboot_counter=2\ngoodboot_counter=2\nboot_success=0\n'.padEnd(1024, '#'),
      waitFor: 'none',
      files: { ...options.files, '/etc/goodboot/config.d/10-quick.yaml': `${QUICK}bootLoader: grub\n`, ...files },
    });
  };

  test(
    'a goodboot that does not start says why, and costs the boot',
    async () => {
      const cut = { content: (await readFile(process.execPath)).subarray(0, 9000), mode: 0o755 };
      await using machine = await bootTrial([], { '/usr/bin/goodboot': cut });
      await machine.down();
      const logs = join(directoryOf(machine.name), 'root/var/log/journal');
      const journal = await must(['journalctl', `--directory=${logs}`, '--output=cat', '--identifier=goodboot']);
      expect(journal.split('\n').filter((line) => /nobody judge/.test(line))).toEqual([
        expect.stringMatching(/^goodboot does not start, so nobody judges this boot: .* is cut off, or damaged/),
        'nobody judged this boot, and it runs the deployment on trial: the node reboots',
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'a /var that takes no write costs the boot',
    async () => {
      await using machine = await bootTrial(['var.mount'], READ_ONLY_VAR);
      await machine.rebooted();
    },
    TIMEOUT_MS,
  );
});

test('every row of the page was asked for; what is left is judged without a machine', () => {
  const left = FAULTS.filter(({ fault }) => !asked.has(fault));
  expect(left.map(({ fault }) => fault)).toEqual(['`/boot` is not mounted, and GRUB counted before']);
});

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { deployed } from '../lab/deployed.ts';
import { bootMachine, type Machine, type MachineOptions } from '../lab/machine.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

const TIMEOUT_MS = 90_000;
const PAGE = resolve(import.meta.dirname, '../../docs/how-to/run-hooks.md');
const QUICK = `apiVersion: goodboot/v1
bootLoader: grub
trial: { soak: 0s }
hooks: { timeout: 2s }
checks:
  network: false
  failed-units: false
  kernel: false
  units: { within: 0s, stable: 0s }
`;
const COUNTING = `# GRUB Environment Block\nboot_counter=2\nboot_success=0\n`.padEnd(1024, '#');
const MISSING = 'apiVersion: goodboot/v1\nrequired: { units: [missing.service] }\n';
const trial = {
  deployment: checksumOf(2),
  from: checksumOf(1),
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
} as const;

const script = (text: string) => ({ content: `#!/bin/sh\n${text}\n`, mode: 0o755 });
const said = (machine: Machine, what: string) => machine.sh(`journalctl -o cat ${what} --no-pager`);
const LOG = '/var/lib/hooks.log';
const bring = (name: string) => script(`echo ${name} "$GOODBOOT_VERDICT $GOODBOOT_STANDING" >>${LOG}`);

async function boot(files: MachineOptions['files'], more: MachineOptions = {}): Promise<Machine> {
  const options = await deployed('2* 1', { trial });
  return bootMachine({
    grubenv: COUNTING,
    ...options,
    ...more,
    files: { '/etc/goodboot/config.d/10-quick.yaml': QUICK, ...options.files, ...files },
  });
}

test(
  'green hooks run in order once the boot is marked, outside of the sandbox, and once only',
  async () => {
    await using machine = await boot({
      '/usr/lib/goodboot/green.d/10-first': script(
        `grep boot_ /boot/grub2/grubenv >>${LOG}; echo "$GOODBOOT_DEPLOYMENT" >/etc/seen; echo hello; sleep infinity & :`,
      ),
      '/usr/lib/goodboot/green.d/20-masked': bring('vendor'),
      '/etc/goodboot/green.d/20-masked': bring('site'),
      '/usr/lib/goodboot/green.d/30-fails': script('echo "$GOODBOOT_REASON"; exit 3'),
      '/usr/lib/goodboot/green.d/40-not-executable': 'x',
      '/etc/goodboot/green.d/50-last': bring('last'),
      '/usr/lib/goodboot/red.d/10-red': bring('red'),
    });
    expect(await machine.read(LOG)).toBe('boot_success=1\nsite good on-trial\nlast good on-trial\n');
    expect(await machine.read('/etc/seen')).toBe(`${checksumOf(2)}\n`);
    const journal = await said(machine, '-t goodboot-hooks');
    expect(journal).toContain('10-first: hello\n');
    expect(journal).toMatch(/30-fails: \d of \d checks passed\n/);
    const failed = await said(machine, 'GOODBOOT_EVENT=hook-failed');
    expect(failed).toMatch(
      /^Hook \/usr\/lib\/goodboot\/green\.d\/30-fails failed: exit status 3\nHook .*40-not-executable failed: .*EACCES/,
    );
    expect((await machine.unit('goodboot-hooks@green.service'))['Result']).toBe('success');
    expect((await machine.exec(['pgrep', '-x', 'sleep'])).stdout).toBe('');
    await machine.sh('systemctl restart goodboot-verdict.service');
    expect((await machine.read(LOG)).split('last').length).toBe(2);
  },
  TIMEOUT_MS,
);

test(
  'red hooks run before the reboot, and one that hangs holds it up no longer than its bound',
  async () => {
    const example = /```sh\n(?<text>#!\/bin\/sh\n[^`]+)```/.exec(await readFile(PAGE, 'utf8'))?.groups?.['text'];
    await using machine = await boot(
      {
        '/etc/goodboot/config.d/50-bad.yaml': MISSING,
        '/etc/goodboot/red.d/05-hangs': script(
          `echo hangs >>${LOG}; (trap "" TERM; sleep infinity) & trap "" TERM; sleep infinity`,
        ),
        '/etc/goodboot/red.d/10-keep-log': { content: example ?? '', mode: 0o755 },
        '/etc/goodboot/red.d/15-first-boot': script(
          'test -e /var/lib/first || cp /var/log/goodboot-red.log /var/lib/first',
        ),
        '/etc/goodboot/red.d/20-last': bring('last'),
        '/usr/lib/goodboot/red.d/30-out': bring('out'),
        '/etc/tmpfiles.d/out.conf': 'L+ /etc/goodboot/red.d/30-out - - - - /dev/null\n',
      },
      { waitFor: 'none' },
    );
    await machine.rebooted();
    await machine.waitForJobs();
    expect(await machine.read(LOG)).toMatch(/^hangs\nlast bad on-trial\n(?!.*out)/s);
    expect(await machine.read('/var/lib/first')).toMatch(/^bad \(on-trial\): units: missing\.service does not exist/);
    expect(await said(machine, 'GOODBOOT_EVENT=hook-failed')).toMatch(/05-hangs failed: it did not end within 2 ?s/);
    const order = await said(machine, 'GOODBOOT_EVENT=hook-failed GOODBOOT_EVENT=reboot-requested');
    expect(order).toMatch(/^Hook .*\nThe node reboots/);
    expect((await said(machine, 'GOODBOOT_EVENT=hooks-not-run')).replace('-- No entries --\n', '')).toBe('');
  },
  TIMEOUT_MS,
);

test(
  'hooks that take all the time of their unit are ended, said, and change nothing',
  async () => {
    await using machine = await boot({
      '/etc/goodboot/config.d/20-long.yaml': 'apiVersion: goodboot/v1\nhooks: { timeout: 1h }\n',
      '/etc/systemd/system/goodboot-hooks@.service.d/x.conf': '[Service]\nTimeoutStartSec=2s\n',
      '/etc/goodboot/green.d/10-hangs': script('sleep infinity'),
    });
    expect(await said(machine, 'GOODBOOT_EVENT=hooks-not-run')).toMatch(
      /goodboot-hooks@green\.service ended with (timeout|failed)/,
    );
    expect((await machine.exec(['goodboot', 'status'])).exitCode).toBe(0);
    expect((await machine.exec(['pgrep', '-x', 'sleep'])).stdout).toBe('');
  },
  TIMEOUT_MS,
);

test(
  'without hooks no unit is started for them',
  async () => {
    await using machine = await boot({});
    expect((await machine.unit('goodboot-hooks@green.service'))['InactiveExitTimestampMonotonic']).toBe('0');
  },
  TIMEOUT_MS,
);

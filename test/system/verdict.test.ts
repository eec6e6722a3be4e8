import { describe, expect, it } from 'vitest';
import type { VerdictReport } from '../../src/core/verdict-report.ts';
import { bootMachine, type Machine, type MachineOptions } from '../lab/machine.ts';

/** A GRUB environment block as `grub-editenv create` makes it, with variables. */
const grubenv = (variables: string): string => `# GRUB Environment Block\n${variables}`.padEnd(1024, '#');
const COUNTING = grubenv('saved_entry=0\nboot_counter=2\nboot_success=0\n');

/** The vendor defaults wait for a network and for long stability: tests have neither. */
const QUICK = `apiVersion: goodboot/v1
bootLoader: grub
checks:
  network: false
  failed-units: { within: 0s }
  units: { within: 3s, stable: 1s }
`;

/** What Zincati has: it may run only after a good verdict. */
const UPDATER = `[Unit]
Requires=boot-complete.target
After=boot-complete.target
After=multi-user.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
`;

const service = (start: string, more = ''): string =>
  `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=${start}\n${more}\n[Install]\nWantedBy=multi-user.target\n`;

const TIMEOUT_MS = 60_000;

/** Boots a machine with goodboot in it and waits until it was judged. */
async function boot(site: string, options: MachineOptions = {}): Promise<Machine> {
  return await bootMachine({
    grubenv: COUNTING,
    timeoutMs: TIMEOUT_MS,
    ...options,
    units: ['updater.service', ...(options.units ?? [])],
    files: {
      '/etc/goodboot/config.d/10-quick.yaml': QUICK,
      '/etc/goodboot/config.d/50-site.yaml': `apiVersion: goodboot/v1\n${site}`,
      '/etc/systemd/system/updater.service': UPDATER,
      ...options.files,
    },
  });
}

async function status(machine: Machine): Promise<VerdictReport> {
  return JSON.parse((await machine.exec(['goodboot', 'status', '--json'])).stdout);
}

const outcomeOf = (report: VerdictReport, name: string) => report.checks.find((check) => check.name === name)?.outcome;
const stateOf = async (machine: Machine, unit: string) => (await machine.unit(unit))['ActiveState'];
const variables = (machine: Machine) => machine.sh('grub-editenv /boot/grub2/grubenv list');

/** What must hold after every boot that is not good and not on trial: nothing is changed, nothing that waits is started. */
async function expectHeld(machine: Machine): Promise<void> {
  expect(await stateOf(machine, 'boot-complete.target')).toBe('inactive');
  expect(await stateOf(machine, 'updater.service')).toBe('inactive');
  expect(await stateOf(machine, 'multi-user.target')).toBe('active');
  expect(await variables(machine)).toBe('saved_entry=0\nboot_counter=2\nboot_success=0\n');
}

describe.each(['trixie', 'bookworm'] as const)('a boot of %s', (suite) => {
  it(
    'that is good is marked, reaches boot-complete.target, and starts what waited for it',
    async () => {
      await using machine = await boot('required: { units: [dbus.service] }\n', { suite });
      expect(await status(machine)).toMatchObject({
        verdict: 'good',
        dryRun: false,
        nothingRequired: false,
        problems: [],
        bootLoader: { name: 'grub', counter: null, success: true },
      });
      expect(await variables(machine)).toBe('saved_entry=0\nboot_success=1\n');
      expect(await stateOf(machine, 'boot-complete.target')).toBe('active');
      expect(await stateOf(machine, 'updater.service')).toBe('active');
      expect(await machine.sh('journalctl -b -o cat')).not.toContain('ordering cycle');
      const history = JSON.parse(await machine.sh('goodboot history --json'));
      expect(history.records.map(({ event }: { event: string }) => event)).toEqual(['boot', 'verdict', 'mark']);
    },
    TIMEOUT_MS,
  );

  it(
    'with a failed required unit is bad and stays up',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', {
        suite,
        units: ['app.service'],
        files: { '/etc/systemd/system/app.service': service('/bin/sh -c "exit 3"') },
      });
      const report = await status(machine);
      expect(report).toMatchObject({
        verdict: 'bad',
        standing: 'settled',
        actions: [{ action: { kind: 'hold', why: 'regression' } }],
      });
      expect(outcomeOf(report, 'units')).toMatchObject({
        state: 'fail',
        reason: 'app.service failed (exit-code, status 3)',
      });
      expect((await machine.exec(['goodboot', 'status'])).exitCode).toBe(20);
      await expectHeld(machine);
    },
    TIMEOUT_MS,
  );
});

describe('a bad boot names the reason when a required', () => {
  const command = (argv: readonly string[], more = ''): string =>
    `checks: { probe: { type: command, required: true, argv: ${JSON.stringify(argv)}${more} } }\n`;
  const shortened = {
    '/etc/systemd/system/goodboot-check@probe.service.d/20-test.conf':
      '[Service]\nTimeoutStartSec=1s\nTimeoutStopSec=1s\n',
  };
  const instead = (start: string) => ({
    '/etc/systemd/system/goodboot-check@probe.service.d/20-test.conf': `[Service]\nExecStart=\nExecStart=${start}\n`,
  });
  const unit = (start: string, more = ''): MachineOptions => ({
    units: ['app.service'],
    files: { '/etc/systemd/system/app.service': service(start, more) },
  });
  const app = 'required: { units: [app.service] }\n';

  it.each<
    [name: string, site: string, options: MachineOptions, check: string, reason: RegExp, code?: string | undefined]
  >([
    ['unit does not exist', app, {}, 'units', /^app\.service does not exist/],
    ['unit is masked', app, { files: { '/etc/systemd/system/app.service': '' } }, 'units', /^app\.service is masked/],
    [
      'unit was skipped by a condition',
      app,
      unit('/bin/true', '[Unit]\nConditionPathExists=/nowhere'),
      'units',
      /skipped because a condition did not hold \(ConditionPathExists=\/nowhere\)/,
    ],
    [
      'unit flaps',
      app,
      unit('/bin/sh -c "sleep 0.4; exit 1"', 'Restart=always\nRestartSec=100ms'),
      'units',
      /^app\.service (keeps restarting|has been active for .* only, \d+ restart)/,
    ],
    ['program hangs', command(['sleep', 'infinity'], ', timeout: 1s'), {}, 'probe', /did not end within/],
    [
      'check itself hangs',
      command(['sh', '-c', 'kill -STOP $PPID']),
      { files: shortened },
      'probe',
      /it hung, and systemd ended it/,
      'CHECK_TIMEOUT',
    ],
    ['check itself crashes', command(['sh', '-c', 'kill -SEGV $PPID']), {}, 'probe', /signal 11/, 'CHECK_KILLED'],
    ['check is killed', command(['sh', '-c', 'kill -KILL $PPID']), {}, 'probe', /signal 9/, 'CHECK_KILLED'],
    [
      'check leaves a truncated result',
      command(['true']),
      { files: instead(`/bin/printf '{"v":1,"na'`) },
      'probe',
      /truncated/,
      'RESULT_INVALID',
    ],
    [
      'check leaves no result',
      command(['true']),
      { files: instead('/bin/true') },
      'probe',
      /without a result/,
      'RESULT_MISSING',
    ],
    [
      'check prints 100 MB',
      command(['true']),
      { files: instead('/bin/head -c 100000000 /dev/zero') },
      'probe',
      /exit status|signal|bytes/,
      undefined,
    ],
    [
      'check cannot be started',
      command(['true']),
      { files: instead('/nonexistent/program') },
      'probe',
      /could not start/,
      'CHECK_NOT_STARTED',
    ],
    [
      'default route is missing',
      'checks: { network: { type: network, required: true, within: 1s } }\n',
      {},
      'network',
      /no default route/,
    ],
    [
      'container is missing',
      'required: { containers: [web] }\nchecks: { containers: { within: 1s, stable: 0s } }\n',
      { podman: true },
      'containers',
      /web does not exist/,
    ],
  ])(
    '%s',
    async (_name, site, options, check, reason, code) => {
      await using machine = await boot(site, options);
      const report = await status(machine);
      expect(report.verdict).toBe(outcomeOf(report, check)?.state === 'fail' ? 'bad' : 'indeterminate');
      expect(outcomeOf(report, check)).toMatchObject({
        reason: expect.stringMatching(reason),
        ...(code === undefined ? {} : { state: 'error', code }),
      });
      await expectHeld(machine);
    },
    TIMEOUT_MS,
  );

  it(
    'check runs out of memory',
    async () => {
      await using machine = await boot(command(['sleep', '30']), { waitFor: 'none' });
      await machine.waitForUnit('goodboot-check@probe.service', 'activating');
      await machine.oomKill('goodboot-check@probe.service');
      await machine.waitForJobs();
      expect(outcomeOf(await status(machine), 'probe')).toMatchObject({ state: 'error', code: 'CHECK_OOM' });
      await expectHeld(machine);
    },
    TIMEOUT_MS,
  );
});

describe('a verdict', () => {
  it(
    'is not cost by a wanted check, and names every failure',
    async () => {
      await using machine = await boot(
        'required: { units: [dbus.service] }\nwanted: { units: [one.service, two.service] }\nchecks: { wanted-units: { within: 1s } }\n',
      );
      const report = await status(machine);
      expect(report.verdict).toBe('good');
      expect(outcomeOf(report, 'wanted-units')).toMatchObject({
        state: 'fail',
        reason: expect.stringMatching(/one\.service.*two\.service/),
      });
      expect(await stateOf(machine, 'updater.service')).toBe('active');
    },
    TIMEOUT_MS,
  );

  it(
    'looks at units and quadlets that declare themselves',
    async () => {
      const declared = '[Service]\nExecStart=/bin/false\n[Install]\nWantedBy=goodboot-required.target\n';
      const quadlet = '[Container]\nImage=localhost/none:1\nPull=never\n[Install]\nWantedBy=goodboot-required.target\n';
      await using machine = await boot('', {
        podman: true,
        units: ['self.service'],
        files: { '/etc/systemd/system/self.service': declared, '/etc/containers/systemd/web.container': quadlet },
      });
      expect(outcomeOf(await status(machine), 'units')).toMatchObject({
        state: 'fail',
        reason: expect.stringMatching(/self\.service failed.*; web\.service/),
      });
    },
    TIMEOUT_MS,
  );

  it(
    'is made again when health comes back: then what waited is started',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', {
        units: ['app.service'],
        files: {
          '/etc/systemd/system/app.service': service('/bin/sh -c "test -e /run/uplink && exec sleep infinity"'),
        },
      });
      await expectHeld(machine);
      expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('active');
      await machine.sh('touch /run/uplink; systemctl start app.service; systemctl start goodboot-verdict.service');
      await machine.waitForJobs();
      expect((await status(machine)).verdict).toBe('good');
      expect(await stateOf(machine, 'boot-complete.target')).toBe('active');
      expect(await stateOf(machine, 'updater.service')).toBe('active');
      expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('inactive');
      expect(await variables(machine)).toBe('saved_entry=0\nboot_success=1\n');
    },
    TIMEOUT_MS,
  );

  it(
    'is made with all valid files when one is broken, and says which one is',
    async () => {
      await using machine = await boot('required: { units: [dbus.service] }\n', {
        files: {
          '/etc/goodboot/config.d/60-broken.yaml': 'apiVersion: goodboot/v1\nrequird: { units: [x.service] }\n',
        },
      });
      const report = await status(machine);
      expect(report).toMatchObject({ verdict: 'good', problems: [{ code: 'CONFIG_INVALID' }] });
      expect(report.problems[0]?.message).toMatch(/60-broken\.yaml:2:1 requird: unknown key.*did you mean required/);
      expect(await machine.sh('journalctl -b GOODBOOT_EVENT=config-problem -o cat')).toContain('60-broken.yaml:2:1');
      expect(outcomeOf(report, 'units')?.state).toBe('pass');
    },
    TIMEOUT_MS,
  );

  it.each([
    ['has 1000 bytes', COUNTING.slice(0, 1000), 'GRUBENV_INVALID'],
    ['is noise', Buffer.alloc(1024, 0xe5), 'GRUBENV_INVALID'],
  ])(
    'stands when the grubenv %s, and the file is left alone',
    async (_name, block, code) => {
      await using machine = await boot('required: { units: [dbus.service] }\n', { grubenv: block });
      const report = await status(machine);
      expect(report).toMatchObject({ verdict: 'good', actions: [{ action: { kind: 'mark-good' }, result: 'failed' }] });
      expect(report.problems).toContainEqual({ code, message: expect.stringContaining('/boot/grub2/grubenv') });
      expect(await machine.sh('wc -c </boot/grub2/grubenv')).toBe(`${block.length}\n`);
      expect(await stateOf(machine, 'boot-complete.target')).toBe('active');
    },
    TIMEOUT_MS,
  );

  it(
    'reboots a regression only when it was asked to, and only so often',
    async () => {
      await using machine = await boot(
        'onRegression: reboot\ntrial: { attempts: 2 }\nrequired: { units: [app.service] }\n',
        {
          waitFor: 'none',
          files: {
            '/etc/goodboot/config.d/90-quicker.yaml':
              'apiVersion: goodboot/v1\nchecks: { units: { within: 0s }, failed-units: false }\n',
          },
        },
      );
      await machine.rebooted();
      await machine.rebooted();
      await machine.waitForJobs();
      expect(await status(machine)).toMatchObject({ verdict: 'bad', actions: [{ action: { kind: 'hold' } }] });
      await machine.exec(['systemctl', 'start', 'goodboot-verdict.service']);
      expect(await status(machine)).toMatchObject({ verdict: 'bad', actions: [{ action: { kind: 'hold' } }] });
    },
    TIMEOUT_MS,
  );

  it(
    'is not disturbed by a person who runs checks at the same time',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', {
        waitFor: 'none',
        units: ['app.service'],
        files: {
          '/etc/systemd/system/app.service': service('/bin/sh -c "sleep 1; exec sleep infinity"', 'Type=simple'),
        },
      });
      await machine.waitForUnit('goodboot-check@units.service', 'activating');
      expect((await machine.exec(['goodboot', 'check', 'run', 'filesystem', 'units'])).exitCode).toBe(0);
      await machine.waitForJobs();
      expect(await status(machine)).toMatchObject({ verdict: 'good', actions: [{ result: 'done' }] });
    },
    TIMEOUT_MS,
  );

  it(
    'that is not there yet is not taken for a good one',
    async () => {
      await using machine = await bootMachine({
        goodboot: true,
        files: { '/etc/systemd/system/goodboot-verdict.service.d/never.conf': '[Unit]\nConditionPathExists=/never\n' },
      });
      expect(await machine.exec(['goodboot', 'status', '--json'])).toMatchObject({
        exitCode: 66,
        stdout: expect.stringContaining('NO_VERDICT'),
      });
    },
    TIMEOUT_MS,
  );

  it(
    'outlives systemd executing itself anew while the checks run',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', { waitFor: 'none' });
      await machine.waitForUnit('goodboot-check@units.service', 'activating');
      await machine.exec(['systemctl', 'daemon-reexec']);
      await machine.waitForJobs();
      const report = await status(machine);
      expect(outcomeOf(report, 'units')).toMatchObject({
        state: 'fail',
        reason: expect.stringMatching(/^app\.service does not exist/),
      });
      expect(report).toMatchObject({ verdict: 'bad', actions: [{ action: { kind: 'hold' } }] });
    },
    TIMEOUT_MS,
  );

  it(
    'that died is made again, and then starts what waited',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', {
        waitFor: 'none',
        grubenv: grubenv('saved_entry=0\n'), // with a counter this would be a trial, and the dead-man would reboot
        units: ['app.service'],
        files: { '/etc/systemd/system/app.service': service('/bin/sleep infinity') },
      });
      await machine.waitForUnit('goodboot-check@units.service', 'activating');
      await machine.sh('systemctl kill --signal=KILL --kill-whom=main goodboot-verdict.service');
      await machine.waitForJobs();
      expect(await stateOf(machine, 'boot-complete.target')).toBe('inactive');
      expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('active');
      await machine.sh('systemctl start goodboot-verdict.service');
      await machine.waitForJobs();
      expect(await stateOf(machine, 'updater.service')).toBe('active');
      expect(await stateOf(machine, 'goodboot-recheck.timer')).toBe('inactive');
    },
    TIMEOUT_MS,
  );

  it(
    'makes the user of its checks where the image lacks it: dbus-daemon turns away those that systemd makes up',
    async () => {
      await using machine = await boot('required: { units: [app.service] }\n', {
        units: ['app.service'],
        files: {
          '/etc/systemd/system/app.service': service('/bin/sleep infinity'),
          '/etc/systemd/system/systemd-sysusers.service': '',
        },
      });
      expect(outcomeOf(await status(machine), 'units')).toMatchObject({ state: 'pass' });
      await machine.sh('grep -q ^goodboot-check: /etc/passwd');
    },
    TIMEOUT_MS,
  );

  it(
    'could not tell when the unit of its checks is masked: it does not run them where they would see something else',
    async () => {
      await using machine = await boot('required: { units: [dbus.service] }\n', {
        files: { '/etc/systemd/system/goodboot-check@.service': '' },
      });
      const report = await status(machine);
      expect(report.verdict).toBe('indeterminate');
      expect(outcomeOf(report, 'filesystem')).toMatchObject({
        state: 'error',
        reason: expect.stringContaining('masked'),
      });
    },
    TIMEOUT_MS,
  );

  it(
    'is made on a /var that takes no write, and names it',
    async () => {
      const readOnly =
        '[Mount]\nWhat=tmpfs\nWhere=/var/lib\nType=tmpfs\nOptions=ro\n[Install]\nWantedBy=local-fs.target\n';
      await using machine = await boot(
        'checks: { filesystem: { within: 0s, paths: { /var/lib: { writable: probe } } } }\n',
        {
          units: ['var-lib.mount'],
          files: { '/etc/systemd/system/var-lib.mount': readOnly },
        },
      );
      const report = await status(machine);
      expect(outcomeOf(report, 'filesystem')).toMatchObject({
        state: 'fail',
        reason: expect.stringContaining('/var/lib'),
      });
      expect(report.verdict).toBe('bad');
      expect(await machine.sh('journalctl -b GOODBOOT_EVENT=ledger-unwritable -o cat')).toMatch(
        /cannot be kept: ledger \/var\/lib\/goodboot\/ledger.jsonl: .*(EROFS|ENOENT)/,
      );
    },
    TIMEOUT_MS,
  );

  it(
    'keeps to itself what the plan holds',
    async () => {
      const site = 'checks: { probe: { type: command, argv: ["true"], env: { TOKEN: very-secret } } }\n';
      await using machine = await boot(site);
      expect(outcomeOf(await status(machine), 'probe')?.state).toBe('pass');
      const seen = 'setpriv --reuid=65534 --regid=65534 --clear-groups grep -r very-secret /run/goodboot 2>&1 || true';
      expect(await machine.sh(seen)).not.toMatch(/TOKEN/);
    },
    TIMEOUT_MS,
  );
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { LAB_NODE } from '../lab/layer.ts';
import { bootMachine, type MachineOptions } from '../lab/machine.ts';
import { ensureRootfs } from '../lab/rootfs.ts';

const SUITES = [
  ['trixie', 'systemd 257'],
  ['bookworm', 'systemd 252'],
] as const;

vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  for (const [suite] of SUITES) await ensureRootfs(suite);
}, 600_000);

/** Asks for a good boot the way an updater on such systems does. */
const UPDATER = `[Unit]
Requires=boot-complete.target
After=boot-complete.target multi-user.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=true
[Install]
WantedBy=multi-user.target
`;

const oneshot = (command: string, wantedBy: string): string =>
  `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${command}\n[Install]\nWantedBy=${wantedBy}\n`;

/** Has a unit run a program of the lab. */
const instead = (program: string, argument = '') =>
  `[Service]\nExecStart=\nExecStart=${LAB_NODE} /usr/lib/stub/${program} ${argument}\n`;

/** A machine in which the verdict is a program that takes `verdictMs` and ends with `verdictExit`, and checks tell of their sandbox. */
const bootWithStub = async (
  stub: { readonly verdictMs: number; readonly verdictExit: number },
  units: Readonly<Record<string, string>>,
  options: MachineOptions,
) =>
  bootMachine({
    ...options,
    files: {
      ...Object.fromEntries(
        await Promise.all(
          ['check.mjs', 'verdict.mjs'].map(async (name) => {
            const text = await readFile(join(import.meta.dirname, '../lab/stub', name), 'utf8');
            return [`/usr/lib/stub/${name}`, text] as const;
          }),
        ),
      ),
      '/etc/systemd/system/goodboot-verdict.service.d/90-stub.conf': instead('verdict.mjs'),
      '/etc/systemd/system/goodboot-check@.service.d/90-stub.conf': instead('check.mjs', '%i'),
      '/etc/stub.json': JSON.stringify(stub),
      ...Object.fromEntries(Object.entries(units).map(([name, text]) => [`/etc/systemd/system/${name}`, text])),
    },
    units: Object.keys(units),
  });

describe.each(SUITES)('the units in %s (%s)', (suite) => {
  test('after a good verdict boot-complete.target is reached; multi-user.target does not wait for the verdict', async () => {
    const units = { 'updater.service': UPDATER, 'app.service': oneshot('sleep 2', 'goodboot-required.target') };
    await using machine = await bootWithStub({ verdictMs: 2000, verdictExit: 0 }, units, { suite, waitFor: 'running' });
    const at = async (unit: string) => Number((await machine.unit(unit))['ActiveEnterTimestampMonotonic']);
    const multiUser = await at('multi-user.target');
    expect(multiUser).toBeGreaterThan(0);
    expect(multiUser).toBeLessThan(await at('goodboot-verdict.service'));
    expect(multiUser).toBeLessThan(await at('app.service'));
    expect(await at('boot-complete.target')).toBeGreaterThanOrEqual(await at('goodboot-verdict.service'));
    expect(await at('updater.service')).toBeGreaterThan(await at('boot-complete.target'));
    expect((await machine.unit('goodboot-required.target'))['Wants']).toBe('app.service');
    expect(await machine.sh('journalctl -b -o cat')).not.toContain('ordering cycle');
  });

  test('after a bad verdict neither boot-complete.target nor what needs it is started, until the verdict is good', async () => {
    await using machine = await bootWithStub(
      { verdictMs: 0, verdictExit: 20 },
      { 'updater.service': UPDATER },
      { suite },
    );
    expect(await machine.unit('goodboot-verdict.service')).toMatchObject({
      ActiveState: 'failed',
      ExecMainStatus: '20',
    });
    expect(await machine.unit('multi-user.target')).toMatchObject({ ActiveState: 'active' });
    expect(await machine.unit('boot-complete.target')).toMatchObject({ ActiveState: 'inactive' });
    expect(await machine.unit('updater.service')).toMatchObject({
      ActiveState: 'inactive',
      ExecMainStartTimestampMonotonic: '0',
    });
    expect(await machine.sh('journalctl -b -o cat')).not.toContain('ordering cycle');

    await machine.write('/etc/stub.json', JSON.stringify({ verdictMs: 0, verdictExit: 0 }));
    await machine.sh('systemctl start boot-complete.target updater.service');
    expect(await machine.unit('updater.service')).toMatchObject({ ActiveState: 'active' });
  });

  test('greenboot, where it is enabled too, is skipped; nothing else is lost', async () => {
    const healthcheck = `${oneshot('false', 'multi-user.target')}RequiredBy=boot-complete.target\n[Unit]\nBefore=boot-complete.target\n`;
    const units = { 'updater.service': UPDATER, 'greenboot-healthcheck.service': healthcheck };
    await using machine = await bootWithStub({ verdictMs: 0, verdictExit: 0 }, units, { suite });
    expect(await machine.unit('updater.service')).toMatchObject({ ActiveState: 'active' });
    expect(await machine.unit('greenboot-healthcheck.service')).toMatchObject({ ConditionResult: 'no' });

    await machine.sh('systemctl disable goodboot-verdict.service');
    await machine.reboot();
    expect(await machine.unit('greenboot-healthcheck.service')).toMatchObject({ ActiveState: 'failed' });
  });

  test('the verdict is given while a unit keeps multi-user.target from being reached', async () => {
    const units = { 'stuck.service': oneshot('sleep infinity', 'multi-user.target') };
    await using machine = await bootWithStub({ verdictMs: 0, verdictExit: 0 }, units, { suite, waitFor: 'none' });
    await machine.waitForUnit('goodboot-verdict.service', 'active');
    expect(await machine.unit('multi-user.target')).toMatchObject({ ActiveState: 'inactive' });
  });

  test('a verdict that hangs ends with the machine, and does not hold up its shutdown', async () => {
    await using machine = await bootWithStub({ verdictMs: 600_000, verdictExit: 0 }, {}, { suite, waitFor: 'none' });
    await machine.waitForUnit('goodboot-verdict.service', 'activating');
    await machine.write('/etc/stub.json', JSON.stringify({ verdictMs: 0, verdictExit: 0 }));
    await machine.reboot();
    await machine.waitForUnit('goodboot-verdict.service', 'active');
  });
});

describe.each(SUITES)('a check unit in %s (%s)', (suite) => {
  test('is sandboxed by its type, without a reload; ends as its exit status says; and gets the time it asks for', async () => {
    await using machine = await bootWithStub({ verdictMs: 0, verdictExit: 0 }, {}, { suite });
    await machine.write('/run/goodboot/plan.json', '{}'); // the verdict writes it first
    const start = (name: string) => machine.exec(['systemctl', 'start', `goodboot-check@${name}.service`]);
    const result = async (name: string): Promise<unknown> =>
      JSON.parse(await machine.read(`/run/goodboot/results/${name}.json`));
    const addDropIn = (name: string, command: string) =>
      machine.sh(`d=/run/systemd/system/goodboot-check@${name}.service.d; mkdir "$d"; ${command} "$d/10-type.conf"`);

    for (const [type, root, network] of [
      ['units', false, false],
      ['network', false, true],
      ['http', false, true],
      ['tcp', false, true],
      ['time', false, false],
      ['kernel', true, false],
      ['filesystem', true, false],
      ['containers', true, true],
      ['command', true, true],
      ['greenboot', true, true],
    ] as const) {
      await addDropIn(type, `ln -s /usr/lib/goodboot/sandbox/${type}.conf`);
      expect(await start(type)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await result(type), type).toMatchObject({
        uid: root ? 0 : expect.toSatisfy((uid: number) => uid > 0),
        connectError: network ? 'ECONNREFUSED' : 'EAFNOSUPPORT',
        bus: 0,
        ip: ['network', 'containers', 'command', 'greenboot'].includes(type) ? 0 : 1,
        writesVar: ['filesystem', 'containers', 'command', 'greenboot'].includes(type),
      });
    }

    expect(await start('skips')).toMatchObject({ exitCode: 0 });
    expect(await start('fails')).toMatchObject({ exitCode: 1 });
    expect(await machine.unit('goodboot-check@fails.service')).toMatchObject({
      Result: 'exit-code',
      ExecMainStatus: '20',
    });

    const oneSecond = "printf '[Service]\\nTimeoutStartSec=1s\\n' >";
    await addDropIn('long', oneSecond);
    await addDropIn('long-extends', oneSecond);
    await start('long');
    expect(await machine.unit('goodboot-check@long.service')).toMatchObject({ Result: 'timeout' });
    expect(await start('long-extends')).toMatchObject({ exitCode: 0 });
    expect(await start('floods')).toMatchObject({ exitCode: 1 });
    expect(Number(await machine.sh('stat -c %s /run/goodboot/results/floods.json'))).toBe(2 * 1024 * 1024);
  });
});

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { newTrial } from '../../src/core/trial.ts';
import { fencesOf } from '../docs/markdown.ts';
import { buildExecutable, makeDirectory } from '../helpers/cli.ts';
import { deployed } from '../lab/deployed.ts';
import { PROGRAMS } from '../lab/layer.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';
import { must, run } from '../lab/run.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

const TIMEOUT_MS = 180_000;
const PAGE = resolve(import.meta.dirname, '../../docs/how-to/install-by-hand.md');
/** Nothing that waits: what is looked at is how goodboot gets there and away. */
const SITE = `apiVersion: goodboot/v1
bootLoader: grub
required: { units: [dbus.service] }
checks: { network: false, failed-units: false, time: false, units: { within: 5s, stable: 0s } }
`;
const GRUBENV = '# GRUB Environment Block\nsaved_entry=0\n'.padEnd(1024, '#');
const SITE_FILE = '/etc/goodboot/config.d/50-site.yaml';
/** What a release is, in a directory of the machine: its files are unpacked by the steps of the page. */
const RELEASE = '/var/release';

/** The three parts of the page, in their order. */
async function steps(): Promise<readonly string[]> {
  const fences = fencesOf(await readFile(PAGE, 'utf8'));
  return fences.filter(({ marks }) => marks.includes('by-hand')).map(({ text }) => text);
}

/** Every path that an installation could touch; what runs meanwhile writes journals, and results in /run. */
const tree = (machine: Machine): Promise<string> =>
  machine.sh(
    'find /etc /usr /boot /var/lib /run/goodboot /run/motd.d/* /run/issue.d/* -not -path "/var/lib/systemd/*" 2>/dev/null | sort',
  );

test(
  'as the page says: goodboot comes onto a running node, judges its boots, and goes again',
  async () => {
    await buildExecutable();
    await using machine = await bootMachine({
      goodboot: false,
      grubenv: GRUBENV,
      timeoutMs: 60_000,
      files: {
        [SITE_FILE]: SITE,
        '/boot/grub2/grub.cfg': 'if [ -f $prefix/custom.cfg ]; then source $prefix/custom.cfg; fi\n',
      },
    });
    await release(machine);
    const before = await tree(machine);
    const passwd = await machine.read('/etc/passwd');
    const [installed, looked, removed] = await steps();

    const said = await machine.sh(`cd ${RELEASE}; ${installed}`, { timeoutMs: 60_000 });
    expect(said).toMatch(
      /goodboot \S+ is installed in \/usr\/local: \d+ changes\nnext: goodboot install-grub; goodboot doctor\n$/,
    );
    await machine.sh('goodboot install-grub');
    await machine.waitForUnit('goodboot-verdict.service', 'active');
    expect(await machine.sh(looked!)).toMatch(/verdict +good/);
    expect(
      await machine.sh(
        'systemctl show --property=SubState --value goodboot-arm.path goodboot-begin.service goodboot-end.service',
      ),
    ).toBe('waiting\n\nexited\n\nexited\n');
    await machine.sh('systemctl disable --now goodboot-doctor.path');
    expect(await machine.sh('goodboot install')).toMatch(/: nothing to change\n/);
    const doctor = await machine.sh('systemctl is-enabled goodboot-verdict.service goodboot-doctor.path || true');
    expect(doctor.split(/\s+/)).toEqual(['enabled', 'disabled', '']);
    expect((await machine.unit('goodboot-doctor.path'))['ActiveState']).toBe('inactive');

    await machine.reboot();
    await machine.waitForUnit('goodboot-verdict.service', 'active');
    expect(await machine.sh('goodboot status; goodboot history')).toMatch(/verdict +good[\s\S]*shut down/);
    expect(await machine.sh('man -w goodboot 2>/dev/null || ls /usr/local/share/man/man8')).toMatch(/goodboot\.8/);
    expect(await machine.sh('journalctl -x -b -t goodboot | grep -c "^-- "')).not.toBe('0\n');

    // One that was cut short before has left this.
    const units = 'goodboot-doctor.path goodboot-drill.service';
    await machine.sh(`systemctl stop ${units}; cd /etc/systemd/system; rm ${units}; systemctl daemon-reload`);
    const gone = await machine.sh(removed!);
    expect(gone).toContain(`kept ${SITE_FILE}\n`);
    expect(gone).toMatch(/goodboot is taken out\n$/);
    const left = new Set((await tree(machine)).split('\n'));
    for (const path of before.split('\n')) left.delete(path);
    // The time of the reboot is left by systemd itself.
    expect([...left].filter((path) => !/^\/var\/lib\/(?:private|dbus)/.test(path))).toEqual([
      '/var/lib/goodboot',
      '/var/lib/goodboot/ledger.jsonl',
    ]);
    expect(await machine.read('/etc/passwd')).toBe(passwd);
    expect(await machine.sh('systemctl list-units --all --no-legend "goodboot*" --state=loaded')).toBe('');
    expect(await machine.sh('cat /boot/grub2/grubenv')).not.toContain('goodboot_');
    await machine.reboot();
    expect(await machine.sh('systemctl --failed --no-legend; ls /var/lib/goodboot')).toBe('ledger.jsonl\n');
  },
  TIMEOUT_MS,
);

test(
  'an upgrade in a trial: the trial goes on, and goodboot is not taken out of it',
  async () => {
    const [old, next] = [checksumOf(1), checksumOf(2)];
    const trial = newTrial({ deployment: next, from: old, attempts: 3 });
    const options = await deployed('2* 1', { trial });
    await using machine = await bootMachine({
      ...options,
      waitFor: 'none', // the soak is a part of its boot
      grubenv: GRUBENV.replace('saved_entry=0\n', 'boot_counter=2\nboot_success=0\ngoodboot_counter=2\n')
        .slice(0, 1024)
        .padEnd(1024, '#'),
      timeoutMs: 60_000,
      files: { ...options.files, [SITE_FILE]: `${SITE}trial: { soak: 1h }\n` },
    });
    await machine.waitForUnit('goodboot-begin.service', 'active');
    const state = () => machine.read('/var/lib/goodboot/state.json');
    const before = JSON.parse(await state());
    expect(before.trial).toMatchObject({ deployment: next });

    // As an older release would have it: another program, another unit, one that is no more.
    await machine.sh(`cp /usr/libexec/goodboot/goodboot /root/newer; cp /usr/libexec/goodboot/libatomic.so.1 /root/
    mkdir /root/release; mv /root/newer /root/release/goodboot; mv /root/libatomic.so.1 /root/release/
    cp /root/release/goodboot /root/older; printf older >>/root/older; mv /root/older /usr/libexec/goodboot/goodboot
    echo '# older' >>/usr/lib/systemd/system/goodboot-arm.service
    echo '[Unit]' >/usr/lib/systemd/system/goodboot-gone.service
    sed -i 's:"/usr/lib/systemd/system/goodboot-arm.path",:&"/usr/lib/systemd/system/goodboot-gone.service",:' /usr/lib/goodboot/installed.json`);
    const granted = '/run/systemd/system/goodboot-verdict.service.d/20-time.conf';
    await machine.sh(`until [ -e ${granted} ]; do sleep 0.1; done`, { timeoutMs: 60_000 });
    const verdict = await machine.unit('goodboot-verdict.service');
    const said = await machine.sh('/root/release/goodboot install --prefix /usr', { timeoutMs: 60_000 });
    expect(said).toContain(`${next} is on trial, and stays so\n`);
    expect(
      await machine.sh(
        'cmp /root/release/goodboot /usr/libexec/goodboot/goodboot; cat /usr/lib/systemd/system/goodboot-arm.service',
      ),
    ).not.toContain('# older');
    expect(await machine.sh('ls /usr/lib/systemd/system')).not.toContain('goodboot-gone');
    // The verdict, or the soak, that was under way goes on in the program that began it.
    expect((await machine.unit('goodboot-verdict.service'))['InvocationID']).toBe(verdict['InvocationID']);
    // systemd has read its units anew, and forgot how long the verdict asked to be let: the soak, two deadlines, and 5 min.
    expect((await machine.unit('goodboot-verdict.service'))['TimeoutStartUSec']).toBe('1h 35min');
    expect(JSON.parse(await state()).trial).toMatchObject({
      deployment: next,
      counted: before.trial.counted,
      phase: 'armed',
    });

    const refused = await machine.exec(['goodboot', 'uninstall']);
    expect(refused).toMatchObject({ exitCode: 75, stderr: expect.stringMatching(/is on trial.*\[INSTALL_REFUSED\]/) });
    expect(await machine.sh('goodboot install --prefix /usr')).toMatch(/nothing to change/);

    await machine.write('/var/lib/goodboot/state.json', 'damaged');
    expect(await machine.sh('goodboot install --prefix /usr')).toContain(
      'it cannot be told whether a deployment is on',
    );
    expect((await machine.exec(['goodboot', 'uninstall'])).stderr).toContain('[STATE_UNREADABLE]');
  },
  TIMEOUT_MS,
);

test('make install lays out a part of an image', async () => {
  await buildExecutable();
  await using image = await makeDirectory();
  const repo = resolve(import.meta.dirname, '../..');
  await must(['make', '--silent', `--directory=${repo}`, 'install', `DESTDIR=${image.path}`], { timeoutMs: 60_000 });
  const { stdout } = await run([join(image.path, 'usr/bin/goodboot'), '--root', image.path, 'install', '--dry-run']);
  expect(stdout).toMatch(/would be installed in \/usr: nothing to change\n$/);
});

/** Puts a release into the machine, as it would be downloaded. */
async function release(machine: Machine): Promise<void> {
  const machineName = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const root = `/proc/${machine.leader}/root`;
  await must(['mkdir', root + RELEASE]);
  const program = `${root}${RELEASE}/goodboot-0.1.0-${machineName}.gz`;
  await must(['sh', '-euc', 'gzip -1 <"$0" >"$1"', join(PROGRAMS, 'goodboot'), program], { timeoutMs: 60_000 });
  await must(['cp', join(PROGRAMS, 'libatomic.so.1'), `${root}${RELEASE}/libatomic-0.1.0-${machineName}.so.1`]);
  await machine.sh(
    `cd ${RELEASE}; sha256sum -- * >/var/sums; mv /var/sums SHA256SUMS; echo "${'0'.repeat(64)}  of-another" >>SHA256SUMS`,
  );
}

import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bootMachine } from '../lab/machine.ts';

const TIMEOUT_MS = 60_000;
const MOTD = '/run/motd.d/boot-status';
const ISSUES = '/run/issue.d';
const SITE = `apiVersion: goodboot/v1
bootLoader: noop
checks:
  network: false
  failed-units: false
  units: false
  app: { type: command, required: true, argv: [sh, -c, 'test -e /var/mended || { printf %s "no \\n licence" >&2; exit 3; }'] }
`;
/** A prompt as on a console, with all that it ever showed in a file. Nobody types: the end of input would be the end of it. */
const PROMPT = `[Service]
ExecStart=/bin/sh -c 'sleep 100 | script --quiet --flush --command "/usr/sbin/agetty --noclear --nohostname - linux" /var/prompt'
`;

test(
  'a boot that is not good is told at login and above a prompt that waits; both change when it becomes good',
  async () => {
    await using machine = await bootMachine({
      files: { '/etc/goodboot/config.d/50-site.yaml': SITE, '/etc/systemd/system/prompt.service': PROMPT },
      timeoutMs: TIMEOUT_MS,
    });
    await machine.waitForUnit('goodboot-verdict.service', 'failed');
    const told = 'this boot is BAD: app: ';
    expect(await machine.read(MOTD)).toMatch(/^Boot Status is RED.*\n {2}required app: .*licence/);
    expect(await machine.sh(`cat ${ISSUES}/*.issue`)).toContain(told);

    await machine.sh(': >/var/prompt; systemctl start prompt.service');
    const prompts = async () => (await machine.read('/var/prompt')).replaceAll('\r', '').split(/ ?login: /);
    const until = async (count: number) => {
      for (const end = Date.now() + 15_000; Date.now() < end; await delay(100)) {
        if ((await prompts()).length > count) return (await prompts())[count - 1];
      }
      throw new Error(`no prompt ${count}: ${JSON.stringify(await prompts())}`);
    };
    const first = await until(1);
    expect(first).toContain(`goodboot: ${told}`);
    expect(first).toContain('no \\n licence');

    await machine.sh('touch /var/mended; systemctl start goodboot-verdict.service');
    expect(await until(2)).not.toContain('goodboot');
    expect(await machine.sh(`ls ${ISSUES}`)).toBe('');
    expect(await machine.read(MOTD)).toBe('Boot Status is GREEN - Health Check SUCCESS\n');
    expect(await machine.sh('journalctl -b -u goodboot-verdict.service -p warning -o cat')).not.toMatch(/login|issue/);
  },
  TIMEOUT_MS,
);

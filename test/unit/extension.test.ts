import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../lab/run.ts';

const SCRIPT = resolve(import.meta.dirname, '../../dist/sysext/extension');
const MERGED = {
  'usr/lib/extension-release.d/extension-release.goodboot': '',
  'usr/libexec/goodboot/goodboot': '#!/bin/sh\n',
};
const IMAGE = 'var/lib/extensions/goodboot.raw';
const MISSED = 'run/goodboot/extension-missed';
const [RELOAD, START] = ['daemon-reload', 'start --no-block goodboot-extension.target'];

/** Notes what it is asked to do; what it is asked to tell is in files. */
const SYSTEMCTL = `#!/bin/sh
case "$*" in
  'show --property=Requires --value boot-complete.target') read -r line <"\${0%/*}/../requires"; echo "$line" ;;
  'show --property=ActiveState --value systemd-sysext.service') read -r line <"\${0%/*}/../sysext"; echo "$line" ;;
  *) echo "$@" >>"\${0%/*}/../asked"; test ! -e "\${0%/*}/../deaf" ;;
esac
`;

let root = '';
afterEach(() => rm(root, { recursive: true, force: true }));

async function extension(shell: readonly string[], files: Readonly<Record<string, string>>) {
  root = await mkdtemp(join(tmpdir(), 'goodboot-extension-'));
  const all = { asked: '', requires: 'sysinit.target\n', sysext: 'active\n', 'bin/systemctl': SYSTEMCTL, ...files };
  for (const [path, content] of Object.entries({ ...all, 'bin/systemd-tmpfiles': '#!/bin/sh\n' })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    if (content.startsWith('#!')) await chmod(join(root, path), 0o755);
  }
  const ran = await run(['env', '-i', `PATH=${root}/bin:/bin`, ...shell, SCRIPT, root]);
  const asked = (await readFile(join(root, 'asked'), 'utf8')).split('\n').filter(Boolean);
  return { ...ran, asked };
}

describe.each([
  ['dash', ['/bin/dash']],
  ['bash as sh', ['/bin/bash', '--posix']],
])('what starts the units of the extension, in %s', (_shell, argv) => {
  test.each([
    ['systemd has not looked again', {}, [RELOAD, START]],
    ['systemd-sysext had it look again', { requires: 'sysinit.target goodboot-verdict.service\n' }, [START]],
    ['it was missing before', { [MISSED]: '' }, [RELOAD, 'start goodboot-recheck.timer', START]],
  ])('starts them where it is merged: %s', async (_name, files, asked) => {
    expect(await extension(argv, { ...MERGED, ...files })).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
      asked,
    });
    await expect(stat(join(root, MISSED))).rejects.toThrow('ENOENT');
  });

  test('fails when systemd does not do it', async () => {
    expect(await extension(argv, { ...MERGED, deaf: '' })).toMatchObject({ exitCode: 1, asked: [RELOAD] });
  });

  test.each([
    ['there is no /var/lib/extensions/goodboot.raw', {}],
    ['systemd-sysext did not take /var/lib/extensions/goodboot.raw', { [IMAGE]: '' }],
    ['systemd-sysext.service failed', { [IMAGE]: '', sysext: 'failed\n' }],
    [
      'systemd-sysext did not take /var/lib/extensions/goodboot.raw',
      { ...MERGED, [IMAGE]: '', 'usr/libexec/goodboot/goodboot': '' },
    ],
  ])('starts nothing where it is not, and says it: %s', async (why, files) => {
    expect(await extension(argv, files)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `<3>goodboot's extension is not merged: this boot is not judged (${why})\n`,
      asked: [],
    });
    expect(await readFile(join(root, 'run/motd.d/boot-status'), 'utf8')).toContain(why);
    await stat(join(root, MISSED));
  });
});

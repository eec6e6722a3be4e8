import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, goodboot, grubenvOf, jsonOf, makeDirectory, makeGrubenv } from '../helpers/cli.ts';

beforeAll(build, 60_000);

const SITE = 'apiVersion: goodboot/v1\nrequired: { units: [app.service] }\n';
const BROKEN = 'apiVersion: goodboot/v1\nrequird: { units: [app.service] }\n';

const below = (root: string, ...args: readonly string[]) => goodboot(['--root', root, ...args]);

test.each(['status', 'history', 'mark good', 'config check', 'check list'])(
  '%s of a directory that does not exist is an error',
  async (command) => {
    const ran = await below('/nonexistent', ...command.split(' '));
    expect(ran).toMatchObject({ exitCode: 66, stdout: '' });
    expect(ran.stderr).toContain('--root /nonexistent: a directory was wanted [FILE_UNREADABLE]');
  },
);

describe('config', () => {
  test('is that of the directory, with the origin of each value', async () => {
    await using root = await makeDirectory({ 'etc/goodboot/config.yaml': SITE });
    const { exitCode, stdout, stderr } = await below(root.path, 'config', 'show', '--origins');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('app.service: true # /etc/goodboot/config.yaml:2:');
    expect(stdout).toContain('onRegression: hold # default');
    expect(jsonOf(await below(root.path, 'config', 'show', '--json'))).toMatchObject({ kind: 'Config' });
  });

  test('that is shown means the same when it is read again', async () => {
    await using root = await makeDirectory({ 'etc/goodboot/config.yaml': SITE });
    const { stdout } = await below(root.path, 'config', 'show');
    await using copy = await makeDirectory({ 'usr/lib/goodboot/config.yaml': stdout });
    const checks = async (path: string) => (await below(path, 'check', 'list', '--json')).stdout;
    expect(await checks(copy.path)).toBe(await checks(root.path));
  });

  test('with a broken file is not valid: exit status 78, with the line and the nearest key', async () => {
    await using root = await makeDirectory({ 'etc/goodboot/config.yaml': BROKEN });
    const { exitCode, stdout, stderr } = await below(root.path, 'config', 'check');
    expect({ exitCode, stderr }).toEqual({ exitCode: 78, stderr: '' });
    expect(stdout).toMatch(
      /^error: \/etc\/goodboot\/config\.yaml:2:1 requird: unknown key \(did you mean required\?\)/,
    );
    const told = jsonOf(await below(root.path, 'config', 'check', '--json'));
    expect(told).toMatchObject({ kind: 'ConfigCheck', valid: false, problems: [{ line: 2, path: 'requird' }] });
  });

  test('with a broken file is used without it, and says so on stderr', async () => {
    await using root = await makeDirectory({ 'etc/goodboot/config.yaml': BROKEN });
    const { exitCode, stdout, stderr } = await below(root.path, 'check', 'list');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^units +units +required +within 2 m, stable for 10 s$/m);
    expect(stderr).toContain('config.yaml:2:1 requird: unknown key');
  });

  test('of a file that is about to ship is checked over the directory, not over this machine', async () => {
    await using root = await makeDirectory({ 'etc/goodboot/config.yaml': `${SITE}trial: { deadline: 10m }\n` });
    await using shipped = await makeDirectory({
      '60-good.yaml': 'apiVersion: goodboot/v1\nchecks: { units: { within: 1m } }\n',
      '60-long.yaml': 'apiVersion: goodboot/v1\nchecks: { units: { within: 14m } }\n',
      '61-bad.yaml': BROKEN,
    });
    const check = (name: string) => below(root.path, 'config', 'check', join(shipped.path, name));
    expect(await check('60-good.yaml')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^valid: /) });
    expect(await check('60-long.yaml')).toMatchObject({
      exitCode: 78,
      stdout: expect.stringContaining('less than trial.deadline (10 m)'),
    });
    expect(await check('61-bad.yaml')).toMatchObject({
      exitCode: 78,
      stdout: expect.stringContaining('61-bad.yaml:2:1'),
    });
    expect(await check('62-none.yaml')).toMatchObject({
      exitCode: 78,
      stdout: expect.stringContaining('does not exist'),
    });
  });

  test('that nobody wrote is valid: the built-in defaults', async () => {
    await using root = await makeDirectory();
    expect(await below(root.path, 'config', 'check')).toMatchObject({
      exitCode: 0,
      stdout: 'valid: the built-in defaults\n',
      stderr: '',
    });
  });
});

describe('mark', () => {
  const armed = async (files = {}) => {
    const root = await makeDirectory(files);
    const grubenv = join(root.path, 'boot/grub2/grubenv');
    await makeGrubenv(grubenv, ['saved_entry=0', 'boot_counter=2', 'boot_success=0']);
    return { ...root, grubenv };
  };

  test('good ends the counting, in the real block; asking twice is fine and changes nothing', async () => {
    await using root = await armed();
    const first = await below(root.path, 'mark', 'good', '--json');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(jsonOf(first)).toMatchObject({ mark: 'good', changed: true, bootLoader: { counter: null, success: true } });
    expect(await grubenvOf(root.grubenv)).toBe('saved_entry=0\nboot_success=1\n');

    const block = await readFile(root.grubenv);
    const second = await below(root.path, 'mark', 'good');
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.stdout).toMatch(/^this boot was marked good before: nothing changed\n/);
    expect(await readFile(root.grubenv)).toEqual(block);
  });

  test('bad leaves the counter to the boot loader', async () => {
    await using root = await armed();
    await below(root.path, 'mark', 'good');
    expect(await below(root.path, 'mark', 'bad')).toMatchObject({ exitCode: 0 });
    expect(await grubenvOf(root.grubenv)).toBe('saved_entry=0\nboot_success=0\n');
  });

  test('is remembered once for each change', async () => {
    await using root = await armed();
    for (const mark of ['good', 'good', 'bad']) await below(root.path, 'mark', mark);
    expect(jsonOf(await below(root.path, 'history', '--json'))).toMatchObject({
      records: [
        { event: 'mark', mark: 'good', by: 'operator', result: 'done' },
        { event: 'mark', mark: 'bad', by: 'operator', result: 'done' },
      ],
    });
  });

  test('is made also when it cannot be remembered, and says so', async () => {
    await using root = await armed({ 'var/lib': 'not a directory' });
    const { exitCode, stderr } = await below(root.path, 'mark', 'good');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: the mark is made, but not recorded: .* \[LEDGER_/);
    expect(await grubenvOf(root.grubenv)).toBe('saved_entry=0\nboot_success=1\n');
  });

  test.each([
    ['has no boot loader', {}, 69, 'BOOT_LOADER_UNSUPPORTED'],
    ['has no block', { 'boot/grub2/grub.cfg': '' }, 66, 'GRUBENV_MISSING'],
    ['has a block of 1000 bytes', { 'boot/grub2/grubenv': 'x'.repeat(1000) }, 65, 'GRUBENV_INVALID'],
    ['has a block of noise', { 'boot/grub2/grubenv': Buffer.alloc(1024, 0xe5) }, 65, 'GRUBENV_INVALID'],
  ])('is refused where the system %s', async (_, files, exitCode, code) => {
    await using root = await makeDirectory(files);
    const ran = await below(root.path, 'mark', 'good');
    expect(ran).toMatchObject({ exitCode, stdout: '' });
    expect(ran.stderr).toMatch(new RegExp(`^goodboot: .* \\[${code}\\]\nhint: .+\n$`));
  });
});

describe('history', () => {
  const line = (seq: number, mark: string): string =>
    `${JSON.stringify({ v: 1, seq, time: '2026-11-21T09:45:11.519Z', event: 'mark', bootId: 'b'.repeat(32), mark, by: 'operator', result: 'done' })}\n`;
  const LEDGER = 'var/lib/goodboot/ledger.jsonl';

  test('is a line for each event, oldest first, and at most as many as wanted', async () => {
    await using root = await makeDirectory({ [LEDGER]: line(1, 'good') + line(2, 'bad') + line(3, 'good') });
    const { exitCode, stdout } = await below(root.path, 'history', '-n', '2');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      '2026-11-21T09:45:11Z  bbbbbbbb  mark  bad   by the operator, done\n' +
        '2026-11-21T09:45:11Z  bbbbbbbb  mark  good  by the operator, done\n',
    );
  });

  test('with a torn last line is whole up to there, and warns', async () => {
    const torn = line(2, 'bad').slice(0, -20);
    await using root = await makeDirectory({ [LEDGER]: line(1, 'good') + torn });
    const ran = await below(root.path, 'history', '--json');
    expect(ran.exitCode).toBe(0);
    expect(jsonOf(ran)).toMatchObject({ records: [{ seq: 1 }], damage: [expect.stringContaining('torn')] });
    expect(ran.stderr).toMatch(/^warning: .*the last line is torn/);
    expect(await readFile(join(root.path, LEDGER), 'utf8')).toBe(line(1, 'good') + torn);
  });

  test('of a node that was never judged is empty, and no error', async () => {
    await using root = await makeDirectory();
    expect(await below(root.path, 'history')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^nothing yet/),
      stderr: '',
    });
    expect(jsonOf(await below(root.path, 'history', '--json'))).toMatchObject({ kind: 'History', records: [] });
  });

  test('that cannot be read is an error', async () => {
    await using root = await makeDirectory({ [`${LEDGER}/file`]: '' });
    const ran = await below(root.path, 'history');
    expect(ran).toMatchObject({ exitCode: 74, stdout: '', stderr: expect.stringContaining('[LEDGER_UNREADABLE]') });
  });
});

describe('status', () => {
  test('is no answer where nothing was judged yet', async () => {
    await using root = await makeDirectory();
    const ran = await below(root.path, 'status', '--json');
    expect(ran).toMatchObject({ exitCode: 66, stderr: '' });
    expect(jsonOf(ran)).toMatchObject({ kind: 'Error', code: 'NO_VERDICT' });
  });

  test('of a damaged verdict is an error that names the file', async () => {
    await using root = await makeDirectory({ 'run/goodboot/verdict.json': '{"apiVersion":"goodboot/v1"' });
    const ran = await below(root.path, 'status');
    expect(ran).toMatchObject({
      exitCode: 66,
      stdout: '',
      stderr: expect.stringContaining('/run/goodboot/verdict.json'),
    });
  });
});

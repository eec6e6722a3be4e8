import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opened, translated } from '../helpers/butane.ts';
import { build, type Directory, goodboot, makeDirectory } from '../helpers/cli.ts';
import { makeRelease, validate } from '../lab/ignition.ts';

const STUB = resolve(import.meta.dirname, '../lab/stub');
const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
const BASE = 'https://files.example.org/goodboot';
const TOKEN = 'sesame-5f0c';

let made: Directory;
beforeAll(async () => {
  await build();
  made = await makeDirectory({
    token: `${TOKEN}\n`,
    'two-lines': 'sesame\nsesame\n',
    empty: '',
    '50-site.yaml': 'apiVersion: goodboot/v1\ntrial: { attempts: 1 }\n',
    '60-broken.yaml': 'apiVersion: goodboot/v1\ntrail: {}\n',
    '20-provision.yaml': '',
    'site.yml': '',
    'not.ign': '{"ignition":{"version":"2.2.0"}}',
    'other/release.json': JSON.stringify({ version: '99', architectures: {} }),
    'later/release.json': '',
  });
  await makeRelease(join(made.path, 'release'), { programs: STUB, version });
  await makeRelease(join(made.path, 'later'), { programs: STUB, version: '99.0.0' });
}, 60_000);
afterAll(() => made[Symbol.asyncDispose]());

/** What is printed; FILE stands for a file of the directory. */
const provision = (line: string) =>
  goodboot(['provision', ...line.split(' ').map((word) => word.replace(/^FILE:/, `${made.path}/`))]);
const GENERIC = `--base-url ${BASE} --release FILE:release`;

const NODES = [
  ['nothing but goodboot', GENERIC],
  [
    'everything that a node can be given',
    `${GENERIC} --required-unit app.service data.mount --required-unit a@1.service --required-container web root/db ` +
      '--collector https://collector.example.org --group shops.eu --enrolment-token-file FILE:token --config FILE:50-site.yaml',
  ],
  ['nodes whose boot loader is left alone', `${GENERIC} --no-grub --required-unit app.service`],
  [
    'what belongs to a node, and a config that is merged',
    '--merge-url https://files.example.org/generic.ign?v=1 --merge-file FILE:generic.ign --group shops',
  ],
] as const;

describe.each(NODES)('%s', (_what, line) => {
  test('is a config that ignition-validate accepts, and the same as Butane would make', async () => {
    const generic = await provision(`--format ignition ${GENERIC}`);
    await using served = await makeDirectory({ 'generic.ign': generic.stdout });
    const given = line.replace('FILE:generic.ign', `${served.path}/generic.ign`);
    const ignition = await provision(`--format ignition ${given}`);
    expect(ignition.exitCode, ignition.stderr).toBe(0);
    await validate(ignition.stdout);
    const butane = await provision(`--format butane ${given}`);
    expect(translated(butane.stdout)).toEqual(opened(JSON.parse(ignition.stdout)));
    expect(butane.stdout).not.toMatch(/^ *mode: (?!0[0-7]{3}$)/m);
  });
});

/** The config of Ignition that is printed, texts opened. */
async function config(line: string) {
  const { exitCode, stdout, stderr } = await provision(`--format ignition ${line}`);
  expect(exitCode, stderr).toBe(0);
  return { stderr, printed: stdout, ...(opened(JSON.parse(stdout)) as Config) };
}
interface Config {
  readonly ignition: object;
  readonly storage: Readonly<Record<string, readonly { readonly path: string; readonly [key: string]: unknown }[]>>;
  readonly systemd?: { readonly units: readonly { readonly name: string; readonly enabled?: boolean }[] };
}
const fileOf = ({ storage }: Config, path: string) => storage['files']?.find((file) => file.path === path);

test('the programs are fetched, compared with their digests, and everything else is in the config', async () => {
  const found = await config(GENERIC);
  const about = JSON.parse(readFileSync(join(made.path, 'release/release.json'), 'utf8')).architectures.x86_64;
  expect(fileOf(found, '/usr/local/libexec/goodboot/bin/goodboot')).toEqual({
    path: '/usr/local/libexec/goodboot/bin/goodboot',
    mode: 0o755,
    overwrite: true,
    contents: {
      source: `${BASE}/goodboot-${version}-x86_64.gz`,
      compression: 'gzip',
      verification: { hash: `sha256-${about.goodboot.sha256}` },
    },
  });
  const fetched = found.storage['files']!.filter(
    ({ contents }) => contents !== undefined && 'source' in Object(contents),
  );
  expect(fetched.map(({ path }) => path)).toEqual([
    '/usr/local/libexec/goodboot/bin/libatomic.so.1',
    '/usr/local/libexec/goodboot/bin/goodboot',
  ]);
});

test('what a node requires is in a drop-in, the token where systemd keeps credentials, and nowhere else', async () => {
  const found = await config(NODES[1][1]);
  expect(fileOf(found, '/etc/goodboot/config.d/20-provision.yaml')?.['contents']).toEqual({
    inline: `apiVersion: goodboot/v1
required:
  units:
    - app.service
    - data.mount
    - a@1.service
  containers:
    - web
    - root/db
report:
  collector: https://collector.example.org
  group: shops.eu
`,
  });
  expect(fileOf(found, '/etc/goodboot/config.d/50-site.yaml')?.['contents']).toEqual({
    inline: 'apiVersion: goodboot/v1\ntrial: { attempts: 1 }\n',
  });
  const token = fileOf(found, '/etc/credstore/goodboot.enrolment-token');
  expect(token).toMatchObject({ mode: 0o600, contents: { inline: TOKEN } });
  expect(found.storage['directories']).toEqual([{ path: '/etc/credstore', mode: 0o700 }]);
  expect(found.printed.split(TOKEN).length).toBe(2);
  expect(found.stderr).toMatch(/warning: the config holds the enrolment token/);
  expect(found.stderr).not.toContain(TOKEN);
});

test('a config that is merged is named with its digest, and nothing of it is printed again', async () => {
  const generic = '{"ignition":{"version":"3.3.0"}}';
  await using served = await makeDirectory({ 'generic.ign': generic });
  const found = await config(`--merge-url ${BASE}/generic.ign --merge-file ${served.path}/generic.ign --group shops`);
  const hash = `sha512-${createHash('sha512').update(generic).digest('hex')}`;
  const merge = [{ source: `${BASE}/generic.ign`, verification: { hash } }];
  expect(found.ignition).toEqual({ version: '3.3.0', config: { merge } });
  expect(found.storage['files']!.map(({ path }) => path)).toEqual(['/etc/goodboot/config.d/20-provision.yaml']);
  expect(found.systemd).toBeUndefined();
});

test('/boot is mounted for Ignition, and never made anew', async () => {
  expect((await config(GENERIC)).storage['filesystems']).toEqual([
    { device: '/dev/disk/by-label/boot', format: 'ext4', path: '/boot', wipeFilesystem: false },
  ]);
});

test('GRUB is left alone where that is said', async () => {
  const { storage } = await config(`${GENERIC} --no-grub`);
  expect(storage['filesystems']).toBeUndefined();
  expect(storage['files']!.filter(({ path }) => path.startsWith('/boot'))).toEqual([]);
});

test('the size is told, and what clouds take', async () => {
  const { stderr, printed } = await config(GENERIC);
  expect(printed.length).toBeLessThan(128 * 1024);
  expect(stderr).toMatch(/^the config has \d+ KiB; clouds take so much user data: AWS 16 KiB, /m);
  expect(stderr).toMatch(/^hint: .*--merge-url/m);
});

const REFUSED = [
  ['no format', GENERIC, 64, "'--format <format>' not specified"],
  ['another format', `--format json ${GENERIC}`, 64, "'json' is invalid"],
  ['--json', `--json --format ignition ${GENERIC}`, 64, '--json has no meaning'],
  ['no address', '--format ignition --release FILE:release', 64, '--base-url is wanted'],
  ['no address at all', '--format ignition --base-url files --release FILE:release', 64, 'an address such as'],
  ['a file', '--format ignition --base-url file:///srv --release FILE:release', 64, 'an address such as'],
  ['a password in it', '--format ignition --base-url http://me:sesame@a/ --release FILE:release', 64, 'without user'],
  ['a query in it', '--format ignition --base-url http://a/?x --release FILE:release', 64, 'without a query'],
  ['a fragment in it', '--format ignition --base-url http://a/#x --release FILE:release', 64, 'without #'],
  ['another processor', `--format ignition ${GENERIC} --arch s390x`, 64, "'s390x' is invalid"],
  [
    'one that is not in the release',
    `--format ignition ${GENERIC} --arch aarch64`,
    64,
    'names no programs for aarch64',
  ],
  ['no release for it', `--format ignition --base-url ${BASE} --arch aarch64`, 64, 'is not known'],
  ['a directory without one', `--format ignition --base-url ${BASE} --release FILE:none`, 64, 'there is no '],
  ['another version of it', `--format ignition --base-url ${BASE} --release FILE:later`, 64, 'and this is'],
  [
    'a unit without a type',
    `--format ignition ${GENERIC} --required-unit sshd`,
    64,
    '--required-unit sshd: not the name',
  ],
  ['a template', `--format ignition ${GENERIC} --required-unit a@.service`, 64, '--required-unit a@.service: not'],
  [
    'a path for a unit',
    `--format ignition ${GENERIC} --required-unit a/b.service`,
    64,
    '--required-unit a/b.service: not',
  ],
  ['no container', `--format ignition ${GENERIC} --required-container a:b:c`, 64, 'not a container'],
  ['a wrong collector', `--format ignition ${GENERIC} --collector ftp://a`, 64, 'report.collector'],
  ['a wrong group', `--format ignition ${GENERIC} --group a/b`, 64, 'report.group'],
  ['a broken drop-in', `--format ignition ${GENERIC} --config FILE:60-broken.yaml`, 78, 'did you mean trial?'],
  ['a drop-in that is not there', `--format ignition ${GENERIC} --config FILE:70-no.yaml`, 78, 'does not exist'],
  ['a drop-in of that name', `--format ignition ${GENERIC} --config FILE:20-provision.yaml`, 64, 'there is another'],
  ['a drop-in of another kind', `--format ignition ${GENERIC} --config FILE:site.yml`, 64, 'is named *.yaml'],
  ['a token of two lines', `--format ignition ${GENERIC} --enrolment-token-file FILE:two-lines`, 64, 'one line'],
  [
    'a token that is not there',
    `--format ignition ${GENERIC} --enrolment-token-file FILE:no-token`,
    64,
    'no such file',
  ],
  ['an empty token', `--format ignition ${GENERIC} --enrolment-token-file FILE:empty`, 64, 'one line'],
  ['half a merge', '--format ignition --merge-url http://a/b.ign', 64, 'go together'],
  [
    'a merge of another thing',
    '--format ignition --merge-url http://a/b --merge-file FILE:not.ign',
    64,
    'no config of',
  ],
  [
    'both parts',
    `--format ignition ${GENERIC} --merge-url http://a/b --merge-file FILE:not.ign`,
    64,
    '--base-url belongs',
  ],
] as const;

test.each(REFUSED)('%s is refused, and nothing printed', async (_what, line, status, message) => {
  const { exitCode, stdout, stderr } = await provision(line);
  expect({ exitCode, config: stdout.includes('"ignition"') || stdout.includes('variant:') }, stderr).toEqual({
    exitCode: status,
    config: false,
  });
  expect(stdout + stderr).toContain(message);
  expect(stdout + stderr).not.toContain('sesame');
});

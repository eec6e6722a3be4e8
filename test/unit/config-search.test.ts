import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { MAX_FILE_BYTES } from '../../src/config/parse.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { sampleTypes } from '../fixtures/config/check-types.ts';
import { HEAD, SITE, VENDOR } from '../fixtures/config/slots.ts';

const ETC = '/etc/goodboot/config.d';
const RUN = '/run/goodboot/config.d';
const USR = '/usr/lib/goodboot/config.d';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'goodboot-config-'));
  write('/usr/lib/goodboot/config.yaml', VENDOR);
  write('/srv/x.yaml', adds('linked'));
  make('/srv/pipe', (place) => execFileSync('mkfifo', [place]));
});
afterEach(() => rmSync(root, { recursive: true }));

const make = (path: string, work: (place: string) => void): void => {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  work(join(root, path));
};
const write = (path: string, text: string): void => make(path, (place) => writeFileSync(place, text));
const link = (path: string, target: string): void => make(path, (place) => symlinkSync(target, place));
/** A drop-in that adds the check `name`. */
const adds = (name: string): string => `${HEAD}checks:\n  ${name}: { type: answer, port: 2 }\n`;
const load = (): Promise<LoadedConfig> => loadConfig(makeFiles(root), sampleTypes);
const names = ({ settings }: LoadedConfig): readonly string[] => settings.checks.map(({ name }) => name);
const said = ({ problems }: LoadedConfig): readonly string[] => problems.map(formatProblem);

test('vendor file, site file and drop-ins by file name, whatever their directory, are laid over one another', async () => {
  const soak = (time: string): string => `${HEAD}trial: { soak: ${time} }\n`;
  write(SITE, soak('1m'));
  write(`${ETC}/10-first.yaml`, soak('2m'));
  write(`${USR}/30-last.yaml`, soak('4m'));
  write(`${RUN}/20-second.yaml`, soak('3m'));
  const loaded = await load();
  expect(loaded.settings.trial.soakMs).toBe(240_000);
  expect(loaded.sources.map(({ file }) => file)).toEqual([
    '/usr/lib/goodboot/config.yaml',
    'built-in',
    SITE,
    `${ETC}/10-first.yaml`,
    `${RUN}/20-second.yaml`,
    `${USR}/30-last.yaml`,
  ]);
  expect(loaded.problems).toEqual([]);
});

test('without a vendor file the built-in one counts, and a broken vendor file is replaced by it', async () => {
  rmSync(join(root, 'usr'), { recursive: true });
  expect((await load()).sources).toEqual([{ file: 'built-in', state: 'left-out' }]);
  write('/usr/lib/goodboot/config.yaml', 'broken: [');
  expect((await load()).sources.map(({ file }) => file)).toEqual(['/usr/lib/goodboot/config.yaml', 'built-in']);
});

describe('a drop-in masks those of its name in /run and /usr/lib', () => {
  test.each<[string, () => void, readonly string[]]>([
    ['with its own content', () => write(`${ETC}/50-x.yaml`, adds('etc')), ['base', 'etc']],
    ['with nothing when it is empty', () => write(`${ETC}/50-x.yaml`, ''), ['base']],
    ['with nothing when it is a link to /dev/null', () => link(`${ETC}/50-x.yaml`, '/dev/null'), ['base']],
    ['through a link', () => link(`${ETC}/50-x.yaml`, '/srv/x.yaml'), ['base', 'linked']],
    ['not when it is broken: then the next one counts', () => write(`${ETC}/50-x.yaml`, 'a: ['), ['base', 'run']],
    ['not when it cannot be read', () => make(`${ETC}/50-x.yaml`, (place) => mkdirSync(place)), ['base', 'run']],
  ])('%s', async (_, arrange, wanted) => {
    write(`${RUN}/50-x.yaml`, adds('run'));
    write(`${USR}/50-x.yaml`, adds('usr'));
    arrange();
    expect(names(await load())).toEqual(wanted);
  });
});

describe('what is not a file of configuration is said, and nothing else is lost', () => {
  const place = `${ETC}/50-x.yaml`;
  test.each<[string, () => void, string]>([
    ['a directory', () => make(place, (path) => mkdirSync(path)), `${place}: a directory, a file was wanted`],
    [
      'a pipe',
      () => make(place, (path) => execFileSync('mkfifo', [path])),
      `${place}: a socket, device or pipe, a file was wanted`,
    ],
    [
      'a link to a pipe',
      () => link(place, '/srv/pipe'),
      `${place}: a link to /srv/pipe, a socket, device or pipe, a file was wanted`,
    ],
    ['a link to nowhere', () => link(place, 'gone.yaml'), `${place}: a link to ${ETC}/gone.yaml, which does not exist`],
    ['a link to itself', () => link(place, '50-x.yaml'), `${place}: more than 8 links follow one another`],
    [
      'more than a MiB',
      () => make(place, (path) => writeFileSync(path, Buffer.alloc(MAX_FILE_BYTES + 1, '#'))),
      `${place}: 1048577 bytes or more, at most 1048576 were wanted`,
    ],
    [
      'a name that ends in .yml',
      () => write(`${ETC}/50-x.yml`, adds('x')),
      `${ETC}/50-x.yml: ignored: a drop-in is named *.yaml, and does not start with a dot`,
    ],
    [
      'a hidden file',
      () => write(`${ETC}/.50-x.yaml`, adds('x')),
      `${ETC}/.50-x.yaml: ignored: a drop-in is named *.yaml, and does not start with a dot`,
    ],
    ['a file instead of the directory', () => write(ETC, ''), `${ETC}: its files are left out: it is not a directory`],
  ])('%s', async (_, arrange, wanted) => {
    write(`${RUN}/60-y.yaml`, adds('other'));
    arrange();
    const loaded = await load();
    expect(said(loaded)).toEqual([wanted]);
    expect(names(loaded)).toEqual(['base', 'other']);
  });

  test('a site file that is a directory', async () => {
    make(SITE, (path) => mkdirSync(path));
    const loaded = await load();
    expect(loaded.problems.map(({ code, line }) => [code, line])).toEqual([['CONFIG_UNREADABLE', 0]]);
    expect(names(loaded)).toEqual(['base']);
  });
});

import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyInto } from '../../src/adapters/files/copy-in.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { sameBytesIn, startOfFile } from '../../src/adapters/files/same-bytes.ts';
import { openPackage } from '../../src/adapters/package/package.ts';
import {
  dataDirectory,
  enabledUnits,
  layOut,
  PREFIXES,
  PRESET,
  type Prefix,
  recordPath,
} from '../../src/core/package/layout.ts';
import { HEADER_BYTES, machineOfNode, parseProgramHeader } from '../../src/core/package/program-header.ts';
import { parseRecord } from '../../src/core/package/record.ts';
import { handOver } from '../../src/node/install/activate.ts';
import { changesOf, install, labelledOf, planInstall } from '../../src/node/install/install.ts';
import { planUninstall, uninstall } from '../../src/node/install/uninstall.ts';
import type { Package } from '../../src/ports/package.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { elf } from '../helpers/elf.ts';

const source = openPackage();
const LEDGER = '/var/lib/goodboot/ledger.jsonl';
let top: string;
let root: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'goodboot-install-'));
  root = join(top, 'root');
  await mkdir(join(top, 'programs'), { recursive: true });
  await mkdir(join(root, 'etc'), { recursive: true });
  await mkdir(join(root, 'usr/share/man'), { recursive: true });
  await program('one');
});
afterEach(() => rm(top, { recursive: true }));

const program = async (text: string): Promise<void> => {
  for (const name of ['goodboot', 'libatomic.so.1'])
    await writeFile(join(top, 'programs', name), elf(`${name} ${text}`));
};
const put = async (path: string, text: string): Promise<void> => {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), text);
};
const deps = (own: Package = source) => {
  const files = makeFiles(root);
  const programs = join(top, 'programs');
  const startOf = (from: string) => startOfFile(from, HEADER_BYTES);
  return { files, source: own, programs, same: sameBytesIn(files), copyIn: copyInto(files), startOf, machine: null };
};
const installed = async (prefix: Prefix, own?: Package) => {
  const plan = await planInstall(deps(own), prefix, '1.2.3');
  await install(deps(own), plan);
  return changesOf(plan);
};
const tree = async (): Promise<readonly string[]> => (await readdir(root, { recursive: true })).toSorted();
const takenOut = async () => {
  const plan = await planUninstall(makeFiles(root), source);
  await uninstall(makeFiles(root), plan);
  return plan;
};

describe.each(PREFIXES)('in %s', (prefix) => {
  const placed = layOut(prefix, source.files(), source.text);

  test('every unit is there, and every program that a unit starts', () => {
    const paths = new Set(placed.map(({ path }) => path));
    const units = enabledUnits(source.text(PRESET));
    for (const unit of units) expect([...paths].some((path) => path.endsWith(`/systemd/system/${unit}`))).toBe(true);
    const texts = placed.flatMap((each) => ('content' in each && /\/systemd\//.test(each.path) ? [each.content] : []));
    const named = texts.flatMap((text) => [
      ...text.matchAll(/^(?:Exec\w+=.*?|ConditionPathExists=)(\/\S*goodboot\/?\S*)/gm),
    ]);
    const own = named
      .map((match) => match[1]!)
      .filter((path) => !path.startsWith('/var/') && !path.includes('.wants/'));
    expect(own.length).toBeGreaterThan(8);
    for (const path of own) expect(paths).toContain(path);
  });

  test('no text names a path of the other place', () => {
    const other = prefix === '/usr' ? '/usr/local/' : /\/usr\/(?:bin\/goodboot|libexec\/goodboot)/;
    for (const each of placed)
      if ('content' in each && /systemd|deadman|why|sandbox/.test(each.path)) expect(each.content).not.toMatch(other);
  });

  test('it is installed once, changes nothing the second time, and is taken out without a trace', async () => {
    const before = await tree();
    expect((await installed(prefix)).length).toBe(placed.length);
    expect(await installed(prefix)).toEqual([]);
    for (const each of placed) {
      const path = join(root, each.path);
      if ('link' in each) expect(await readlink(path)).toBe(each.link);
      else expect((await stat(path)).mode & 0o777).toBe(each.mode);
    }
    expect(await readFile(join(root, prefix, 'bin/goodboot'), 'utf8')).toContain('goodboot one');
    const { kept } = await takenOut();
    expect(kept).toEqual([]);
    expect(await tree()).toEqual(before);
  });

  test('the programs find their data', () => {
    const executable = placed.find((each) => 'program' in each && each.program === 'goodboot')!.path;
    const sandbox = placed.find(({ path }) => path.endsWith('/sandbox/units.conf'))!.path;
    expect(sandbox).toBe(`${dataDirectory(executable)}/sandbox/units.conf`);
    expect(dataDirectory(`/var${executable.replace('/usr/local', '/usrlocal')}`)).toMatch(
      prefix === '/usr' ? /^\/usr\/lib\/goodboot$/ : /^\/var\/usrlocal\/libexec\/goodboot$/,
    );
  });
});

test('in /usr/local nothing is in /usr but what is below it, and nothing that PID 1 reads is there', () => {
  for (const { path } of layOut('/usr/local', source.files(), source.text)) {
    expect(path).toMatch(/^\/(?:usr\/local|etc)\//);
    expect(path).not.toMatch(/^\/usr\/local\/.*\.(?:service|target|path|timer)$(?<!greenboot\/.*)/);
  }
});

test('programs are where SELinux calls them programs: below bin, and below no lib', () => {
  const [, program] = layOut('/usr/local', source.files(), source.text);
  expect(program?.path).toMatch(/^(?!.*\/lib\/).*\/bin\//);
});

test('directories are labelled too, at first and later, so that a new program is never without its label', async () => {
  for (const times of [1, 2]) {
    const plan = await planInstall(deps(), '/usr/local', '1');
    await install(deps(), plan);
    const bin = '/usr/local/libexec/goodboot/bin';
    expect(labelledOf(plan), `${times}`).toEqual(
      expect.arrayContaining([bin, `${bin}/goodboot`, '/usr/local/bin', recordPath('/usr/local')]),
    );
  }
});

describe('a newer goodboot', () => {
  const older: Package = {
    ...source,
    files: () => [...source.files(), { path: 'units/goodboot-old.service', mode: 0o644 }],
    text: (path) =>
      path === 'units/goodboot-old.service' ? 'old' : path.endsWith('.preset') ? 'old' : source.text(path),
  };

  test('replaces what is another, and takes out what it has no more', async () => {
    await installed('/usr/local', older);
    await program('two');
    expect(await installed('/usr/local')).toEqual([
      { path: '/usr/local/libexec/goodboot/bin/libatomic.so.1', change: 'write' },
      { path: '/usr/local/libexec/goodboot/bin/goodboot', change: 'write' },
      { path: '/etc/systemd/system-preset/90-goodboot.preset', change: 'write' },
      { path: '/etc/systemd/system/goodboot-old.service', change: 'remove' },
    ]);
    expect(await readFile(join(root, 'usr/local/bin/goodboot'), 'utf8')).toContain('goodboot two');
  });

  test('which was cut short leaves nothing behind that is not taken out', async () => {
    await installed('/usr/local', older);
    await program('two');
    const cut = { ...deps(), copyIn: () => Promise.reject(new Error('cut')) };
    await expect(install(cut, await planInstall(cut, '/usr/local', '2'))).rejects.toThrow('cut');
    await takenOut();
    expect((await tree()).filter((path) => /goodboot/.test(path))).toEqual([]);
  });
});

test('what a power cut left of a copy goes with the next installation, and with goodboot', async () => {
  await installed('/usr/local');
  const half = '/usr/local/libexec/goodboot/bin/.goodboot.x1y2';
  await put(half, 'half of it');
  expect(await installed('/usr/local')).toEqual([{ path: half, change: 'remove' }]);
  await put(half, 'half of it');
  await takenOut();
  expect((await tree()).filter((path) => /goodboot/.test(path))).toEqual([]);
});

describe('goodboot is not taken out', () => {
  test.each([
    ['in a trial', 'var/lib/goodboot/state.json', JSON.stringify({ v: 1 }), /state/i],
    ['in a drill', 'var/lib/goodboot/drill.json', '{}', /a drill is under way/],
    ['while it stands for greenboot', 'etc/goodboot/migrated-from-greenboot.json', '{}', /greenboot/],
    ['when its record is damaged', recordPath('/usr/local'), '{"v":1,"paths":["/etc/../bin/sh"]}', /no record/],
  ])('%s', async (_what, path, text, message) => {
    await installed('/usr/local');
    await put(path, text);
    await expect(takenOut()).rejects.toThrow(message);
    expect(await readFile(join(root, 'usr/local/bin/goodboot'), 'utf8')).toContain('goodboot one');
  });
});

test('what a person wrote stays, and the ledger; what goodboot keeps for itself goes', async () => {
  await installed('/usr/local');
  await put('/etc/goodboot/config.d/50-site.yaml', 'apiVersion: goodboot/v1\n');
  await put(LEDGER, '{}\n');
  await put('/var/lib/goodboot/doctor.json', '{}');
  const { kept } = await takenOut();
  expect(kept).toEqual([LEDGER, '/etc/goodboot/config.d/50-site.yaml']);
  expect((await tree()).filter((path) => /goodboot\/.|usr\/local/.test(path))).toEqual([
    'etc/goodboot/config.d',
    'etc/goodboot/config.d/50-site.yaml',
    'var/lib/goodboot/ledger.jsonl',
  ]);
});

describe('in an image that cannot be changed', () => {
  const files = () => ({ ...makeFiles(root), probeWrite: () => Promise.reject(new Error('EROFS')) });

  test('it stays, and whoever wants it off is told all that would still count or arm', async () => {
    await installed('/usr');
    const refused = await planUninstall(files(), source).catch((error) => error);
    expect(refused).toMatchObject({ code: 'INSTALL_REFUSED', message: 'goodboot is a part of this image' });
    for (const unit of enabledUnits(source.text(PRESET))) expect(refused.hint).toMatch(`${unit}`);
    expect(refused.hint).toContain('systemctl mask goodboot-end.service');
  });

  test.each(['recorded there', 'there without a record'])(
    'what lies beside it goes, and it goes on: %s',
    async (how) => {
      await installed('/usr');
      if (how === 'there without a record') await rm(join(root, recordPath('/usr')));
      const image = await tree();
      await put('/var/lib/goodboot/doctor.json', '{}');
      await put(LEDGER, '{}\n');
      await installed('/usr/local');
      const plan = await planUninstall(files(), source);
      expect(plan).toMatchObject({ isInImage: true, prefixes: ['/usr/local'] });
      expect(plan.kept).toEqual(['/var/lib/goodboot/doctor.json', LEDGER]);
      await uninstall(files(), plan);
      expect((await tree()).filter((path) => !/^var/.test(path))).toEqual(image);
    },
  );

  test('its units are enabled and started when those beside it are gone, and nothing is labelled', async () => {
    for (const path of ['run/systemd/system', 'sys/fs/selinux/enforce'])
      await mkdir(join(root, path), { recursive: true });
    const asked: string[] = [];
    const run: Processes['run'] = async (argv) => {
      asked.push(argv.slice(0, 2).join(' '));
      return {
        argv,
        exitCode: 0,
        signal: null,
        timedOut: false,
        stdout: '',
        stderr: '',
        truncated: false,
        durationMs: 1,
      };
    };
    await handOver({ files: makeFiles(root), processes: { run }, warn: (said) => asked.push(said) }, [
      'goodboot-verdict.service',
    ]);
    expect(asked.filter((each) => !/catalog/.test(each))).toEqual([
      ...['systemctl stop', 'systemctl disable', 'systemd-sysusers goodboot.conf', 'systemd-tmpfiles --create'],
      ...['systemctl daemon-reload', 'systemctl preset', 'systemctl is-enabled', 'systemctl start'],
    ]);
  });
});

test('an extension is not taken out, nor what it uses', async () => {
  await put('/usr/lib/extension-release.d/extension-release.goodboot', 'ID=_any\n');
  await put('/usr/libexec/goodboot/goodboot', '');
  await expect(takenOut()).rejects.toThrow('goodboot is in a system extension');
});

test.each([
  ['no JSON', 'x'],
  ['a path out of its places', '{"v":1,"version":"1","prefix":"/usr","paths":["/home/goodboot"],"directories":[]}'],
  ['a path of something else', '{"v":1,"version":"1","prefix":"/usr","paths":["/etc/passwd"],"directories":[]}'],
  ['a path that goes up', '{"v":1,"version":"1","prefix":"/usr","paths":["/usr/goodboot/../home"],"directories":[]}'],
  ['an empty part', '{"v":1,"version":"1","prefix":"/usr","paths":["/usr//goodboot"],"directories":[]}'],
  ['another prefix', '{"v":1,"version":"1","prefix":"/opt","paths":[],"directories":[]}'],
  ['another version of it', '{"v":2,"version":"1","prefix":"/usr","paths":[],"directories":[]}'],
])('a record with %s is none', (_what, text) => {
  expect(parseRecord(text)).toBeNull();
});

describe('nothing is changed where a program', () => {
  const whole = elf('x');
  const AGAIN = 'download it again, and compare its checksum with that of the release';

  test.each<[what: string, program: Buffer | string | null, machine: string | null, message: RegExp, hint: string]>([
    [
      'is not there',
      null,
      null,
      /goodboot: cannot be read: ENOENT$/,
      'the directory holds a release: goodboot, libatomic.so.1',
    ],
    ['is empty', '', null, /goodboot: is no program$/, AGAIN],
    ['is the page of a web server', '<!DOCTYPE html>'.padEnd(100), null, /goodboot: is no program$/, AGAIN],
    ['is one of 32 bits', elf('x').fill(1, 4, 5), null, /goodboot: is no program$/, AGAIN],
    ['ends in its header', whole.subarray(0, 63), null, /goodboot: is no program$/, AGAIN],
    ['is cut off', whole.subarray(0, 64), null, /goodboot: is cut off, 64 of 65 bytes are there$/, AGAIN],
    [
      'is for another machine than this one',
      elf('x', 'aarch64'),
      'x86_64',
      /goodboot: is for aarch64, this machine is x86_64$/,
      'take the release for x86_64; with --root it may be for another machine',
    ],
    ['is for a machine without a name', elf('x', 243), 'x86_64', /goodboot: is for machine type 243, this machine/, ''],
    [
      'is for another machine than its library',
      elf('x', 'aarch64'),
      null,
      /libatomic.so.1: is for x86_64, .*programs\/goodboot is for aarch64$/,
      '',
    ],
  ])('%s', async (_what, text, machine, message, hint) => {
    await rm(join(top, 'programs/goodboot'));
    if (text !== null) await writeFile(join(top, 'programs/goodboot'), text);
    const before = await tree();
    const planned = planInstall({ ...deps(), machine }, '/usr', '1');
    await expect(planned).rejects.toMatchObject({
      code: 'INSTALL_REFUSED',
      message: expect.stringMatching(message),
      hint: expect.stringContaining(hint),
    });
    expect(await tree()).toEqual(before);
  });

  test('is for this machine, it is taken, and for another root whatever it is for', async () => {
    await expect(planInstall({ ...deps(), machine: 'x86_64' }, '/usr', '1')).resolves.toMatchObject({ version: '1' });
    for (const name of ['goodboot', 'libatomic.so.1'])
      await writeFile(join(top, 'programs', name), elf('x', 'aarch64'));
    await expect(planInstall(deps(), '/usr', '1')).resolves.toMatchObject({ version: '1' });
  });
});

test.each(['/usr/bin/true', process.execPath])('the header of %s is read as it is', async (path) => {
  const { head, sizeBytes } = await startOfFile(path, HEADER_BYTES);
  const header = parseProgramHeader(head);
  expect(header?.machine).toBe(machineOfNode(process.arch));
  expect(header?.endBytes).toBe(sizeBytes);
});

test('a copy that is another one than its original does not take the place of what works', async () => {
  await installed('/usr');
  // What is read from here is another text each time.
  await expect(
    copyInto(makeFiles(root))('/proc/sys/kernel/random/uuid', '/usr/bin/goodboot', 0o755),
  ).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining('/usr/bin/goodboot: the copy is another one'),
  });
  expect(await readFile(join(root, 'usr/bin/goodboot'), 'utf8')).toContain('goodboot one');
  expect((await tree()).filter((path) => path.startsWith('usr/bin/'))).toEqual(['usr/bin/goodboot']);
});

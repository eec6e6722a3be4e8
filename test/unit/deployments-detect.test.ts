import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { detectDeployments } from '../../src/adapters/deployments/detect.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';
import { writeKernelView } from '../lab/stand-in/subject.ts';

const RPM_OSTREE = '/usr/bin/rpm-ostree';
const SERVICE = '/usr/share/dbus-1/system-services/org.projectatomic.rpmostree1.service';
const BOOTC = '/usr/bin/bootc';
const OSTREE = '/usr/bin/ostree';
const FIXTURES = join(import.meta.dirname, '../fixtures/deployments/bootc');

let root = '';
const ran: string[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-detect-'));
  ran.length = 0;
});
afterEach(() => rm(root, { recursive: true }));

/** bootc prints a fixture; without one it fails. */
const bootcThat = (fixture: string | null): Processes => ({
  async run(argv) {
    ran.push(argv[0]);
    const stdout = fixture === null ? '' : await readFile(join(FIXTURES, `${fixture}.json`), 'utf8');
    const end = { exitCode: fixture === null ? 1 : 0, signal: null, timedOut: false, truncated: false, durationMs: 1 };
    return { argv, ...end, stdout, stderr: 'error: Status: no such commit\n' };
  },
});

/** The running machine, where these programs are installed. */
async function detect(programs: readonly string[], bootc: string | null = null) {
  for (const path of programs) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
  const files = { ...makeFiles(root), resolve: (path: string) => path };
  return detectDeployments({ files, processes: bootcThat(bootc) });
}

describe('on a system that ostree booted', () => {
  beforeEach(() => writeKernelView(root, checksumOf(1)));

  test.each<[string, readonly string[], string | null, string, readonly string[]]>([
    ['rpm-ostree by its program', [RPM_OSTREE, OSTREE], null, 'rpm-ostree', []],
    ['rpm-ostree by its service', [SERVICE], null, 'rpm-ostree', []],
    ['rpm-ostree also where bootc is in charge', [RPM_OSTREE, BOOTC, OSTREE], 'staged', 'rpm-ostree', []],
    ['rpm-ostree also where bootc fails', [RPM_OSTREE, BOOTC], null, 'rpm-ostree', []],
    ['rpm-ostree where it has layered on what bootc deployed', [RPM_OSTREE, BOOTC], 'layered', 'rpm-ostree', []],
    ['bootc where an image is booted', [BOOTC, OSTREE], 'staged', 'bootc', ['bootc']],
    ['ostree where bootc did not deploy what is booted', [BOOTC, OSTREE], 'layered', 'ostree', ['bootc']],
    ['ostree where bootc knows of nothing', [BOOTC, OSTREE], 'not-booted', 'ostree', ['bootc']],
    ['ostree where bootc fails', [BOOTC, OSTREE], null, 'ostree', ['bootc']],
    ['ostree where nothing else is', [OSTREE], null, 'ostree', []],
  ])('it is %s', async (_, programs, bootc, name, asked) => {
    const deployments = await detect(programs, bootc);
    expect(deployments).toMatchObject({ name, can: { rollBack: true } });
    expect(await deployments.booted()).toMatchObject({ id: checksumOf(1) });
    expect(ran).toEqual(asked);
  });

  test.each<[string, readonly string[], string | null, string, string]>([
    ['nothing is installed', [], null, 'PROGRAM_MISSING', 'neither rpm-ostree nor ostree is there'],
    ['only a bootc that fails is', [BOOTC], null, 'PROGRAM_FAILED', 'no such commit'],
    ['only a bootc that is not in charge is', [BOOTC], 'not-booted', 'PROGRAM_MISSING', 'nor a bootc in charge'],
  ])('it cannot be told, and whoever asks hears why: %s', async (_, programs, bootc, code, message) => {
    const deployments = await detect(programs, bootc);
    expect(await deployments.booted()).toMatchObject({ id: checksumOf(1) });
    expect(deployments.can.rollBack).toBe(false);
    const soon = AbortSignal.timeout(5000);
    const error = { code, message: expect.stringContaining(message) };
    await expect(deployments.list(soon)).rejects.toMatchObject(error);
    await expect(deployments.makeDefault(checksumOf(1), soon)).rejects.toMatchObject(error);
    await expect(deployments.dropStaged(soon)).rejects.toMatchObject(error);
  });

  test('in a directory that is not the running system, no program is asked', async () => {
    await mkdir(join(root, 'usr/bin'), { recursive: true });
    await writeFile(join(root, BOOTC), '');
    const deployments = await detectDeployments({ files: makeFiles(root), processes: bootcThat('staged') });
    expect(await deployments.booted()).toMatchObject({ id: checksumOf(1) });
    await expect(deployments.list(AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'PROGRAM_FAILED' });
    expect(ran).toEqual([]);
  });
});

test('what is booted is in no way known: whoever asks hears why', async () => {
  await mkdir(join(root, 'run'));
  await writeFile(join(root, 'run/ostree-booted'), '');
  const deployments = await detect([RPM_OSTREE]);
  await expect(deployments.booted()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  await expect(deployments.list(AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('a system without deployments has none, whatever is installed', async () => {
  const deployments = await detect([RPM_OSTREE, BOOTC, OSTREE], 'staged');
  expect(await deployments.booted()).toBe(null);
  expect(await deployments.list(AbortSignal.timeout(5000))).toEqual([]);
  await deployments.dropStaged(AbortSignal.timeout(5000));
  await expect(deployments.makeDefault('x', AbortSignal.timeout(5000))).rejects.toMatchObject({
    code: 'DEPLOYMENT_UNKNOWN',
  });
  expect(ran).toEqual([]);
});

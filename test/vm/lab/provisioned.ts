import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ignite, makeRelease, serve } from '../../lab/ignition.ts';
import { PROGRAMS } from '../../lab/layer.ts';
import { must } from '../../lab/run.ts';
import { DEPLOYMENTS, VAR } from './layout.ts';

const MAKE_TIMEOUT_MS = 60_000;

/** What an image has that brings nothing of goodboot: as on Fedora CoreOS, a first boot enables what presets name, and nothing else. */
const FIRST_BOOT = {
  'usr/etc/machine-id': 'uninitialized\n',
  'usr/lib/systemd/system-preset/99-default-disable.preset': 'disable *\n',
} as const;

/** What goes into such an image beside the programs: a part of its key. */
export const sourcesOfProvision = (): Promise<readonly string[]> => {
  const lab = ['provisioned.ts', 'quick.ts', '../../lab/ignition.ts', '../../lab/selinux.ts'];
  return Promise.all(lab.map((path) => readFile(join(import.meta.dirname, path), 'utf8')));
};

/** Fills a directory with the part of the tree that makes the next boot the first one. */
export async function makeFirstBoot(into: string): Promise<void> {
  for (const [path, text] of Object.entries(FIRST_BOOT)) {
    await mkdir(join(into, path, '..'), { recursive: true });
    await writeFile(join(into, path), text);
  }
}

/**
 * Makes a node of a deployed system as its operator would: prints a config, and has Ignition apply it to the deployment,
 * with /var and /boot where they are in the initial file system. `dropIn`: what the operator has of their own.
 */
export async function provision(sysroot: string, boot: string, dropIn: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'goodboot-provision-'));
  const goodboot = (...args: readonly string[]) =>
    must([join(PROGRAMS, 'goodboot'), ...args], { timeoutMs: MAKE_TIMEOUT_MS });
  try {
    const [, version = ''] = (await goodboot('--version')).split(' ');
    await makeRelease(join(work, 'release'), { programs: PROGRAMS, version });
    await writeFile(join(work, '10-site.yaml'), dropIn);
    await using server = await serve(join(work, 'release'));
    const options = ['--format', 'ignition', '--base-url', server.url, '--release', join(work, 'release')];
    const config = await goodboot('provision', ...options, '--config', join(work, '10-site.yaml'));
    const [deployment] = (await readdir(join(sysroot, DEPLOYMENTS))).filter((name) => !name.endsWith('.origin'));
    await mkdir(join(sysroot, VAR, 'usrlocal')); // CoreOS makes it before Ignition
    await ignite(config, join(sysroot, DEPLOYMENTS, deployment!), { '/var': join(sysroot, VAR), '/boot': boot });
  } finally {
    await rm(work, { recursive: true });
  }
}

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PROGRAMS } from './layer.ts';
import type { MachineOptions } from './machine.ts';
import { must } from './run.ts';

const REPO = resolve(import.meta.dirname, '../..');

/** Disk images are mounted through loop devices, of which a container has no nodes. These are the machine's own. */
const LOOPS = `[Unit]
DefaultDependencies=no
Before=systemd-sysext.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -euc 'mknod -m 600 /dev/loop-control c 10 237; for n in $(seq 0 63); do mknod -m 600 /dev/loop$n b 7 $n; done'
[Install]
WantedBy=sysinit.target
`;

/** A machine that can merge extensions, without goodboot. */
export const EXTENSIBLE = {
  goodboot: false,
  units: ['lab-loops.service'],
  files: { '/etc/systemd/system/lab-loops.service': LOOPS },
} satisfies MachineOptions;

/** Where an extension is installed, under the one name that systemd-sysext takes it by. */
export const INSTALLED = '/var/lib/extensions/goodboot.raw';

/** What a release has for an extension: its files by name. `programs`: what is in the image. */
export interface Extension {
  readonly files: Readonly<Record<string, Buffer>>;
  readonly image: Buffer;
  /** What a node has in /etc, by its path; the links are those that enabling the units makes. */
  readonly etc: Readonly<Record<string, Buffer>>;
}

export async function makeExtension(programs = PROGRAMS): Promise<Extension> {
  const made = await mkdtemp(join(tmpdir(), 'goodboot-extension-'));
  try {
    const argv = [process.execPath, join(REPO, 'tools/sysext.mjs'), '--programs', programs, '--out', made];
    await must(argv, { timeoutMs: 60_000 });
    const files: Record<string, Buffer> = {};
    for (const name of await readdir(made)) files[name] = await readFile(join(made, name));
    const one = (end: string) => Object.keys(files).find((name) => name.endsWith(end))!;
    await must(['tar', '-xf', join(made, one('.tar')), '-C', made]);
    const etc: Record<string, Buffer> = {};
    for (const entry of await readdir(join(made, 'etc'), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) etc[path.slice(made.length)] = await readFile(path);
    }
    return { files, image: files[one('.raw')]!, etc };
  } finally {
    await rm(made, { recursive: true });
  }
}

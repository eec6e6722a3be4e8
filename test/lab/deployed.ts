import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeState } from '../../src/core/node-state.ts';
import { LAB_NODE } from './layer.ts';
import type { MachineOptions } from './machine.ts';
import { checksumOf, layout } from './stand-in/layout.ts';
import { stateOf } from './stand-in/sysroot-state.ts';

const STAND_IN = ['ostree-main.ts', 'ostree.ts', 'sysroot-state.ts', 'layout.ts'];
const OSTREE = `#!/bin/sh
exec ${LAB_NODE} --disable-warning=ExperimentalWarning /usr/lib/lab/ostree-main.ts /var/lib/sysroot.json "$@"
`;
/** As ostree-prepare-root leaves it: the kernel tells by /etc which deployment runs. */
const PREPARE = (id: string): string => `#!/bin/sh
set -eu
mkdir -p /ostree/deploy/lab/deploy/${id}.0
cp -a /etc /ostree/deploy/lab/deploy/${id}.0/
mount --bind /ostree/deploy/lab/deploy/${id}.0/etc /etc
: >/run/ostree-booted
`;
const PREPARE_UNIT = `[Unit]
DefaultDependencies=no
# Nothing may write to the /etc that is copied: users that sysusers made meanwhile would be lost.
Before=sysinit.target local-fs-pre.target systemd-sysusers.service systemd-firstboot.service
Wants=local-fs-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/lab/prepare
[Install]
WantedBy=sysinit.target
`;

/**
 * A machine with deployments, which the stand-in for ostree manages; no boot loader runs, so the same one is booted every
 * time. With what goodboot remembers.
 */
export async function deployed(text: string, state: Partial<NodeState> = {}): Promise<MachineOptions> {
  const places = layout(text);
  const booted = checksumOf(places.find((place) => place.booted)?.n ?? 0);
  const programs = await Promise.all(
    STAND_IN.map(async (name) => {
      const content = await readFile(join(import.meta.dirname, 'stand-in', name));
      return [`/usr/lib/lab/${name}`, content] as const;
    }),
  );
  return {
    units: ['lab-ostree.service'],
    files: {
      ...Object.fromEntries(programs),
      '/usr/bin/ostree': { content: OSTREE, mode: 0o755 },
      '/usr/lib/lab/prepare': { content: PREPARE(booted), mode: 0o755 },
      '/etc/systemd/system/lab-ostree.service': PREPARE_UNIT,
      '/var/lib/sysroot.json': JSON.stringify(stateOf(places)),
      '/var/lib/goodboot/state.json': JSON.stringify({ v: 1, trial: null, denied: [], boots: [], ...state }, null, 1),
      '/boot/loader/entries/ostree-1.conf': '',
      '/boot/loader/entries/ostree-2.conf': '',
    },
  };
}

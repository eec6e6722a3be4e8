import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checksumOf, layout } from '../lab/stand-in/layout.ts';
import { saveState, stateOf } from '../lab/stand-in/sysroot-state.ts';
import { type Directory, makeDirectory } from './cli.ts';

const STAND_IN = resolve(import.meta.dirname, '../lab/stand-in/ostree-main.ts');

/**
 * How `goodbootOn` runs a command on such a machine: /etc comes from the directory of the booted deployment, which is
 * how the kernel tells what is booted, and `ostree` is the stand-in.
 */
export const ON_OSTREE = `
deployment=$(readlink /run/booted)
mkdir -p "$deployment/etc" && cp /etc/os-release "$deployment/etc/" && mount --bind "$deployment/etc" /etc
mount -t overlay -o lowerdir=/run/bin:/usr/bin goodboot-test /usr/bin
"$@" || exit $?`;

/** A machine for `goodbootOn` with deployments in that layout, what goodboot remembers, and faults of its backend. */
export async function makeOstreeMachine(
  text: string,
  state: object,
  faults: readonly string[] = [],
): Promise<Directory> {
  const machine = await makeDirectory({
    'run/ostree-booted': '',
    'var/lib/goodboot/state.json': JSON.stringify(state),
    'run/bin/ostree': `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${STAND_IN} /run/sysroot.json "$@"\n`,
  });
  await chmod(join(machine.path, 'run/bin/ostree'), 0o755);
  const places = layout(text);
  saveState(join(machine.path, 'run/sysroot.json'), { ...stateOf(places), faults });
  const booted = checksumOf(places.find((place) => place.booted)?.n ?? 0);
  const deployment = `${machine.path}/run/ostree/deploy/lab/deploy/${booted}.0`;
  await mkdir(deployment, { recursive: true });
  await symlink(deployment.slice(machine.path.length), join(machine.path, 'run/booted'));
  return machine;
}

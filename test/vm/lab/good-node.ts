import { basename } from 'node:path';
import type { NewFile } from '../../lab/overlay.ts';
import { cached, contentsOf, keyOf } from './cache.ts';
import { ensureTools } from './debian.ts';
import { ensureImage } from './image.ts';
import { QUICK } from './quick.ts';
import { Vm } from './virtual-machine.ts';
import { bootVm, ownFragment, sweep } from './vm.ts';

const HERE = import.meta.dirname;
/** A verdict takes some 10 s; the machine may be one of many. */
const JUDGED_TIMEOUT_MS = 600_000;

/** The configuration of such a node. */
export const FILES = { '/etc/goodboot/config.d/10-quick.yaml': QUICK };

/**
 * A node that runs, is judged, and is marked good. It was so once, and goes on from there within a second or two. The
 * files are written into it while it runs, below /etc and /var. `layer`: another build than the release.
 */
export async function goodNode(files: Readonly<Record<string, NewFile>> = {}, layer?: string): Promise<Vm> {
  await sweep();
  return resumed(await ensureGoodNode(layer), files);
}

/** A machine that goes on where it was suspended. */
export async function resumed(from: string, files: Readonly<Record<string, NewFile>> = {}): Promise<Vm> {
  const vm = new Vm(await ensureTools(), { clock: null });
  try {
    await vm.resume(from);
    for (const [path, file] of Object.entries(files)) await vm.write(path, file);
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

/** Waits for the verdict of the boot that runs, and for what follows from it. Not for one that was resumed. */
export async function judged(vm: Vm): Promise<void> {
  await vm.waitFor(/^lab: judged/m, JUDGED_TIMEOUT_MS);
}

/** The path of a directory with such a node, suspended. */
async function ensureGoodNode(layer?: string): Promise<string> {
  const image = await ensureImage('grub-bios', layer);
  const own = (await contentsOf(HERE)) + JSON.stringify(await ownFragment());
  return cached('good-node', keyOf(basename(image), own), async (making) => {
    await using vm = await bootVm({ files: FILES, layer });
    await judged(vm);
    const { grubenv } = await vm.state();
    if (grubenv?.['boot_success'] !== '1') throw new Error(`the node is not good: ${await vm.journal()}`);
    await vm.sh('systemctl is-active goodboot-begin.service goodboot-arm.path goodboot-deadman.timer');
    await vm.suspend(making);
  });
}

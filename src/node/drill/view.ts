import type { NodeView } from '../../core/drill/drill.ts';
import { GRUBENV_BYTES, grubenvVariables, parseGrubenv } from '../../core/grubenv.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';
import type { DeploymentActions } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import { loadState } from '../state.ts';

export interface ViewDeps {
  readonly files: Files;
  readonly deployments: DeploymentActions;
  readonly bootLoader: BootLoader;
}

/** What a drill must leave as it was. @throws GoodbootError of the backend, the boot loader or the state */
export async function viewOf({ files, deployments, bootLoader }: ViewDeps, signal: AbortSignal): Promise<NodeView> {
  const [booted, entries, state] = await Promise.all([
    deployments.booted(),
    deployments.list(signal),
    loadState(files),
  ]);
  return {
    booted: booted?.id ?? null,
    deployments: entries.map(({ id, pinned }) => ({ id, pinned })),
    marks: await marksOf(files, bootLoader),
    denied: state.denied.map(({ deployment }) => deployment).sort(),
  };
}

/** With GRUB every variable of its block, whoever set it. */
async function marksOf(files: Files, bootLoader: BootLoader): Promise<Readonly<Record<string, string>>> {
  if (bootLoader.name === 'grub') {
    const block = (await files.readBytes(bootLoader.detail, GRUBENV_BYTES)) ?? Buffer.alloc(0);
    return Object.fromEntries(grubenvVariables(parseGrubenv(block)));
  }
  const { counter, success } = await bootLoader.read();
  return { counter: `${counter ?? 'not set'}`, success: `${success ?? 'not set'}` };
}

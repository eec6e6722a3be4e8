import { optionIn } from '../../core/deployment-link.ts';
import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import type { Rehearsal } from '../../ports/rehearsal.ts';
import { makeOstreeTool } from './ostree.ts';
import { type Argv, CHANGE_TIMEOUT_MS, must } from './tool.ts';

/** What ostree-prepare-root(1) reads, the first that exists. */
const PREPARE_ROOT = ['/etc/ostree/prepare-root.conf', '/usr/lib/ostree/prepare-root.conf'] as const;
const SIGNED = /^\s*enabled\s*=\s*signed\s*$/m;
/** On the kernel command line: counts instead of that file. */
const COMPOSEFS = 'ostree.prepare-root.composefs';
/** Files that the initial file system gets besides the image's, as `rpm-ostree initramfs-etc` adds them. */
const OVERLAYS = '/boot/ostree/initramfs-overlays';
const CHECKSUM = /^[0-9a-f]{64}$/;

/**
 * Drills by `ostree` itself, which is below rpm-ostree and bootc wherever they deploy ostree commits. A commit of the
 * same tree has a checksum of its own, and shares every object: some hundred bytes on the disk.
 */
export function makeRehearsal(files: Files, processes: Processes): Rehearsal {
  const { list } = makeOstreeTool(processes);
  const ostree = (argv: Argv, signal: AbortSignal) => must(processes, argv, { timeoutMs: CHANGE_TIMEOUT_MS, signal });
  const find = async (id: string, signal: AbortSignal) => {
    const entries = await list(signal);
    const at = entries.findIndex((entry) => entry.id === id);
    const entry = entries[at];
    return entry === undefined ? null : { at: String(at), ...entry };
  };
  /** A copy has no signature, and an initial file system that wants one would not start it. */
  const whoWantsSigned = async () => {
    const option = optionIn((await files.readText('/proc/cmdline')) ?? '', COMPOSEFS);
    if (option !== null) return option === 'signed' ? COMPOSEFS : null;
    for (const path of PREPARE_ROOT) {
      const text = await files.readText(path);
      if (text !== null) return SIGNED.test(text) ? path : null;
    }
    return null;
  };
  return {
    async unsupported() {
      if ((await files.info('/run/ostree-booted')) === null) return 'only deployments of ostree can be drilled';
      if ((await files.info('/usr/bin/ostree')) === null) return 'there is no program ostree';
      // `ostree admin deploy` takes none of them over, and what has to unlock a disk with them would wait for ever.
      if (((await files.list(OVERLAYS)) ?? []).length > 0)
        return `${OVERLAYS} is not empty, and a copy would start without these`;
      const wants = await whoWantsSigned();
      return wants === null ? null : `${wants} wants signed deployments, and a copy has no signature`;
    },
    async copy(id, signal) {
      const said = await ostree(
        [
          ...(['ostree', 'commit', '--orphan', `--tree=ref=${id}`] as const),
          ...['--subject=goodboot drill', '--add-metadata-string=version=goodboot drill'],
        ],
        signal,
      );
      const made = said.trim();
      if (!CHECKSUM.test(made)) throw new GoodbootError('PROGRAM_OUTPUT', `ostree commit: no checksum: "${made}"`);
      return made;
    },
    async stage(id, signal) {
      await ostree(['ostree', 'admin', 'deploy', '--stage', id], signal);
    },
    async pin(id, pinned, signal) {
      const entry = await find(id, signal);
      if (entry === null || entry.pinned === pinned) return;
      await ostree(['ostree', 'admin', 'pin', ...(pinned ? [] : ['--unpin']), entry.at], signal);
      // It goes by position, and an updater may have moved them in between.
      if ((await find(id, signal))?.pinned !== pinned)
        throw new GoodbootError('PROGRAM_FAILED', `ostree admin pin: ${id} is not ${pinned ? 'pinned' : 'unpinned'}`);
    },
    async remove(id, signal) {
      const entry = await find(id, signal);
      // One that was staged when the power went is in no list, and its files lie there until somebody tidies up.
      const argv: Argv = entry === null ? ['ostree', 'admin', 'cleanup'] : ['ostree', 'admin', 'undeploy', entry.at];
      await ostree(argv, signal);
      if (entry !== null && (await find(id, signal)) !== null)
        throw new GoodbootError('PROGRAM_FAILED', `ostree admin undeploy: ${id} is still there`);
    },
  };
}

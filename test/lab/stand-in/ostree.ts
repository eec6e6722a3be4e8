import { first, loadState, query, takeFault, writeEntries } from './sysroot-state.ts';

/** How a stand-in for a program ended. */
export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const said = (stdout: string): Said => ({ exitCode: 0, stdout, stderr: '' });
export const failed = (text: string): Said => ({ exitCode: 1, stdout: '', stderr: `error: ${text}\n` });

/** ostree 2026.4 over a state, as far as it is used: `admin status --json`, `set-default`, `undeploy`. */
export function ostree(path: string, words: readonly string[]): Said {
  const [admin, verb = '', argument = ''] = words;
  if (admin !== 'admin') return failed(`Unknown command '${admin}'`);
  if (verb === 'status') return argument === '--json' ? status(path) : failed(`Unknown option ${argument}`);
  if (verb !== 'set-default' && verb !== 'undeploy') return failed(`Unknown "admin" subcommand '${verb}'`);
  const { entries } = loadState(path);
  const entry = entries[Number.parseInt(argument, 10)];
  if (takeFault(path, 'ostree-fails')) return failed('Writing deployments: No space left on device');
  if (entry === undefined) return failed(`Out of range deployment index ${argument}, expected < ${entries.length}`);
  if (verb === 'undeploy' && entry.booted) return failed(`Cannot undeploy currently booted deployment ${argument}`);
  if (!takeFault(path, 'ostree-lies')) {
    writeEntries(path, verb === 'undeploy' ? entries.filter((other) => other !== entry) : first(entries, entry));
  }
  return said('');
}

function status(path: string): Said {
  if (takeFault(path, 'noise')) return said('{"deployments": [{"checksum": ');
  const { entries } = loadState(path);
  const { pending, rollback } = query(entries);
  const deployments = entries.map((entry, index) => ({
    checksum: entry.checksum,
    stateroot: entry.stateroot,
    refspec: null,
    serial: 0,
    index,
    booted: entry.booted,
    pending: entry === pending,
    rollback: entry === rollback,
    'finalization-locked': false,
    'soft-reboot-target': false,
    staged: entry.staged,
    pinned: entry.pinned,
    unlocked: 'none',
    version: entry.version,
  }));
  return said(`${JSON.stringify({ deployments })}\n`);
}

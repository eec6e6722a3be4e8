import { createHash } from 'node:crypto';
import { failed, type Said, said } from './ostree.ts';
import { bootcRollback, bootcSlots, loadState, type StateEntry, takeFault, writeEntries } from './sysroot-state.ts';

const IMAGE = { image: 'registry.example.org/os:stable', transport: 'registry' };

/** bootc over a state, as far as it is used: `status` in its first format (host-v1.schema.json), and `rollback`. */
export function bootc(path: string, words: readonly string[]): Said {
  switch (words.join(' ')) {
    case 'status --format=json --format-version=1':
      if (takeFault(path, 'status-fails')) return failed('Status: Querying image: no such commit');
      return said(takeFault(path, 'noise') ? '{"apiVersion": "org.contain' : JSON.stringify(host(path)));
    case 'rollback':
      return rollback(path);
    default:
      return failed(`unrecognized subcommand '${words.join(' ')}'`);
  }
}

function rollback(path: string): Said {
  if (takeFault(path, 'rollback-fails')) return failed('Rollback: Writing deployments: Read-only file system');
  const swap = () => writeEntries(path, bootcRollback(loadState(path).entries));
  try {
    if (!takeFault(path, 'rollback-lies')) swap();
    // Somebody else asked for the same at the same moment.
    if (takeFault(path, 'rollback-twice')) swap();
    return said('Next boot: rollback deployment\n');
  } catch (error) {
    return failed(`Rollback: ${error instanceof Error ? error.message : error}`);
  }
}

function host(path: string) {
  const { staged, booted, rollback, others, queued } = bootcSlots(loadState(path).entries);
  return {
    apiVersion: 'org.containers.bootc/v1',
    kind: 'BootcHost',
    metadata: { name: 'host' },
    spec: { image: booted.isImage ? IMAGE : null, bootOrder: booted.isImage && queued ? 'rollback' : 'default' },
    status: {
      staged: bootEntry(staged),
      booted: bootEntry(booted),
      rollback: bootEntry(rollback),
      ...(others.length > 0 ? { otherDeployments: others.map(bootEntry) } : {}),
      rollbackQueued: queued,
      type: booted.isImage ? 'bootcHost' : null,
      usrOverlay: null,
      readOnly: false,
    },
  };
}

function bootEntry(entry: StateEntry | null) {
  if (entry === null) return null;
  const { checksum, stateroot, pinned, version, isImage } = entry;
  const imageDigest = `sha256:${createHash('sha256').update(`image ${version}`).digest('hex')}`;
  const image = { image: IMAGE, version, timestamp: '2026-06-01T12:00:00Z', imageDigest, architecture: 'amd64' };
  return {
    image: isImage ? image : null,
    cachedUpdate: null,
    incompatible: !isImage,
    pinned,
    softRebootCapable: false,
    downloadOnly: false,
    store: 'ostreeContainer',
    ostree: { stateroot, checksum, deploySerial: 0 },
    composefs: null,
  };
}

import { errnoOf, GoodbootError } from '../../src/core/errors.ts';
import { type Fact, fail, pass } from '../../src/core/outcome.ts';
import { defineCheck } from '../../src/ports/check.ts';
import type { Files } from '../../src/ports/files.ts';
import { mountProblems, roomProblems, type WantedMount, type WantedRoom } from './judge.ts';
import { type Mount, mountAt, parseMountinfo } from './mountinfo.ts';
import type { FilesystemOptions } from './options.ts';

/** Answers of a disk that does not take a write; any other errno says more about the probe than about the disk. */
const REFUSALS = ['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'];

/** What was seen of one path, and what is wrong with it. */
interface Finding {
  readonly problems: readonly string[];
  readonly facts: { readonly [key: string]: Fact };
}

export const check = defineCheck<FilesystemOptions>({
  type: 'filesystem',
  async run({ options, use }) {
    const files = await use('files');
    const mounts = await readMounts(files, Object.keys(options.mounts));
    const findings = await Promise.allSettled([
      ...Object.entries(options.mounts).map(([path, wanted]) =>
        lookAtMount(files, mountAt(mounts, path), path, wanted),
      ),
      ...Object.entries(options.paths).map(([path, { writable, ...room }]) =>
        lookAtRoom(files, path, { ...room, probe: writable !== undefined }),
      ),
    ]);
    const paths = [...Object.keys(options.mounts), ...Object.keys(options.paths)];
    const facts = Object.fromEntries(
      findings.flatMap((finding, at) => (finding.status === 'fulfilled' ? [[paths[at]!, finding.value.facts]] : [])),
    );
    const problems = findings.flatMap((finding) => (finding.status === 'fulfilled' ? finding.value.problems : []));
    if (problems.length > 0) return fail(problems.join(', and '), facts);
    // What is known to be wrong counts for more than what could not be told.
    const unknown = findings.find((finding) => finding.status === 'rejected');
    if (unknown !== undefined) throw unknown.reason;
    return pass(facts);
  },
});

async function readMounts(files: Files, wanted: readonly string[]): Promise<readonly Mount[]> {
  const mounts = await readMountinfo(files);
  const asleep = wanted.filter((path) => mountAt(mounts, path)?.type === 'autofs');
  if (asleep.length === 0) return mounts;
  // An automount is mounted by being looked at.
  await Promise.all(asleep.map((path) => files.space(path)));
  return readMountinfo(files);
}

/** The mounts as PID 1 has them, for this program may have a namespace of its own; that one where PID 1's is closed to it. */
async function readMountinfo(files: Files): Promise<readonly Mount[]> {
  const ofPid1 = await files.readText('/proc/1/mountinfo').catch(() => null);
  const text = ofPid1 ?? (await files.readText('/proc/self/mountinfo'));
  if (text === null) throw new GoodbootError('FILE_UNREADABLE', '/proc/self/mountinfo: does not exist');
  return parseMountinfo(text);
}

async function lookAtMount(files: Files, mount: Mount | null, path: string, wanted: WantedMount): Promise<Finding> {
  const problems = mountProblems(path, wanted, mount);
  if (mount === null) return { problems, facts: { mounted: false } };
  const { type, source, readOnly } = mount;
  const { free, freeInodes, writable } = wanted;
  const room = await lookAtRoom(files, path, { free, freeInodes, probe: writable === 'probe' && !readOnly });
  return { problems: [...problems, ...room.problems], facts: { mounted: true, type, source, readOnly, ...room.facts } };
}

async function lookAtRoom(
  files: Files,
  path: string,
  { probe, ...wanted }: WantedRoom & { readonly probe: boolean },
): Promise<Finding> {
  const space = await files.space(path);
  if (space === null) return { problems: [`${path} does not exist`], facts: { exists: false } };
  const refusal = probe ? await refusalOf(files, path) : null;
  const refused = refusal === null ? [] : [`${path} does not take a write (${refusal})`];
  return { problems: [...roomProblems(path, wanted, space), ...refused], facts: { ...space } };
}

/** The errno with which the disk refuses a write; null when it takes it. */
async function refusalOf(files: Files, directory: string): Promise<string | null> {
  try {
    await files.probeWrite(directory);
    return null;
  } catch (thrown) {
    const errno = thrown instanceof GoodbootError ? errnoOf(thrown.cause) : null;
    if (errno !== null && REFUSALS.includes(errno)) return errno;
    throw thrown;
  }
}

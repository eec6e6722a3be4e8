import { globSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { OUTPUT_SCHEMAS } from '../../src/cli/output-schema.ts';
import { PROGRAMS } from '../lab/layer.ts';
import { must, type Ran, type RunOptions, run, withLock } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
/** What a node has. */
export const EXECUTABLE = join(PROGRAMS, 'goodboot');
/** The built program, as a person starts it in a checkout. */
export const COMMAND = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(REPO, 'out/goodboot.mjs'),
] as const;

const CODE = ['src/**/*.ts', 'checks/**/*.ts', 'tools/*.mjs'];
const PACKED = ['units/**', 'dist/**', 'schema/**', 'tools/sea/*.mjs'];

/** Builds out/ where a source is newer: once, however many test files ask for it. */
export const build = (): Promise<void> => built('out/goodboot.mjs', CODE, 'tools/build.mjs');

/** The same for the executable. */
export const buildExecutable = (): Promise<void> => built(EXECUTABLE, [...CODE, ...PACKED], 'tools/sea.mjs');

const built = (product: string, sources: readonly string[], tool: string): Promise<void> =>
  withLock(join(REPO, 'node_modules/.goodboot-build'), async () => {
    const changed = (path: string) => statSync(resolve(REPO, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const files = globSync([...sources], { cwd: REPO });
    if (files.every((source) => changed(source) < changed(product))) return;
    await must(['env', `--chdir=${REPO}`, process.execPath, tool, '--quiet'], { timeoutMs: 60_000 });
  });

/** Runs `goodboot` to its end. */
export const goodboot = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  run([...COMMAND, ...args], { timeoutMs: 30_000, ...options });

/** What `goodboot --json` answered, after it was checked against the schema of its kind. */
export const jsonOf = ({ stdout }: Pick<Ran, 'stdout'>) =>
  v.parse(v.variant('kind', Object.values(OUTPUT_SCHEMAS)), JSON.parse(stdout));

/** A directory that is gone with its owner. */
export interface Directory extends AsyncDisposable {
  readonly path: string;
}

/** A new directory with these files in it, below the system's directory for such. */
export async function makeDirectory(files: Readonly<Record<string, string | Buffer>> = {}): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), 'goodboot-cli-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

export interface MachineRun extends RunOptions {
  /** Shell text that runs the command, `"$@"`, in another way than it is. */
  readonly how?: string;
}

/**
 * Runs `goodboot` as on a machine of its own: what it reads and writes in /run, /var/lib and /boot lies in the
 * directory, and no systemd is in sight. PID 1 is a shell.
 */
export function goodbootOn(machine: Directory, args: readonly string[], options: MachineRun = {}): Promise<Ran> {
  const { how = '"$@" || exit $?', ...others } = options;
  const mounts = 'for name in run var/lib boot; do mkdir -p "$1/$name"; mount --bind "$1/$name" "/$name"; done; shift';
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const argv = [...namespaces, 'sh', '-euc', `${mounts}; ${how}`, 'sh', machine.path, ...COMMAND, ...args];
  return run(argv, { timeoutMs: 30_000, ...others });
}

/** A drop-in that leaves no check but one program, as `run/goodboot/config.d/50-test.yaml` in a machine. */
export const onlyCommand = (argv: readonly string[], { required = true } = {}): string => `apiVersion: goodboot/v1
checks:
  units: false
  failed-units: false
  filesystem: false
  kernel: false
  network: false
  time: false
  probe: { type: command, required: ${required}, argv: ${JSON.stringify(argv)}, timeout: 5s }
`;

/** A GRUB environment block as `grub-editenv create` and `set` make it. */
export async function makeGrubenv(path: string, variables: readonly string[] = []): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await must(['grub-editenv', path, 'create']);
  if (variables.length > 0) await must(['grub-editenv', path, 'set', ...variables]);
}

export const grubenvOf = (path: string): Promise<string> => must(['grub-editenv', path, 'list']);

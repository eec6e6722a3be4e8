import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NewFile } from '../../lab/overlay.ts';
import { must, run } from '../../lab/run.ts';
import { withTools } from './debian.ts';
import { DEPLOYMENTS, type DiskName, VAR } from './layout.ts';

const TIMEOUT_MS = 30_000;

/**
 * A machine's disks, while the machine is off. Paths are the guest's: below /boot, /var and /sysroot, and /etc where
 * there is one deployment. /boot is read as GRUB reads it: what is only in the file system's journal is not there.
 */
export class Disks {
  readonly #directory: string;
  readonly #tools: string;

  constructor(directory: string, tools: string) {
    this.#directory = directory;
    this.#tools = tools;
  }

  /** The text of a file, null when it is not there. */
  async read(path: string): Promise<string | null> {
    const { disk, inner } = await this.#locate(path);
    const ran = await run(this.#debugfs(disk, ['-R', `cat "${inner}"`]), { timeoutMs: TIMEOUT_MS });
    if (/File not found/.test(ran.stderr)) return null;
    const error = ran.stderr.replace(/^debugfs .*\n/, '');
    if (error !== '') throw new Error(`${path}: ${error}`);
    return ran.stdout;
  }

  /** The names in a directory, sorted; none when it is not there. */
  async list(path: string): Promise<readonly string[]> {
    const { disk, inner } = await this.#locate(path);
    const { stdout } = await run(this.#debugfs(disk, ['-R', `ls -p "${inner}"`]), { timeoutMs: TIMEOUT_MS });
    const names = [...stdout.matchAll(/^\/\d+\/\d+\/\d+\/\d+\/([^/]+)\//gm)].map((match) => match[1]!);
    return names.filter((name) => name !== '.' && name !== '..').toSorted();
  }

  /** Writes files, with their directories; null removes one. Theirs are root's. */
  async write(files: Readonly<Record<string, NewFile | null>>): Promise<void> {
    const scratch = await mkdtemp(join(tmpdir(), 'goodboot-disk-'));
    try {
      const commands = new Map<DiskName, string[]>([
        ['boot', []],
        ['root', []],
      ]);
      for (const [index, [path, file]] of Object.entries(files).entries()) {
        const { disk, inner } = await this.#locate(path);
        const add = commands.get(disk)!;
        add.push(`rm "${inner}"`); // not there: said, and no error
        if (file === null) continue;
        const { content, mode } =
          typeof file === 'string' || Buffer.isBuffer(file) ? { content: file, mode: 0o644 } : file;
        const source = join(scratch, `${index}`);
        await writeFile(source, content);
        await chmod(source, mode);
        add.push(...parentsOf(inner).map((directory) => `mkdir "${directory}"`), `write ${source} "${inner}"`);
      }
      for (const [disk, lines] of commands) {
        if (lines.length === 0) continue;
        await this.#replay(disk);
        const script = join(scratch, 'commands');
        await writeFile(script, `${lines.join('\n')}\n`);
        await must(this.#debugfs(disk, ['-w', '-f', script]), { timeoutMs: TIMEOUT_MS });
      }
    } finally {
      await rm(scratch, { recursive: true });
    }
  }

  /** The checksums of all deployments that are in the boot menu, the default first. */
  async deployments(): Promise<readonly string[]> {
    const names = await this.list('/boot/loader/entries');
    const found: string[] = [];
    for (const name of names.toReversed()) {
      const entry = await this.read(`/boot/loader/entries/${name}`);
      const link = /\bostree=(\S+)/.exec(entry ?? '')?.[1];
      const target = link && (await this.read(`/sysroot${link}`)); // of a link that long the target is in a block
      const commit = /\/deploy\/([0-9a-f]{64})\.\d+$/.exec(target?.replace(/\0+$/, '') ?? '')?.[1];
      if (commit === undefined) throw new Error(`${name} leads to no deployment: ${entry}`);
      found.push(commit);
    }
    return found;
  }

  /** Does what the kernel would do at the next mount, so that a root that was not unmounted can be read. GRUB does not. */
  async replayRoot(): Promise<void> {
    await this.#replay('root');
  }

  async #replay(disk: DiskName): Promise<void> {
    const argv = withTools(this.#tools, ['e2fsck', '-y', '-E', 'journal_only', join(this.#directory, disk)]);
    const ran = await run(argv, { timeoutMs: TIMEOUT_MS });
    if (ran.exitCode > 1) throw new Error(`e2fsck ${disk}: ${ran.stdout}${ran.stderr}`); // 1: mended
  }

  async #locate(path: string): Promise<{ readonly disk: DiskName; readonly inner: string }> {
    const below = (top: string): string | null => (path.startsWith(`${top}/`) ? path.slice(top.length) : null);
    const boot = below('/boot');
    if (boot !== null) return { disk: 'boot', inner: boot };
    const sysroot = below('/sysroot');
    if (sysroot !== null) return { disk: 'root', inner: sysroot };
    const data = below('/var');
    if (data !== null) return { disk: 'root', inner: VAR + data };
    const [deployment, ...others] = (await this.list(`/sysroot${DEPLOYMENTS}`)).filter((name) => /\.\d+$/.test(name));
    if (below('/etc') === null || deployment === undefined || others.length > 0) {
      throw new Error(`${path}: not in one place on the disk`);
    }
    return { disk: 'root', inner: `${DEPLOYMENTS}/${deployment}${path}` };
  }

  #debugfs(disk: DiskName, args: readonly string[]): readonly string[] {
    return withTools(this.#tools, ['debugfs', ...args, join(this.#directory, disk)]);
  }
}

/** The directories above a path, outermost first. */
function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}

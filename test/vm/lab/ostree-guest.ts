import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewFile, putFiles } from '../../lab/overlay.ts';
import { must } from '../../lab/run.ts';
import { Guest } from './guest.ts';

export interface Change {
  /** Contents by path, as in the image (so /etc means the image's). null removes, which is slow: 20 s, not 1. */
  readonly change?: Readonly<Record<string, NewFile | null>>;
  readonly version?: string;
  /** Default true: written at shutdown, as an updater does it. */
  readonly staged?: boolean;
  /** Added to the kernel's command line. */
  readonly kernelArguments?: readonly string[];
}

/** A guest whose operating system is an OSTree deployment, with the repository at hand. */
export abstract class OstreeGuest extends Guest {
  /** Checksum of the deployment that runs. */
  async booted(): Promise<string> {
    return (await this.#status()).find((each) => each.booted)!.checksum;
  }

  /** Commits a changed copy of the booted tree in the guest's repository, without deploying it. Gives its checksum. */
  async commit({ change = {}, version = `${Date.now()}` }: Change): Promise<string> {
    const scratch = await mkdtemp(join(tmpdir(), 'goodboot-commit-'));
    const inTree = Object.entries(change).map(([path, file]) => [path.replace(/^\/etc\//, '/usr/etc/'), file] as const);
    const written = inTree.filter((entry): entry is readonly [string, NewFile] => entry[1] !== null);
    const removed = inTree.filter(([, file]) => file === null).map(([path]) => path);
    await putFiles(join(scratch, 'tree'), Object.fromEntries(written));
    await mkdir(join(scratch, 'tree'), { recursive: true });
    await must([
      'tar',
      '--create',
      '--owner=0',
      '--group=0',
      `--directory=${scratch}/tree`,
      `--file=${scratch}/tar`,
      '.',
    ]);
    const input = await readFile(join(scratch, 'tar'));
    await rm(scratch, { recursive: true });
    const env = { base: await this.booted(), version, removed: removed.join('\n') };
    // /sysroot is writable only in the namespace of what changes it.
    const skip = removed.length > 0 ? '--skip-list=/run/lab/removed' : '';
    const script = `
      cat >/run/lab/tree.tar
      echo "$removed" >/run/lab/removed
      mount -o remount,rw /sysroot
      ostree commit --repo=/sysroot/ostree/repo --branch="lab/$version" --add-metadata-string=version="$version" \
        --tree=ref="$base" --tree=tar=/run/lab/tree.tar --tar-autocreate-parents ${skip}`;
    const ran = await this.exec(['unshare', '--mount', 'sh', '-euc', script], { input, env, timeoutMs: 120_000 });
    if (ran.exitCode !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
    return ran.stdout.trim();
  }

  /** Deploys a commit, staged by default. */
  async deploy(checksum: string, { staged = true, kernelArguments = [] }: Change = {}): Promise<void> {
    const options = [staged ? '--stage' : '--retain', ...kernelArguments.map((each) => `--karg-append=${each}`)];
    const ran = await this.exec(['ostree', 'admin', 'deploy', ...options, checksum], { timeoutMs: 120_000 });
    if (ran.exitCode !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  }

  /** An update: commits a changed copy of the booted tree and stages it. Gives its checksum. */
  async newDeployment(change: Change = {}): Promise<string> {
    const checksum = await this.commit(change);
    await this.deploy(checksum, change);
    return checksum;
  }

  /** Checksums of the deployments in the boot menu, the default first. */
  protected async inMenu(): Promise<readonly string[]> {
    return (await this.#status()).filter((each) => !each.staged).map((each) => each.checksum);
  }

  async #status(): Promise<readonly { checksum: string; booted: boolean; staged: boolean }[]> {
    // No --json: the ostree of this Debian lacks it.
    const lines = (await this.sh('ostree admin status')).matchAll(/^([ *]) \S+ ([0-9a-f]{64})\.\d+( \(staged\))?/gm);
    return [...lines].map(([, mark, checksum, staged]) => ({
      checksum: checksum!,
      booted: mark === '*',
      staged: staged !== undefined,
    }));
  }
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { must } from './run.ts';
import { ensurePolicy } from './selinux.ts';

/** The program that a node runs in its initial file system. */
const IGNITION = '/usr/lib/dracut/modules.d/30ignition/ignition';
/** Each takes a second or two, for the digest of what is fetched. */
const STAGE_TIMEOUT_MS = 120_000;

/** Fills a directory with a release for one architecture, as `npm run build:release` does for all, but quickly. */
export async function makeRelease(
  into: string,
  { programs, version, arch = 'x86_64' }: { programs: string; version: string; arch?: string },
): Promise<void> {
  const [executable, library] = [`goodboot-${version}-${arch}.gz`, `libatomic-${version}-${arch}.so.1`];
  const raw = await readFile(join(programs, 'goodboot'));
  await mkdir(into, { recursive: true });
  const packed = await promisify(gzip)(raw, { level: 1 });
  await writeFile(join(into, executable), packed);
  await copyFile(join(programs, 'libatomic.so.1'), join(into, library));
  const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const goodboot = { sha256: sha256(raw), gzip: { file: executable, sha256: sha256(packed) } };
  const libatomic = { sha256: sha256(await readFile(join(into, library))), file: library };
  const about = { version, architectures: { [arch]: { goodboot, libatomic } } };
  await writeFile(join(into, 'release.json'), JSON.stringify(about));
}

export interface Served extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
}

/** A web server on the loopback device with the files of a directory. */
export async function serve(directory: string): Promise<Served> {
  const server = createServer((request, response) => {
    const file = createReadStream(join(directory, basename(request.url ?? '')));
    file.on('error', () => response.writeHead(404).end()).pipe(response);
  });
  await promisify((done: () => void) => server.listen(0, '127.0.0.1', done))();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}

/**
 * Has the real Ignition make a node: fetch the config and what it names, write it all below a root, label it. `mounts`:
 * directories that the root has at these paths meanwhile, as the initial file system has its /var and /boot.
 */
export async function ignite(
  config: string,
  root: string,
  mounts: Readonly<Record<string, string>> = {},
): Promise<void> {
  const policy = await ensurePolicy();
  const script = `
    mount -t tmpfs ignition /run
    cat >/run/config.ign
    mkdir -p "$0/etc/selinux"
    mount --bind "$1" "$0/etc/selinux"
    ${Object.entries(mounts)
      .map(([path, directory]) => `mount --bind '${directory}' "$0${path}"`)
      .join('\n')}
    for stage in fetch files; do
      "$2" --platform file --stage $stage --root "$0" --config-cache /run/ignition.json --log-to-stdout
    done
    umount "$0/etc/selinux"
    rmdir --ignore-fail-on-non-empty "$0/etc/selinux"`;
  const argv = ['unshare', '--mount', 'sh', '-euc', script, root, policy, IGNITION];
  await must(argv, { input: config, env: { IGNITION_CONFIG_FILE: '/run/config.ign' }, timeoutMs: STAGE_TIMEOUT_MS });
}

/** As `ignition-validate` sees it. @throws when it is no valid config */
export const validate = (config: string): Promise<string> => must(['ignition-validate', '-'], { input: config });

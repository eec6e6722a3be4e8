import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes a file below a root, with its directory. */
export async function put(root: string, file: string, content: string | Buffer): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** The link that ostree makes for a deployment, as it stands in `ostree=`. `base`: where the system has its sysroot. */
export async function putLink(root: string, deployment: string, base = ''): Promise<string> {
  const link = `/ostree/boot.1/os/${deployment.slice(0, 8)}/0`;
  const path = join(root, base, link);
  await mkdir(dirname(path), { recursive: true });
  await symlink(`../../../deploy/os/deploy/${deployment}.0`, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return link;
}

/** A boot entry as ostree writes it. */
export async function putEntry(root: string, file: string, deployment: string, base = ''): Promise<void> {
  const link = await putLink(root, deployment, base);
  const lines = ['title OS', 'version 2', 'linux /ostree/os/vmlinuz', `options root=/dev/vda2 ostree=${link} rw quiet`];
  await put(root, file, `${lines.join('\n')}\n`);
}

/** An EFI variable as the kernel shows what systemd-boot left behind. */
export const putVariable = (root: string, name: string, text: string): Promise<void> =>
  put(
    root,
    `/sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`,
    Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from(`${text}\0`, 'utf16le')]),
  );

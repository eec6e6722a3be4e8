import { appendFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerOf } from './layer.ts';
import { must } from './run.ts';

const PACKAGE = 'selinux-policy-default';
const CONTEXTS = 'default/contexts/files';

/** The file that says which path has which label, below what `ensurePolicy` gives. */
export const FILE_CONTEXTS = `${CONTEXTS}/file_contexts`;

/**
 * The path of a directory that can be a node's /etc/selinux: the labels of files by Debian's policy, which is made from
 * the same reference policy as Fedora's. Made once per version of that policy.
 */
export async function ensurePolicy(): Promise<string> {
  const version = /^Version: (.+)$/m.exec(await must(['apt-cache', 'show', '--no-all-versions', PACKAGE]))?.[1];
  if (version === undefined) throw new Error(`apt knows no ${PACKAGE}`);
  return layerOf('selinux', [PACKAGE, version.replaceAll('/', '_')], async (into) => {
    const work = await mkdtemp(join(tmpdir(), 'goodboot-selinux-'));
    try {
      const download = ['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', PACKAGE];
      await must(['env', `--chdir=${work}`, ...download], { timeoutMs: 120_000 });
      const [name] = (await readdir(work)).filter((each) => each.endsWith('.deb'));
      await must(['dpkg-deb', '--extract', join(work, name!), join(work, 'root')], { timeoutMs: 60_000 });
      await made(join(work, 'root'), into);
    } finally {
      await rm(work, { recursive: true });
    }
  });
}

/** The package has modules; what a system uses is put together from them when it is installed. */
async function made(root: string, into: string): Promise<void> {
  const selinux = join(root, 'etc/selinux');
  await mkdir(join(root, 'var/lib/selinux/default'), { recursive: true });
  await writeFile(join(selinux, 'semanage.conf'), 'module-store = direct\nexpand-check = 0\n');
  await writeFile(join(selinux, 'config'), 'SELINUX=enforcing\nSELINUXTYPE=default\n');
  const modules = join(root, 'usr/share/selinux/default');
  const files = (await readdir(modules)).filter((name) => name.endsWith('.pp.bz2')).map((name) => join(modules, name));
  await must(['semodule', '-p', root, '-s', 'default', '-n', '-X', '100', '-i', ...files], { timeoutMs: 300_000 });
  await mkdir(join(into, CONTEXTS), { recursive: true });
  for (const name of ['file_contexts', 'file_contexts.subs_dist']) {
    await cp(join(selinux, CONTEXTS, name), join(into, CONTEXTS, name));
  }
  await cp(join(selinux, 'config'), join(into, 'config'));
  // As Fedora's policy has it: /usr/local is a link to there.
  await appendFile(join(into, CONTEXTS, 'file_contexts.subs_dist'), '/var/usrlocal /usr/local\n');
}

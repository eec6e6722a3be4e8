import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { enabledUnits } from '../../src/core/package/layout.ts';
import { fencesOf } from '../docs/markdown.ts';
import { PROGRAMS } from '../lab/layer.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';
import { ensureRootfs } from '../lab/rootfs.ts';
import { must } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
const ARCH = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
/** What a release has for an image, besides the sums. */
const NAMES = [`goodboot-0.1.0-${ARCH}.gz`, `libatomic-0.1.0-${ARCH}.so.1`] as const;
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PAGE = await readFile(join(REPO, 'docs/how-to/install-layered-image.md'), 'utf8');
/** The text of the block with that mark. */
const block = (mark: string): string => fencesOf(PAGE).find(({ marks }) => marks.includes(mark))!.text;

const CONFIG = 'apiVersion: goodboot/v1\nchecks: { network: false, units: { stable: 0s } }\n';
// Nothing that runs in a container may ask for more than this machine has itself.
const CONTAINERS = '[containers]\npids_limit = 0\ndefault_ulimits = ["nofile=1024:4096", "nproc=1024:4096"]\n';
/** What the base needs not: it is to be small. */
const LEFT_OUT = ['usr/bin/podman', 'usr/share/doc', 'usr/share/locale', 'usr/share/man', 'var/lib/dpkg', 'var/cache'];

let top: string;
let machine: Machine;
const said = async (script: string) => {
  const { exitCode, stdout, stderr } = await machine.exec(['sh', '-euxc', `cd /srv\n${script}`], { timeoutMs: 90_000 });
  return { exitCode, text: stdout + stderr };
};

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'goodboot-image-'));
  // As a release has them, packed less.
  const pack = 'gzip -1nc "$1/goodboot" >"$2"; cp "$1/libatomic.so.1" "$3"';
  await must(['sh', '-euc', pack, 'sh', PROGRAMS, ...NAMES.map((name) => join(top, name))], { timeoutMs: 60_000 });
  const files: Record<string, Buffer> = { '/srv/Containerfile': await readFile(join(REPO, 'dist/Containerfile')) };
  for (const name of NAMES) files[`/srv/${name}`] = await readFile(join(top, name));
  machine = await bootMachine({
    podman: true,
    goodboot: false,
    files: { ...files, '/etc/containers/containers.conf': CONTAINERS },
  });
  await machine.sh('cd /srv; sha256sum goodboot-* libatomic-* >SHA256SUMS');
  const base = `tar -C "$1" -c ${LEFT_OUT.map((path) => `--exclude=./${path}`).join(' ')} . |
    nsenter -t "$2" -a podman import --quiet - localhost/base`;
  await must(['sh', '-euc', base, 'sh', await ensureRootfs('trixie'), `${machine.leader}`], { timeoutMs: 60_000 });
});
afterAll(async () => {
  await machine?.stop();
  await rm(top, { recursive: true });
});

test('no image is built of files that are not those of one release', async () => {
  await machine.sh('mkdir /tmp/other; cp /srv/Containerfile /srv/SHA256SUMS /tmp/other');
  await machine.sh(`cd /tmp/other; for name in ${NAMES.join(' ')}; do echo other >$name; done`);
  const other = await said(`cd /tmp/other; base=localhost/base\n${block('build')}`);
  expect(other.exitCode).not.toBe(0);
  expect(other.text).toMatch(/goodboot-.*: FAILED\n.*libatomic-.*: FAILED/);
  const two = await said(`cd /tmp/other; : >goodboot-0.0.9-${ARCH}.gz; base=localhost/base\n${block('build')}`);
  expect(two.exitCode).not.toBe(0);
  expect(two.text).toContain(`the files of one release were wanted for ${ARCH}`);
});

test('an image is built as the page says, with two layers, and boots to a good verdict', async () => {
  expect(await said(`base=localhost/base\n${block('build')}`)).toMatchObject({ exitCode: 0 });
  const layers = await machine.sh("podman history --format '{{.Size}}' localhost/node");
  expect(layers.trim().split('\n')).toHaveLength(3); // the base is one

  await machine.write('/srv/site/Containerfile', block('file=/srv/site/Containerfile'));
  await machine.write('/srv/site/config.yaml', CONFIG);
  expect(await said('podman build --tag localhost/site site')).toMatchObject({ exitCode: 0 });
  const root = join(top, 'root');
  await mkdir(root);
  const take = 'nsenter -t "$1" -a sh -euc "podman export \\$(podman create localhost/site true)" | tar -C "$2" -x';
  await must(['sh', '-euc', take, 'sh', `${machine.leader}`, root], { timeoutMs: 60_000 });
  await machine.stop();

  expect(await digestOf(join(root, 'usr/libexec/goodboot/goodboot'))).toBe(await digestOf(join(PROGRAMS, 'goodboot')));
  // bootupd makes GRUB's configuration of these when it makes a disk of the image.
  expect(await readFile(join(root, 'usr/lib/bootupd/grub2-static/configs.d/09_goodboot.cfg'), 'utf8')).toBe(
    await readFile(join(REPO, 'dist/grub/09_goodboot.cfg'), 'utf8'),
  );
  await using node = await bootMachine({ root, goodboot: false });
  expect(JSON.parse(await node.sh('goodboot status --json'))).toMatchObject({ verdict: 'good' });
  expect((await node.unit('boot-complete.target'))['ActiveState']).toBe('active');
  const preset = await readFile(join(REPO, 'units/90-goodboot.preset'), 'utf8');
  const enabled = await node.sh(`systemctl is-enabled ${enabledUnits(preset).join(' ')}`);
  expect(new Set(enabled.trim().split('\n'))).toEqual(new Set(['enabled']));
});

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

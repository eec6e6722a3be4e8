// Makes the system extension: node tools/sysext.mjs --programs DIR [--arch x86_64|aarch64] [--out DIR]
// DIR holds goodboot and libatomic.so.1 of that architecture. Into --out, by default release/: goodboot-VERSION-ARCH.raw, and
// goodboot-VERSION-sysext-etc.tar, what a node needs in /etc beside it.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openPackage } from '../src/adapters/package/package.ts';
import { enabledUnits, layOut, PRESET } from '../src/core/package/layout.ts';
import { release } from './bundle.mjs';
import { BuildError, tool } from './sea/runtime.mjs';

/** The name that an installed image has to have, without its .raw: systemd-sysext compares the two. */
const NAME = 'goodboot';
/** By the kernel's name of the architecture: systemd's, which refuses the image of another one. */
const ARCHITECTURES = { x86_64: 'x86-64', aarch64: 'arm64' };
const SYSTEM = '/usr/lib/systemd/system';
/** What a node needs in /etc, in the extension itself: for those who install it by hand. */
const ETC = '/usr/share/goodboot/etc';

const source = openPackage();
const { text } = source;

/** Any distribution, any version: what runs is one executable. Units are to be known as soon as they are there. */
const releaseText = (arch) =>
  ['ID=_any', `ARCHITECTURE=${ARCHITECTURES[arch]}`, 'EXTENSION_RELOAD_MANAGER=1', ''].join('\n');

/** The links that enable a unit of that directory, as its [Install] section says. */
const linksOf = (directory, unit, content) =>
  [...content.matchAll(/^(Wanted|Required)By=(.+)$/gm)].flatMap(([, how, targets]) =>
    targets.split(' ').map((target) => ({
      path: `${directory}/${target}.${how === 'Wanted' ? 'wants' : 'requires'}/${unit}`,
      link: `../${unit}`,
    })),
  );

/** What is in /etc: the unit that starts those of the extension, and the dead-man, which works without it. */
function etc() {
  const beside = layOut('/usr/local', source.files(), text);
  const deadman = beside.filter(({ path }) => /^\/etc\/(goodboot|systemd\/system)\/(goodboot-)?deadman/.test(path));
  const units = [
    ...deadman,
    ...['goodboot-extension.service', 'extension'].map((name) => ({
      path: name === 'extension' ? '/etc/goodboot/extension' : `/etc/systemd/system/${name}`,
      content: text(`dist/sysext/${name}`),
      mode: 0o644,
    })),
  ];
  return units.flatMap((each) => {
    const [, unit] = /^\/etc\/systemd\/system\/(.+)$/.exec(each.path) ?? [];
    return unit === undefined ? [each] : [each, ...linksOf('/etc/systemd/system', unit, each.content)];
  });
}

/** What is in the image. No preset runs for an extension, and it cannot bring anything in /etc: it enables its own units. */
function usr(arch) {
  // bootupd looks while an image is made, and an extension is not part of one.
  const placed = layOut('/usr', source.files(), text).filter(({ path }) => !path.startsWith('/usr/lib/bootupd/'));
  const contentOf = (unit) => placed.find(({ path }) => path === `${SYSTEM}/${unit}`).content;
  const target = 'goodboot-extension.target';
  return [
    ...placed,
    { path: `/usr/lib/extension-release.d/extension-release.${NAME}`, content: releaseText(arch), mode: 0o644 },
    { path: `${SYSTEM}/${target}`, content: text(`dist/sysext/${target}`), mode: 0o644 },
    ...enabledUnits(text(PRESET)).flatMap((unit) => [
      ...linksOf(SYSTEM, unit, contentOf(unit)),
      { path: `${SYSTEM}/${target}.wants/${unit}`, link: `../${unit}` },
    ]),
    ...etc().map((each) => ({ ...each, path: `${ETC}${each.path.slice('/etc'.length)}` })),
  ];
}

function lay(root, placed, programs) {
  for (const each of placed) {
    const path = join(root, each.path);
    mkdirSync(dirname(path), { recursive: true });
    if ('link' in each) {
      symlinkSync(each.link, path);
      continue;
    }
    if ('program' in each) copyFileSync(join(programs, each.program), path);
    else writeFileSync(path, each.content);
    chmodSync(path, each.mode);
  }
}

/**
 * Makes both files for one architecture, and gives their names. The same programs and the same commit give the same bytes.
 * `fast`: compressed less, for tests.
 * @throws BuildError
 */
export function makeExtension({ arch, programs, out, fast = false }) {
  if (!(arch in ARCHITECTURES)) throw new BuildError(`no architecture ${arch}: ${Object.keys(ARCHITECTURES)}`);
  const { version, time } = release();
  const seconds = Date.parse(time) / 1000;
  const [image, tree] = [`goodboot-${version}-${arch}.raw`, `goodboot-${version}-sysext-etc.tar`];
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(realpathSync(out), '.new-'));
  const umask = process.umask(0o022);
  try {
    const beside = etc();
    lay(join(work, 'usr'), usr(arch), programs);
    lay(join(work, 'etc'), beside, programs);
    // EROFS: read in place and labelled by every kernel and policy that an image-based system has; LZ4 unpacks fastest.
    const made = join(work, image);
    tool('mkfs.erofs', [
      ...[fast ? '-zlz4' : '-zlz4hc', '-C65536', `-T${seconds}`, `-U${uuidOf(image)}`, '--all-root'],
      ...[`--file-contexts=${resolve('dist/sysext/file_contexts')}`, made, join(work, 'usr')],
    ]);
    // No directories: those that a node has stay as they are.
    const paths = beside.map(({ path }) => path.slice(1)).toSorted();
    const fixed = [`--mtime=@${seconds}`, '--owner=root:0', '--group=root:0', '--format=ustar'];
    tool('tar', [...fixed, '-cf', join(work, tree), '-C', join(work, 'etc'), ...paths]);
    for (const name of [image, tree]) renameSync(join(work, name), join(out, name));
    return [image, tree];
  } finally {
    process.umask(umask);
    rmSync(work, { recursive: true, force: true });
  }
}

/** The same for the same name. */
const uuidOf = (name) =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      programs: { type: 'string' },
      arch: { type: 'string', default: process.arch === 'arm64' ? 'aarch64' : 'x86_64' },
      out: { type: 'string', default: 'release' },
    },
  });
  try {
    const [programs, out] = [values.programs ?? join('out', values.arch), values.out].map((path) => resolve(path));
    process.chdir(new URL('..', import.meta.url).pathname);
    for (const name of makeExtension({ arch: values.arch, programs, out }))
      console.log(`${join(out, name)}  ${statSync(join(out, name)).size} bytes`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`tools/sysext.mjs: ${error.message}`);
    process.exitCode = 1;
  }
}

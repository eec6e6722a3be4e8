// Installs what is built below DESTDIR: node tools/install.mjs DESTDIR [--out DIR] [--link] [--verbose]
import {
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const REPO = resolve(import.meta.dirname, '..');
const LIBEXEC = '/usr/libexec/goodboot';
// The kernel gives an interpreter one argument: this is all of it. No shell is needed between.
const SHEBANG = `#!${LIBEXEC}/node --disable-warning=ExperimentalWarning\n`;

const ENTRIES = ['goodboot.mjs', 'goodboot-check.mjs'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: join(REPO, 'out') },
    verbose: { type: 'boolean', default: false },
    link: { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1) {
  console.error('usage: node tools/install.mjs DESTDIR [--out DIR] [--verbose]');
  process.exit(64);
}

/** Gives the place of an installed path, with its directory made and nothing there yet. */
const place = (path) => {
  const target = join(positionals[0], path);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  if (values.verbose) console.log(path);
  return target;
};

/** Copies a file or a directory of the checkout. Relative links stay what they are. */
const copy = (from, path) => cpSync(join(REPO, from), place(path), { recursive: true, verbatimSymlinks: true });

const installRuntime = () => {
  const runtime = realpathSync(join(REPO, 'node_modules/.bin/node'));
  const target = place(`${LIBEXEC}/node`);
  // A link is for tests alone: what root runs must not stay a file that the owner of a checkout can write.
  if (values.link) linkSync(runtime, target);
  else copyFileSync(runtime, target, constants.COPYFILE_FICLONE);
};

const installPrograms = () => {
  place(LIBEXEC); // no chunk of an earlier build stays
  installRuntime();
  for (const file of readdirSync(values.out).filter((name) => name.endsWith('.mjs'))) {
    const text = readFileSync(join(values.out, file), 'utf8').replace(/^#!.*\n/, '');
    const isEntry = ENTRIES.includes(file);
    writeFileSync(place(`${LIBEXEC}/${file}`), isEntry ? SHEBANG + text : text, { mode: isEntry ? 0o755 : 0o644 });
  }
  symlinkSync('goodboot-check.mjs', place(`${LIBEXEC}/goodboot-check`));
  symlinkSync('../libexec/goodboot/goodboot.mjs', place('/usr/bin/goodboot'));
};

installPrograms();
for (const name of readdirSync(join(REPO, 'units')).filter((name) => /^(good|green|red)boot-/.test(name))) {
  copy(`units/${name}`, `/usr/lib/systemd/system/${name}`);
}
for (const [from, path] of [
  ['units/90-goodboot.preset', '/usr/lib/systemd/system-preset/90-goodboot.preset'],
  ['units/goodboot.tmpfiles.conf', '/usr/lib/tmpfiles.d/goodboot.conf'],
  ['units/goodboot.sysusers.conf', '/usr/lib/sysusers.d/goodboot.conf'],
  ['units/sandbox', '/usr/lib/goodboot/sandbox'],
  ['units/greenboot', '/usr/lib/goodboot/greenboot'],
  ['dist/grub/09_goodboot.cfg', '/usr/lib/bootupd/grub2-static/configs.d/09_goodboot.cfg'],
  ['dist/libexec/deadman', `${LIBEXEC}/deadman`],
  ['dist/config.yaml', '/usr/lib/goodboot/config.yaml'],
  ['dist/catalog/goodboot.catalog', '/usr/lib/systemd/catalog/goodboot.catalog'],
  ['dist/man/goodboot.8', '/usr/share/man/man8/goodboot.8'],
  ['dist/completions/goodboot.bash', '/usr/share/bash-completion/completions/goodboot'],
  ['dist/completions/_goodboot', '/usr/share/zsh/site-functions/_goodboot'],
  ['dist/completions/goodboot.fish', '/usr/share/fish/vendor_completions.d/goodboot.fish'],
  ['schema', '/usr/share/goodboot/schema'],
]) {
  if (existsSync(join(REPO, from))) copy(from, path);
}

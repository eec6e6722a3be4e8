// Installs what the next step needs, and says nothing when all is there. It runs before anything is installed:
// any Node from 20 on, no dependencies. With --test also the Debian packages that the tests use, with --release those
// that a release is built with.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const PACKAGES = [
  'attr',
  'mmdebstrap',
  'systemd-container',
  'e2fsprogs',
  'fish',
  'groff-base',
  'binutils',
  'grub-common',
  'grub-emu',
  'bsdutils',
  'dbus',
  'ignition',
  'iproute2',
  'make',
  'openssl',
  'policycoreutils',
  'procps',
  'time',
  'selinux-utils',
  'util-linux',
  'zsh',
];
// What is of the other architecture is taken from its cross tools, and run by an emulator.
const OTHER = process.arch === 'arm64' ? ['x86-64', 'amd64'] : ['aarch64', 'arm64'];
const RELEASE_PACKAGES = [
  'binutils',
  `binutils-${OTHER[0]}-linux-gnu`,
  'erofs-utils',
  'libatomic1',
  `libatomic1-${OTHER[1]}-cross`,
  `libc6-${OTHER[1]}-cross`,
  `libstdc++6-${OTHER[1]}-cross`,
  'patchelf',
  'qemu-user-static',
  'zstd',
];
const STAMP = 'node_modules/.goodboot-lock';
const UNAVAILABLE = 69;

process.chdir(new URL('..', import.meta.url).pathname);

const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== lock) {
  console.error('installing node_modules (npm ci)');
  must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(STAMP, lock);
}

if (process.argv.includes('--test')) ensurePackages('the tests', [...new Set([...PACKAGES, ...RELEASE_PACKAGES])]);
if (process.argv.includes('--release')) ensurePackages('a release', RELEASE_PACKAGES);

/** @param {string} what needs them: for what is printed */
function ensurePackages(what, packages) {
  const missing = packages.filter((name) => !isInstalled(name, packages));
  if (missing.length === 0) return;
  if (process.getuid() !== 0) {
    console.error(`missing for ${what}: Debian packages, installed by apt-get install ${missing.join(' ')}`);
    process.exit(UNAVAILABLE);
  }
  console.error(`installing Debian packages for ${what}: ${missing.join(' ')}`);
  must('apt-get', ['-qq', 'update']);
  must('apt-get', ['-qq', 'install', '--yes', '--no-install-recommends', ...missing]);
}

/** Runs a program, its output on stderr; when it fails so does this one. */
function must(file, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (spawnSync(file, args, { stdio: ['ignore', 2, 2], env }).status === 0) return;
  console.error(`${file} ${args.join(' ')} failed: see above`);
  process.exit(UNAVAILABLE);
}

function isInstalled(name, packages) {
  const answer = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
  if (answer.error) {
    console.error(`Debian is needed (dpkg-query: ${answer.error.message}), with ${packages.join(' ')}`);
    process.exit(UNAVAILABLE);
  }
  return /^Status: .* installed$/m.test(answer.stdout);
}

import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FRAGMENT_NAME, withBlock } from '../../adapters/boot-loader/fragment-block.ts';
import { dataUrl } from '../../adapters/files/data-url.ts';
import { digestOf } from '../../adapters/files/digest.ts';
import { makeFiles } from '../../adapters/files/files.ts';
import { openPackage } from '../../adapters/package/package.ts';
import { toYaml } from '../../config/yaml-text.ts';
import { GoodbootError } from '../../core/errors.ts';
import { GRUB_FRAGMENT } from '../../core/package/layout.ts';
import { counting, type FirstBoot, installation, NOTHING, together } from '../../core/provision/first-boot.ts';
import { butaneOf, ignitionOf } from '../../core/provision/ignition.ts';
import { ARCHITECTURES, type Architecture, contentAt } from '../../core/provision/release.ts';
import { formatSize } from '../../core/size.ts';
import { findRelease } from '../../node/provision/release.ts';
import type { Files } from '../../ports/files.ts';
import type { Setup } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { VERSION_NUMBER } from '../version.ts';
import { type NodeArguments, nodePart } from './provision-node.ts';
import { warnOn } from './say-problems.ts';

const DETAILS = `
Everything that goodboot needs on a node is in the config, but for its two programs: a node
fetches them from below --base-url, where the files of a release are, and compares their digests.
GRUB counts the boots of a trial from the first update on.

A config that is too large for a cloud is put on a server, and merged by a small one: with
--merge-url and --merge-file only that is printed, with what belongs to the node.

Examples:
  goodboot provision --format ignition --base-url https://files.example.org/goodboot
  goodboot provision --format butane --base-url https://u.example --required-unit app.service
  goodboot provision --format ignition --merge-url https://u.example/g.ign --merge-file g.ign`;

/** As `process.arch` calls them. */
const NODE_ARCHITECTURES: Readonly<Record<string, Architecture>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Bytes of user data, from the clouds' own pages: EC2; custom data of Azure; a value of Google's metadata. */
const LIMITS = [
  ['AWS', 16 * 1024],
  ['Azure', 64 * 1024],
  ['Google Cloud', 256 * 1024],
] as const;

interface ProvisionOptions extends NodeArguments {
  readonly format: 'butane' | 'ignition';
  readonly baseUrl?: string;
  readonly release?: string;
  readonly arch?: Architecture;
  readonly grub: boolean;
  readonly mergeUrl?: string;
  readonly mergeFile?: string;
}

/** Adds `goodboot provision`: the config that Ignition makes nodes of Fedora CoreOS with. */
export function addProvisionCommand(program: Command, setup: Setup): void {
  program
    .command('provision')
    .addOption(new Option('--format <format>', 'what to print').choices(['butane', 'ignition']).makeOptionMandatory())
    .option('--base-url <url>', 'the address below which nodes fetch the files of the release')
    .option('--release <dir>', 'the directory with release.json; else it is beside the executable')
    .addOption(
      new Option('--arch <arch>', 'the processor of the nodes, else that of this machine').choices(ARCHITECTURES),
    )
    .option('--required-unit <unit...>', 'units that a good boot needs')
    .option('--required-container <container...>', 'containers that a good boot needs')
    .option('--collector <url>', 'where nodes will report to')
    .option('--group <group>', 'the group of nodes that it belongs to')
    .option('--enrolment-token-file <file>', 'the file with the secret that a node enrols with')
    .option('--config <file...>', 'drop-ins for /etc/goodboot/config.d')
    .option('--no-grub', 'leave /boot alone: GRUB is not used, or does not count')
    .option('--merge-url <url>', 'print only what belongs to the node, and merge the config from there')
    .option('--merge-file <file>', 'the config that is served there: its digest is wanted')
    .description('print a config for Ignition or Butane that makes nodes with goodboot')
    .addHelpText('after', DETAILS)
    .action((options: ProvisionOptions) => provision(options, setup));
}

async function provision(options: ProvisionOptions, { terminal, done }: Setup): Promise<void> {
  if (terminal.json) {
    throw new GoodbootError('USAGE', 'provision prints no answer of goodboot, so that --json has no meaning', {
      hint: '--format ignition is JSON',
    });
  }
  const files = makeFiles();
  const generic = options.mergeUrl === undefined && options.mergeFile === undefined;
  const parts = [generic ? await genericPart(options, files) : await mergedPart(options, files)];
  const node = await nodePart(options, files, terminal);
  const config = together([...parts, node]);
  const text =
    options.format === 'ignition' ? `${JSON.stringify(ignitionOf(config, dataUrl))}\n` : toYaml(butaneOf(config));
  sayHints(text, options, terminal);
  terminal.out(text);
  done(0);
}

/** What is the same on all nodes. */
async function genericPart(options: ProvisionOptions, files: Files): Promise<FirstBoot> {
  const base = addressOf('--base-url', options.baseUrl);
  if (base.search !== '')
    throw usage('--base-url: an address without a query was wanted: names of files are put after it');
  const own = NODE_ARCHITECTURES[process.arch] ?? process.arch;
  const arch = options.arch ?? NODE_ARCHITECTURES[process.arch];
  if (arch === undefined) throw usage(`--arch is wanted: there is no release for ${own}`);
  const source = openPackage();
  const release = await findRelease(
    {
      files,
      sha256: (path) => digestOf(path, 'sha256'),
      own: source.programs === null ? null : { programs: source.programs, arch: own },
      version: VERSION_NUMBER,
    },
    arch,
    options.release === undefined ? null : resolve(options.release),
  );
  const at = base.href.endsWith('/') ? base.href : `${base.href}/`;
  const { goodboot, 'libatomic.so.1': library } = release.programs;
  const programs = { goodboot: contentAt(at, goodboot), 'libatomic.so.1': contentAt(at, library) };
  return together([
    installation({ version: release.version, programs }, source.files(), source.text),
    options.grub ? counting(source.text(GRUB_FRAGMENT), FRAGMENT_NAME, withBlock('')) : NOTHING,
  ]);
}

async function mergedPart({ mergeUrl, mergeFile, ...rest }: ProvisionOptions, files: Files): Promise<FirstBoot> {
  if (mergeUrl === undefined || mergeFile === undefined) throw usage('--merge-url and --merge-file go together');
  const generic = [
    [rest.baseUrl, '--base-url'],
    [rest.release, '--release'],
    [rest.arch, '--arch'],
    [rest.grub ? undefined : '', '--no-grub'],
  ].find(([value]) => value !== undefined);
  if (generic !== undefined) throw usage(`${generic[1]} belongs to the config that is merged`);
  const url = addressOf('--merge-url', mergeUrl).href;
  const path = resolve(mergeFile);
  if (!isIgnition(await files.readText(path))) {
    throw usage(
      `--merge-file ${mergeFile}: ${basename(path)} is no config of Ignition`,
      'print it with --format ignition',
    );
  }
  return { ...NOTHING, merge: { url, sha512: await digestOf(path, 'sha512') } };
}

function isIgnition(text: string | null): boolean {
  try {
    return /^3\.\d+\.\d+/.test(JSON.parse(text ?? '').ignition.version);
  } catch {
    return false;
  }
}

/** An address that Ignition fetches from. A password would be in every copy of the config. */
function addressOf(option: string, text: string | undefined): URL {
  if (text === undefined) throw usage(`${option} is wanted`, `${option} https://files.example.org/goodboot`);
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw usage(`${option} ${text}: an address such as https://files.example.org/goodboot was wanted`);
  }
  if (url.username !== '' || url.password !== '') {
    throw usage(`${option}: an address without user and password was wanted: the config is no place for secrets`);
  }
  if (url.hash !== '') throw usage(`${option} ${text}: an address without # was wanted`);
  return url;
}

function sayHints(text: string, { format, enrolmentTokenFile }: ProvisionOptions, terminal: Terminal) {
  const bytes = Buffer.byteLength(text);
  const limits = LIMITS.map(([cloud, limit]) => `${cloud} ${formatSize(limit)}`).join(', ');
  const what = format === 'ignition' ? 'the config' : 'the config before Butane, which makes it smaller,';
  terminal.err(`${what} has ${formatSize(bytes)}; clouds take so much user data: ${limits}\n`);
  if (format === 'ignition' && bytes > LIMITS[0][1]) {
    terminal.err('hint: where that is too much, put it on a server, and merge it: --merge-url, --merge-file\n');
  }
  if (enrolmentTokenFile !== undefined) {
    warnOn(terminal)('the config holds the enrolment token. It is a secret now, wherever it is kept or passed on');
  }
}

const usage = (message: string, hint?: string): GoodbootError =>
  new GoodbootError('USAGE', message, hint === undefined ? {} : { hint });

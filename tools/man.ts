import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../src/cli/program.ts';
import type { Terminal } from '../src/cli/terminal.ts';
import { DROP_IN_DIRECTORIES, SITE_FILE, VENDOR_FILE } from '../src/config/search.ts';
import { BOOT_STATUS } from '../src/core/boot-status.ts';
import { ERRORS } from '../src/core/errors.ts';
import { LOGIN_ISSUE } from '../src/core/login-issue.ts';
import { VERDICT_EXIT } from '../src/core/verdict-report.ts';
import { DOCTOR } from '../src/node/doctor/keep.ts';
import { LEDGER } from '../src/node/ledger.ts';
import { STATE } from '../src/node/state.ts';

const DESCRIPTION: readonly string[] = [
  `goodboot answers one question on every boot of an image-based Linux node: is this boot good?`,
  `goodboot-verdict.service runs "goodboot verdict". It starts every configured check at once, each as an instance of
goodboot-check@.service, and judges what they say. Each check has one of four outcomes: pass, fail, skip (nothing to look
at here) and error (it could not tell). Only required checks decide. One that fails makes the verdict bad; without a
failure, one that could not tell makes it indeterminate; otherwise the boot is good.`,
  `A good boot is marked in the boot loader, and boot-complete.target is reached. A boot that is not good stays up, says
why, and is judged again every five minutes (goodboot-recheck.timer).`,
  `An update goes on trial when it is staged (goodboot-arm.path). It gets some boots to become good, counted by the boot
loader; then the node goes back to the deployment before, makes that permanent and denies the update. A boot on trial that
nobody judges is rebooted by goodboot-deadman.timer.`,
  `A unit joins the required ones with WantedBy=goodboot-required.target in its [Install] section.`,
];

const FILES: readonly (readonly [path: string, what: string])[] = [
  [VENDOR_FILE, 'What the image brings. Without it a built-in copy counts.'],
  [SITE_FILE, 'What this site or this node says instead.'],
  ...DROP_IN_DIRECTORIES.map((directory) => [`${directory}/*.yaml`, 'One subject each, read last.'] as const),
  [LEDGER, 'The ledger: boots, verdicts and marks. "goodboot history" shows it.'],
  [STATE, 'What the node remembers of its trial, of denied deployments and of boots.'],
  [
    '/etc/goodboot/green.d, /etc/goodboot/red.d',
    'Programs that run after a verdict; the image has its own in /usr/lib/goodboot.',
  ],
  [DOCTOR, 'What "goodboot doctor" answered last.'],
  ['/run/goodboot/verdict.json', 'The verdict of this boot. "goodboot status" shows it.'],
  ['/run/goodboot/results/NAME.json', 'What one check said.'],
  [BOOT_STATUS, 'What people see of this boot when they log in.'],
  [LOGIN_ISSUE, 'What a console shows above its login prompt, of a boot that is not good or came back from an update.'],
];

const ENVIRONMENT: readonly (readonly [name: string, what: string])[] = [
  ['GOODBOOT_LOG', 'Level of the log: trace, debug, info, warn, error, fatal or silent.'],
  ['NO_COLOR', 'Not empty: no colours.'],
  ['TERM', 'Empty or dumb: no table while checks run.'],
];

/** The manual page goodboot(8), in roff: made from the command line as it is, and from the table of errors. */
export function manPage(): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  const said: string[] = [];
  const program = buildProgram(listener(said), () => undefined);
  const commands = leaves(program);
  return [
    '.\\" Made from src/cli and src/core/errors.ts by "npm run gen".',
    '.nr HY 0', // no hyphens in the names of units
    `.TH GOODBOOT 8 "" "goodboot ${version}" "System Administration"`,
    `.SH NAME\ngoodboot \\- ${plain('boot health for image-based Linux nodes')}`,
    `.SH SYNOPSIS\n.nf\n${commands.map((command) => bold(usage(command))).join('\n')}\n.fi`,
    `.SH DESCRIPTION\n${DESCRIPTION.map(plain).join('\n.PP\n')}`,
    '.SH OPTIONS\nThese go with every command.',
    ...options(program),
    '.SH COMMANDS',
    ...commands.flatMap((command) => section(command, said)),
    '.SH EXIT STATUS\nThe answer to "is this boot good?":',
    ...Object.entries(VERDICT_EXIT).map(([verdict, exit]) => item(String(exit), plain(verdict))),
    '.PP\nErrors, as in sysexits(3). "goodboot explain CODE" prints the cure.',
    ...exitStatuses(),
    '.SH FILES',
    ...FILES.map(([path, what]) => item(path, plain(what))),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.map(([name, what]) => item(name, plain(what))),
    '.SH SEE ALSO',
    '.BR systemd.special (7),\n.BR journalctl (1),\n.BR grub2\\-editenv (1),\n.BR sysexits (3)\n',
  ].join('\n');
}

/** A terminal that keeps what is printed: the examples of a command come out with its help, and in no other way. */
const listener = (said: string[]): Terminal => ({
  json: false,
  out: (text) => void said.push(text),
  err: () => undefined,
  paint: (_color, text) => text,
  answer: () => undefined,
  error: () => undefined,
});

/** Commands that do something by themselves: those without others below them, and those with options of their own. */
const leaves = (command: Command): readonly Command[] => {
  const below = command.commands.flatMap(leaves);
  const isOne = below.length === 0 || (command.parent !== null && command.options.length > 0);
  return isOne ? [command, ...below] : below;
};

/** `goodboot check run [name...]`; "[options]" only where it has some of its own. */
function usage(command: Command): string {
  const text = command.createHelp().commandUsage(command).replace(' [command]', '');
  return command.options.length === 0 ? text.replace(' [options]', '') : text;
}

const options = (command: Command): readonly string[] => {
  const help = command.createHelp();
  return command.options.map((option) => item(help.optionTerm(option), sentence(help.optionDescription(option))));
};

/** One command: what it does, its arguments and options, examples. */
function section(command: Command, said: string[]): readonly string[] {
  const help = command.createHelp();
  said.length = 0;
  command.outputHelp();
  const lines = said.join('').slice(command.helpInformation().length).trim().split('\n');
  const examples = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
  const prose = lines.filter((line) => !line.startsWith('  ') && !/^Examples?:$/.test(line));
  const notes = prose
    .join('\n')
    .split(/\n{2,}/)
    .map((text) => text.trim().replaceAll('\n', ' '));
  return [
    `.SS ${plain(usage(command))}`,
    sentence(command.description()),
    ...notes.filter((text) => text !== '').map(plain),
    ...command.registeredArguments.map((each) =>
      item(help.argumentTerm(each), plain(`${help.argumentDescription(each)}.`)),
    ),
    ...options(command),
    ...(examples.length === 0 ? [] : [`.PP\n.RS\n.EX\n${examples.map(plain).join('\n')}\n.EE\n.RE`]),
  ];
}

/** Each exit status with the codes that have it. */
function exitStatuses(): readonly string[] {
  const byExit = Object.groupBy(Object.entries(ERRORS), ([, { exit }]) => exit);
  return Object.entries(byExit).map(([exit, errors = []]) =>
    item(exit, errors.map(([code, { summary }]) => `${bold(code)}: ${plain(summary)}.`).join('\n.br\n')),
  );
}

const item = (term: string, body: string): string => `.TP\n${bold(term)}\n${body}`;
const bold = (text: string): string => `\\fB${plain(text)}\\fR`;

const sentence = (text: string): string => plain(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);

/** Text as roff shows it: nothing in it is a request or an escape. Hyphens stay what can be copied into a shell. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/gm, '\\&$&')
    .replace(/[^\0-\x7f]/gu, (char) => `\\[u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

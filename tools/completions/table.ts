import type { Command, Option } from 'commander';
import type { CompletionList } from '../../src/cli/commands/complete.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';

/** What can stand at a place of the command line. */
export type Values =
  | { readonly kind: 'none' | 'files' | 'directories' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** What `goodboot complete LIST` says. */
  | { readonly kind: 'list'; readonly list: CompletionList };

export interface OptionEntry {
  /** `-n`, `--lines`. */
  readonly names: readonly string[];
  readonly about: string;
  /** Null: it takes none. */
  readonly value: Values | null;
}

/** One command as a shell completes it. */
export interface CommandEntry {
  /** `check run`; empty for what stands behind `goodboot` itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  /** Its own, without those that go with every command. */
  readonly options: readonly OptionEntry[];
  readonly argument: { readonly value: Values; readonly repeats: boolean } | null;
}

export interface CompletionTable {
  /** These go with every command. */
  readonly options: readonly OptionEntry[];
  readonly commands: readonly CommandEntry[];
}

/** What stands at each argument, by the path of its command and its name. */
const ARGUMENTS: Readonly<Record<string, Values>> = {
  'check run name': { kind: 'list', list: 'checks' },
  'mark mark': { kind: 'words', words: ['good', 'bad'] },
  'trial evidence boot': { kind: 'list', list: 'boots' },
  // Nobody knows it before it is denied.
  'deny add deployment': { kind: 'none' },
  'deny remove deployment': { kind: 'list', list: 'denied' },
  'config check file': { kind: 'files' },
  'explain code': { kind: 'list', list: 'words' },
};

/** Of options that take a value. All others take one that nobody can list. */
const OPTIONS: Readonly<Record<string, Values>> = {
  '--root': { kind: 'directories' },
  '--from': { kind: 'directories' },
  '--release': { kind: 'directories' },
  '--config': { kind: 'files' },
  '--enrolment-token-file': { kind: 'files' },
  '--merge-file': { kind: 'files' },
  '--prefix': { kind: 'words', words: ['/usr', '/usr/local'] },
};

/** The command line as it is, in the form that the completions are made from. */
export function completionTable(): CompletionTable {
  const program = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);
  const global = optionsOf(program);
  const names = new Set(global.flatMap((option) => option.names));
  const commands = entriesOf(program, '').map((entry) => ({
    ...entry,
    options: entry.options.filter((option) => !option.names.some((name) => names.has(name))),
  }));
  return { options: global, commands };
}

function entriesOf(command: Command, path: string): readonly CommandEntry[] {
  // Each command that has others has a help of its own, which nobody looks for.
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => path === '' || each.name() !== 'help');
  const commands = visible.map((each) => ({ name: each.name(), about: each.description() }));
  const under = visible.flatMap((each) => {
    const to = `${path} ${each.name()}`.trim();
    if (each.name() !== 'help') return entriesOf(each, to);
    // Made by commander for a command that has others: it takes their names.
    const words = commands.map(({ name }) => name).filter((name) => name !== 'help');
    const argument = { value: { kind: 'words', words }, repeats: false } as const;
    return [{ path: to, commands: [], options: [], argument }];
  });
  return [{ path, commands, options: optionsOf(command), argument: argumentOf(command, path) }, ...under];
}

function argumentOf(command: Command, path: string): CommandEntry['argument'] {
  const [first] = command.registeredArguments;
  if (first === undefined) return null;
  const key = `${path} ${first.name()}`;
  const value = ARGUMENTS[key];
  if (value === undefined) throw new Error(`tools/completions/table.ts does not say what stands at "${key}"`);
  return { value, repeats: first.variadic };
}

const optionsOf = (command: Command): readonly OptionEntry[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map((option) => {
      const names = [option.short, option.long].filter((name) => name !== undefined && name !== null);
      return { names, about: option.description, value: taken(option) };
    });

function taken({ long, required, optional, argChoices }: Option): Values | null {
  if (!required && !optional) return null;
  if (argChoices !== undefined) return { kind: 'words', words: argChoices };
  return OPTIONS[long ?? ''] ?? { kind: 'none' };
}

/** All options that take a value, by name: the word behind one of them is no command and no argument. */
export const valuedOptions = ({ options, commands }: CompletionTable): readonly (readonly [string, Values])[] => {
  const all = [...options, ...commands.flatMap((command) => command.options)];
  const named = all.flatMap(({ names, value }) => (value === null ? [] : names.map((name) => [name, value] as const)));
  return [...new Map(named)];
};

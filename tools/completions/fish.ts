import { type CommandEntry, type CompletionTable, type OptionEntry, type Values, valuedOptions } from './table.ts';

/** For fish: one line for each word, with the condition under which it stands there. */
export function fishCompletion(table: CompletionTable): string {
  const { options, commands } = table;
  return `# Completion of goodboot for fish. Made from src/cli by "npm run gen".

# Are these the commands on the line? With a number: and are there fewer arguments behind them than that?
function __goodboot_at
    set -l at
    set -l given 0
    set -l option
    set -l words (commandline -opc)
    for word in $words[2..]
        if test -n "$option"
            set option
            continue
        end
        switch $word
            case ${valuedOptions(table)
              .map(([name]) => name)
              .join(' ')}
                set option $word
            case '-*'
            case '*'
                switch "$at $word"
                    case ${commands
                      .filter(({ path }) => path !== '')
                      .map(({ path }) => `' ${path}'`)
                      .join(' ')}
                        set at "$at $word"
                    case '*'
                        set given (math $given + 1)
                end
        end
    end
    test "$at" = "$argv[1]"; and test (count $argv) -lt 2 -o $given -lt "$argv[2]"
end

complete -c goodboot -f
${options.map((option) => line([], option)).join('\n')}
${commands.flatMap(linesOf).join('\n')}
`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const condition = (path: string, most?: number): readonly string[] => [
  '-n',
  quoted(`__goodboot_at "${path === '' ? '' : ` ${path}`}"${most === undefined ? '' : ` ${most}`}`),
];

function linesOf({ path, commands, options, argument }: CommandEntry): readonly string[] {
  const words = commands.map(({ name, about }) => complete([...condition(path), '-a', name, '-d', quoted(about)]));
  const own = options.map((option) => line(condition(path), option));
  if (argument === null || argument.value.kind === 'none') return [...words, ...own];
  const at = argument.repeats ? condition(path) : condition(path, 1);
  return [...words, ...own, complete([...at, ...action(argument.value)])];
}

function line(at: readonly string[], { names, about, value }: OptionEntry): string {
  const named = names.flatMap((name) => (name.startsWith('--') ? ['-l', name.slice(2)] : ['-s', name.slice(1)]));
  const taken = value === null ? [] : ['-r', ...action(value)];
  return complete([...at, ...named, ...taken, '-d', quoted(about)]);
}

const complete = (parts: readonly string[]): string => ['complete -c goodboot', ...parts].join(' ');

function action(value: Values): readonly string[] {
  switch (value.kind) {
    case 'none':
      return ['-f'];
    case 'files':
      return ['-F'];
    case 'directories':
      return ['-f', '-a', quoted('(__fish_complete_directories)')];
    case 'words':
      return ['-f', '-a', quoted(value.words.join(' '))];
    case 'list':
      return ['-f', '-a', quoted(`(goodboot complete ${value.list} 2>/dev/null)`)];
  }
}

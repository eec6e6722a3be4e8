import { type CommandEntry, type CompletionTable, type OptionEntry, type Values, valuedOptions } from './table.ts';

/** For zsh, as a file that compinit loads. `path` is what zsh has for PATH, so the walk says `at`. */
export function zshCompletion(table: CompletionTable): string {
  const { options, commands } = table;
  const valued = valuedOptions(table);
  return `#compdef goodboot
# Completion of goodboot for zsh. Made from src/cli by "npm run gen".

local at= option= word
local -a names commands
integer given=0
for word in "\${(@)words[2,CURRENT-1]}"; do
  if [[ -n $option ]]; then
    option=
    continue
  fi
  case $word in
    ${valued.map(([name]) => name).join(' | ')}) option=$word ;;
    -*) ;;
    *)
      case "$at $word" in
        ${paths(commands)}) at+=" $word" ;;
        *) (( given += 1 )) ;;
      esac
      ;;
  esac
done

if [[ $PREFIX == --*=* ]]; then
  option=\${PREFIX%%=*}
  compset -P '*='
fi
if [[ -n $option ]]; then
  case $option in
${valued.map(([name, value]) => `    ${name}) ${action(value)} ;;`).join('\n')}
  esac
elif [[ $PREFIX == -* ]]; then
  names=(
${described(options).join('\n')}
  )
  case $at in
${commands
  .filter((command) => command.options.length > 0)
  .map(({ path, options: own }) => `    ${place(path)}) names+=(\n${described(own).join('\n')}\n    ) ;;`)
  .join('\n')}
  esac
  _describe -o option names
else
  case $at in
${commands.flatMap(operands).join('\n')}
  esac
fi
`;
}

const place = (path: string): string => `'${path === '' ? '' : ` ${path}`}'`;

const paths = (commands: readonly CommandEntry[]): string =>
  commands
    .filter(({ path }) => path !== '')
    .map(({ path }) => place(path))
    .join(' | ');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const pair = (name: string, about: string): string => quoted(`${name}:${about}`);

const described = (options: readonly OptionEntry[]): readonly string[] =>
  options.flatMap(({ names, about }) => names.map((name) => `    ${pair(name, about)}`));

function operands({ path, commands, argument }: CommandEntry): readonly string[] {
  if (commands.length > 0) {
    const words = commands.map(({ name, about }) => `      ${pair(name, about)}`).join('\n');
    return [`    ${place(path)})\n      commands=(\n${words}\n      )\n      _describe command commands\n      ;;`];
  }
  if (argument === null) return [];
  const work = action(argument.value);
  return [`    ${place(path)}) ${argument.repeats ? work : `(( given > 0 )) || ${work}`} ;;`];
}

function action(value: Values): string {
  switch (value.kind) {
    case 'none':
      return ':';
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'words':
      return `compadd -- ${value.words.join(' ')}`;
    case 'list':
      return `compadd -- \${(f)"$(goodboot complete ${value.list} 2>/dev/null)"}`;
  }
}

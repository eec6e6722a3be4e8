import { type CommandEntry, type CompletionTable, type OptionEntry, type Values, valuedOptions } from './table.ts';

/**
 * For bash alone: nothing of the package bash-completion is used, which small images leave out. The line is split anew,
 * since bash splits it at colons too.
 */
export function bashCompletion(table: CompletionTable): string {
  const { options, commands } = table;
  const valued = valuedOptions(table);
  return `# Completion of goodboot for bash. Made from src/cli by "npm run gen".

_goodboot() {
  local line=\${COMP_LINE:0:COMP_POINT}
  local cur=\${line##*[[:space:]]} at= option= word candidates= kind=
  local -a words
  local -i given=0
  COMPREPLY=()
  read -ra words <<<"\${line%"$cur"}"
  for word in "\${words[@]:1}"; do
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
          *) given+=1 ;;
        esac
        ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    option=\${cur%%=*}
    cur=\${cur#*=}
  fi
  if [[ -n $option ]]; then
    case $option in
${valued.map(([name, value]) => `      ${name}) ${action(value)} ;;`).join('\n')}
    esac
  elif [[ $cur == -* ]]; then
    candidates='${names(options)}'
    case $at in
${commands
  .filter((command) => command.options.length > 0)
  .map(({ path, options: own }) => `      ${place(path)}) candidates+=' ${names(own)}' ;;`)
  .join('\n')}
    esac
  else
    case $at in
${commands.flatMap(operands).join('\n')}
    esac
  fi
  case $kind in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directories) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$cur") ;;
  esac
  [[ -n $kind ]] && compopt -o filenames 2>/dev/null
  # bash has taken what stands before the last colon for another word.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}")
  fi
}

complete -F _goodboot goodboot
`;
}

/** `' check run'`: a path as the walk has it, with a space before each word. */
const place = (path: string): string => `'${path === '' ? '' : ` ${path}`}'`;

const paths = (commands: readonly CommandEntry[]): string =>
  commands
    .filter(({ path }) => path !== '')
    .map(({ path }) => place(path))
    .join(' | ');

const names = (options: readonly OptionEntry[]): string => options.flatMap((option) => option.names).join(' ');

function operands({ path, commands, argument }: CommandEntry): readonly string[] {
  if (commands.length > 0)
    return [`      ${place(path)}) candidates='${commands.map(({ name }) => name).join(' ')}' ;;`];
  if (argument === null) return [];
  const work = action(argument.value);
  return [`      ${place(path)}) ${argument.repeats ? work : `((given > 0)) || ${work}`} ;;`];
}

function action(value: Values): string {
  switch (value.kind) {
    case 'none':
      return ':';
    case 'files':
    case 'directories':
      return `kind=${value.kind}`;
    case 'words':
      return `candidates='${value.words.join(' ')}'`;
    case 'list':
      return `candidates=$(goodboot complete ${value.list} 2>/dev/null)`;
  }
}

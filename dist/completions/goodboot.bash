# Completion of goodboot for bash. Made from src/cli by "npm run gen".

_goodboot() {
  local line=${COMP_LINE:0:COMP_POINT}
  local cur=${line##*[[:space:]]} at= option= word candidates= kind=
  local -a words
  local -i given=0
  COMPREPLY=()
  read -ra words <<<"${line%"$cur"}"
  for word in "${words[@]:1}"; do
    if [[ -n $option ]]; then
      option=
      continue
    fi
    case $word in
      --root | -n | --lines | --attempts | --window | --prefix | --from | --format | --base-url | --release | --arch | --required-unit | --required-container | --collector | --group | --enrolment-token-file | --config | --merge-url | --merge-file) option=$word ;;
      -*) ;;
      *)
        case "$at $word" in
          ' check' | ' check list' | ' check run' | ' verdict' | ' status' | ' history' | ' mark' | ' trial' | ' trial show' | ' trial evidence' | ' rollback' | ' deny' | ' deny list' | ' deny add' | ' deny remove' | ' doctor' | ' drill' | ' drill show' | ' install' | ' uninstall' | ' install-grub' | ' provision' | ' migrate' | ' migrate greenboot' | ' config' | ' config check' | ' config show' | ' config schema' | ' explain' | ' help') at+=" $word" ;;
          *) given+=1 ;;
        esac
        ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    option=${cur%%=*}
    cur=${cur#*=}
  fi
  if [[ -n $option ]]; then
    case $option in
      --root) kind=directories ;;
      -n) : ;;
      --lines) : ;;
      --attempts) : ;;
      --window) : ;;
      --prefix) candidates='/usr /usr/local' ;;
      --from) kind=directories ;;
      --format) candidates='butane ignition' ;;
      --base-url) : ;;
      --release) kind=directories ;;
      --arch) candidates='x86_64 aarch64' ;;
      --required-unit) : ;;
      --required-container) : ;;
      --collector) : ;;
      --group) : ;;
      --enrolment-token-file) kind=files ;;
      --config) kind=files ;;
      --merge-url) : ;;
      --merge-file) kind=files ;;
    esac
  elif [[ $cur == -* ]]; then
    candidates='-V --version --json --root -h --help'
    case $at in
      ' verdict') candidates+=' --dry-run' ;;
      ' history') candidates+=' -n --lines' ;;
      ' rollback') candidates+=' --dry-run --apply --force --no-deny' ;;
      ' doctor') candidates+=' --fix --dry-run' ;;
      ' drill') candidates+=' --attempts --window --dry-run --yes' ;;
      ' install') candidates+=' --prefix --from --no-start --dry-run' ;;
      ' uninstall') candidates+=' --dry-run' ;;
      ' install-grub') candidates+=' --remove --dry-run' ;;
      ' provision') candidates+=' --format --base-url --release --arch --required-unit --required-container --collector --group --enrolment-token-file --config --no-grub --merge-url --merge-file' ;;
      ' migrate greenboot') candidates+=' --dry-run --revert' ;;
      ' config show') candidates+=' --origins' ;;
    esac
  else
    case $at in
      '') candidates='check verdict status history mark trial rollback deny doctor drill install uninstall install-grub provision migrate config explain help' ;;
      ' check') candidates='list run' ;;
      ' check run') candidates=$(goodboot complete checks 2>/dev/null) ;;
      ' mark') ((given > 0)) || candidates='good bad' ;;
      ' trial') candidates='show evidence' ;;
      ' trial evidence') ((given > 0)) || candidates=$(goodboot complete boots 2>/dev/null) ;;
      ' deny') candidates='list add remove' ;;
      ' deny add') ((given > 0)) || : ;;
      ' deny remove') ((given > 0)) || candidates=$(goodboot complete denied 2>/dev/null) ;;
      ' drill') candidates='show' ;;
      ' migrate') candidates='greenboot' ;;
      ' config') candidates='check show schema' ;;
      ' config check') kind=files ;;
      ' explain') ((given > 0)) || candidates=$(goodboot complete words 2>/dev/null) ;;
      ' help') ((given > 0)) || candidates='check verdict status history mark trial rollback deny doctor drill install uninstall install-grub provision migrate config explain' ;;
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
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
  fi
}

complete -F _goodboot goodboot

// Completion for bash: the tables, and a function that walks the words before the cursor. (bash manual, "Programmable Completion".)

import type { CommandModel } from "./model.ts";
import { posixTables } from "./posix_tables.ts";

export const bashScript = (
  models: CommandModel[],
): string => `# ftte's completion for bash. Made by: ftte completion bash
${posixTables(models)}
_ftte() {
  local word=\${COMP_WORDS[COMP_CWORD]} path="" place="" at=0 i w
  for ((i = 1; i < COMP_CWORD; i++)); do
    w=\${COMP_WORDS[i]}
    if [[ $w == -* ]]; then place=$(_ftte_place "$path" "$w")
    elif [[ $place == one\\ * ]]; then place=""
    elif [[ $place == many\\ * ]]; then :
    elif [[ $at == 0 && " $(_ftte_subcommands "$path") " == *" $w "* ]]; then path="\${path:+$path }$w"
    else at=$((at + 1)); fi
  done
  COMPREPLY=()
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(_ftte_options "$path")" -- "$word"))
    return
  fi
  if [[ -z $place ]]; then
    place=$(_ftte_place "$path" $((at + 1)))
    if [[ $at == 0 ]]; then COMPREPLY=($(compgen -W "$(_ftte_subcommands "$path")" -- "$word")); fi
  fi
  place=\${place#* }
  case "$place" in
    words\\ *) COMPREPLY+=($(compgen -W "\${place#words }" -- "$word")) ;;
    boards | configs)
      COMPREPLY+=($(compgen -W "$("\${COMP_WORDS[0]}" completion --words "$place" 2>/dev/null)" -- "$word"))
      if [[ $place == boards && $word == */* ]]; then compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$word")); fi ;;
    files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$word")) ;;
    folders) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$word")) ;;
  esac
}
complete -F _ftte ftte
`;

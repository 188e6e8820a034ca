// Completion for zsh: the tables, and a function that walks the words before the cursor. Works as a file in a folder of $fpath and when it is
// read by source. (zsh manual, "Completion System": compdef, compadd, _files.)

import type { CommandModel } from "./model.ts";
import { posixTables } from "./posix_tables.ts";

export const zshScript = (models: CommandModel[]): string => `#compdef ftte
# ftte's completion for zsh. Made by: ftte completion zsh
${posixTables(models)}
_ftte() {
  local word=\${words[CURRENT]} ftte_path="" place="" at=0 i w
  for ((i = 2; i < CURRENT; i++)); do
    w=\${words[i]}
    if [[ $w == -* ]]; then place=$(_ftte_place "$ftte_path" "$w")
    elif [[ $place == one\\ * ]]; then place=""
    elif [[ $place == many\\ * ]]; then :
    elif [[ $at == 0 && " $(_ftte_subcommands "$ftte_path") " == *" $w "* ]]; then ftte_path="\${ftte_path:+$ftte_path }$w"
    else at=$((at + 1)); fi
  done
  if [[ $word == -* ]]; then
    compadd -- \${=$(_ftte_options "$ftte_path")}
    return
  fi
  if [[ -z $place ]]; then
    place=$(_ftte_place "$ftte_path" $((at + 1)))
    if [[ $at == 0 ]]; then compadd -- \${=$(_ftte_subcommands "$ftte_path")}; fi
  fi
  place=\${place#* }
  case "$place" in
    words\\ *) compadd -- \${=place#words } ;;
    boards | configs)
      compadd -- \${=$("\${words[1]}" completion --words "$place" 2>/dev/null)}
      if [[ $place == boards && $word == */* ]]; then _files; fi ;;
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ "\${funcstack[1]}" == _ftte ]]; then _ftte "$@"; else compdef _ftte ftte; fi
`;

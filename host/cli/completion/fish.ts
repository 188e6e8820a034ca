// Completion for fish: tables as functions, with the help of each command and option, and a function that walks the words before the cursor.
// (fish manual, "Writing your own completions".)

import type { CommandModel, Place } from "./model.ts";

export const fishScript = (
  models: CommandModel[],
): string => `# ftte's completion for fish. Made by: ftte completion fish
${table(
  "__ftte_subcommands",
  "$argv[1]",
  models.map(({ path, subcommands }) => [[path], subcommands.map(({ name, help }) => [name, help])]),
)}
${table(
  "__ftte_options",
  "$argv[1]",
  models.map(({ path, options }) => [
    [path],
    options.flatMap(({ flags, help }) => flags.map((flag): Word => [flag, help])),
  ]),
)}
${table("__ftte_place", '"$argv[1] $argv[2]"', models.flatMap(places))}
function __ftte_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  set -l path ""
  set -l place
  set -l at 0
  for w in $words[2..]
    if string match -q -- '-*' $w
      set place (__ftte_place $path $w)
    else if test "$place[1]" = one
      set -e place
    else if test "$place[1]" = many
    else if test $at = 0; and contains -- $w (__ftte_subcommands $path | string split -f1 \\t)
      set path (string trim "$path $w")
    else
      set at (math $at + 1)
    end
  end
  if string match -q -- '-*' $word
    __ftte_options $path
    return
  end
  if test -z "$place"
    set place (__ftte_place $path (math $at + 1))
    test $at = 0; and __ftte_subcommands $path
  end
  switch "$place[2]"
    case words
      string join \\n -- $place[3..]
    case boards configs
      $words[1] completion --words $place[2] 2>/dev/null
      test $place[2] = boards; and string match -q '*/*' -- $word; and __fish_complete_path $word
    case files
      __fish_complete_path $word
    case folders
      __fish_complete_directories $word
  end
end
complete -c ftte -e
complete -c ftte -f -a '(__ftte_complete)'
`;

type Word = [word: string, help?: string];
type Case = [patterns: string[], words: Word[]];

const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;

/** A function that prints a line for each word: the word, and after a tab its help. */
function table(name: string, subject: string, list: Case[]): string {
  const lines = list
    .filter(([, words]) => words.length > 0)
    .flatMap(([patterns, words]) => [
      `    case ${patterns.map(quoted).join(" ")}`,
      `      printf '%s\\n' ${words.map(([word, help]) => (help === undefined ? quoted(word) : `${quoted(word)}\\t${quoted(help)}`)).join(" ")}`,
    ]);
  return [`function ${name}`, `  switch ${subject}`, ...lines, "  end", "end"].join("\n");
}

function places({ path, options, arguments: taken }: CommandModel): Case[] {
  return [
    ...options.flatMap(({ flags, place }): Case[] =>
      place ? [[flags.map((flag) => `${path} ${flag}`), placeWords(place)]] : [],
    ),
    ...taken.map((place, i): Case => [[`${path} ${i + 1}`], placeWords(place)]),
  ];
}

/** "one" or "many", the kind, and for words the words. */
function placeWords({ values, many }: Place): Word[] {
  const kind = typeof values === "string" ? [values] : ["words", ...values.words];
  return [many ? "many" : "one", ...kind].map((word): Word => [word]);
}

// The model as functions that bash and zsh both understand: by a command's path, its subcommands and options; by path and option (or position,
// from 1), what is taken there. Pure.

import type { CommandModel, Place } from "./model.ts";

/** _ftte_subcommands, _ftte_options and _ftte_place; each prints words. */
export function posixTables(models: CommandModel[]): string {
  const subcommands = models.map(({ path, subcommands }) => [[path], subcommands.map(({ name }) => name)] as const);
  const options = models.map(({ path, options }) => [[path], options.flatMap(({ flags }) => flags)] as const);
  const places = models.flatMap(({ path, options, arguments: taken }) => [
    ...options.flatMap(({ flags, place }) =>
      place ? [[flags.map((flag) => `${path} ${flag}`), placeWords(place)] as const] : [],
    ),
    ...taken.map((place, i) => [[`${path} ${i + 1}`], placeWords(place)] as const),
  ]);
  return [
    `_ftte_subcommands() {\n${cases("$1", subcommands)}\n}`,
    `_ftte_options() {\n${cases("$1", options)}\n}`,
    `_ftte_place() {\n${cases("$1 $2", places)}\n}`,
  ].join("\n");
}

type Case = readonly [patterns: readonly string[], words: readonly string[]];

function cases(subject: string, list: readonly Case[]): string {
  const lines = list
    .filter(([, words]) => words.length > 0)
    .map(([patterns, words]) => `    ${patterns.map((text) => `"${text}"`).join("|")}) echo "${words.join(" ")}" ;;`);
  return [`  case "${subject}" in`, ...lines, "  esac"].join("\n");
}

/** "one" or "many", the kind, and for words the words. */
function placeWords({ values, many }: Place): string[] {
  const count = many ? "many" : "one";
  return typeof values === "string" ? [count, values] : [count, "words", ...values.words];
}

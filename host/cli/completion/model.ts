// What can stand where on ftte's command line, read off the commander program: so completion knows every command, option and choice, and
// nothing else. Pure.

import type { Argument, Command, Option } from "commander";

/** What a place takes: given words, files, or words that only the machine knows ("boards": names and ports, "configs": board-configs/). */
export type Values = { words: string[] } | "files" | "folders" | "boards" | "configs" | "text";

export interface Place {
  values: Values;
  /** Several words may follow one another here. */
  many: boolean;
}

export interface CommandModel {
  /** "run show"; empty for ftte itself. */
  path: string;
  subcommands: { name: string; help: string }[];
  /** `place` is undefined for options without a value. */
  options: { flags: string[]; help: string; place?: Place }[];
  arguments: Place[];
}

/** The command and all below it. */
export function commandModels(command: Command, path = ""): CommandModel[] {
  const visible = command.commands.filter((child) => !isHidden(child));
  const model: CommandModel = {
    path,
    subcommands: visible.map((child) => ({ name: child.name(), help: child.description() })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionModel), helpOption],
    arguments: command.registeredArguments.map(placeOf),
  };
  return [model, ...visible.flatMap((child) => commandModels(child, `${path} ${child.name()}`.trim()))];
}

const isHidden = (command: Command) =>
  command
    .createHelp()
    .visibleCommands(command.parent!)
    .every((c) => c !== command);

const helpOption = { flags: ["-h", "--help"], help: "display help for command" };

function optionModel(option: Option): CommandModel["options"][number] {
  const { short, long, description: help } = option;
  const flags = [short, long].filter((flag) => flag !== undefined);
  return option.required || option.optional ? { flags, help, place: placeOf(option) } : { flags, help };
}

/** By its choices, else by the word that its help calls the value. */
function placeOf(from: Option | Argument): Place {
  const name = "flags" in from ? (/[<[](\w+)/.exec(from.flags)?.[1] ?? "") : from.name();
  const values = from.argChoices ? { words: [...from.argChoices] } : (byName[name] ?? "text");
  return { values, many: from.variadic };
}

const byName: Record<string, Values> = {
  file: "files",
  folder: "folders",
  path: "boards",
  board: "boards",
  id: "configs",
};

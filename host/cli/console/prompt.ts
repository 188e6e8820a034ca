// The console's conversation: reads lines, completes commands, asks before something is lost, and shows answers until "quit" or the end of
// the input. A person's mistake costs a message; a script's (input that is no terminal) ends the console.

import { createInterface, type Interface } from "node:readline";
import { FtteError } from "../../errors.ts";
import type { ConsoleBoard } from "./board.ts";
import { type Answer, type ConsoleCommand, consoleCommands } from "./commands.ts";

export interface PromptOptions {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
  show(command: string, answer: Answer): void;
}

const own = [
  ["help", "this list"],
  ["quit", "ends the console; Ctrl-D does, too"],
] as const;

/** Words that a line may begin with, and the part that they would replace; as readline's completer. */
export function complete(line: string): [words: string[], part: string] {
  const words = [...consoleCommands.map(({ name }) => name), ...own.map(([name]) => name)];
  const matches = words.filter((word) => word.startsWith(line));
  return [matches.length > 0 ? matches.map((word) => `${word} `) : words, line];
}

export function helpText(): string {
  const lines = [...consoleCommands.map(({ name, does }) => [name, does] as const), ...own];
  return lines.map(([name, does]) => `${name.padEnd(11)}${does}`).join("\n");
}

/** @throws FtteError "usage" for a command that is none */
export function commandOf(name: string): ConsoleCommand {
  const command = consoleCommands.find((command) => command.name === name);
  if (command) return command;
  const names = consoleCommands.map((command) => command.name).join(", ");
  throw new FtteError("usage", `"${name}" is no command of the console; there are ${names}`);
}

/** @returns how many commands were run. @throws FtteError of a command, when the input is no terminal */
export async function converse(board: ConsoleBoard, options: PromptOptions): Promise<number> {
  const lines = new Lines(options);
  let count = 0;
  try {
    for (;;) {
      const line = await lines.ask(lines.terminal ? `${board.name}> ` : "");
      if (line === undefined || line === "quit") return count;
      if (line === "help") options.output.write(`${helpText()}\n`);
      else if (line !== "") count += await run(board, line, lines, options).catch((error) => forgiven(error, options));
    }
  } finally {
    lines.close();
  }
}

/** Asks before something is lost. */
export async function agreesTo(board: ConsoleBoard, command: ConsoleCommand, options: PromptOptions): Promise<boolean> {
  const lines = new Lines(options);
  try {
    return await agrees(lines, board, command);
  } finally {
    lines.close();
  }
}

/** Lines of the input, one when it is asked for: a script's come all at once and wait here. */
class Lines {
  readonly terminal: boolean;
  private readonly reader: Interface;
  private readonly iterator: AsyncIterator<string>;

  constructor({ input, output }: PromptOptions) {
    this.terminal = input.isTTY === true;
    this.reader = createInterface({ input, output, terminal: this.terminal, completer: complete });
    this.iterator = this.reader[Symbol.asyncIterator]();
  }

  /** The next line, trimmed; undefined at the end of the input. */
  async ask(prompt: string): Promise<string | undefined> {
    this.reader.setPrompt(prompt);
    this.reader.prompt();
    const { value, done } = await this.iterator.next();
    return done ? undefined : (value as string).trim();
  }

  close(): void {
    this.reader.close();
  }
}

async function run(board: ConsoleBoard, name: string, lines: Lines, options: PromptOptions): Promise<number> {
  const command = commandOf(name);
  if (command.loses && !(await agrees(lines, board, command))) {
    options.output.write("nothing was done\n");
    return 0;
  }
  options.show(name, await command.run(board));
  return 1;
}

const agrees = async (lines: Lines, board: ConsoleBoard, { name, loses }: ConsoleCommand) =>
  (await lines.ask(`${name}: ${board.name} loses ${loses}. Go on? Type yes: `)) === "yes";

function forgiven(error: unknown, { input, output }: PromptOptions): number {
  if (!(error instanceof FtteError) || input.isTTY !== true) throw error;
  output.write(`${error.message} (${error.code})\n`);
  return 0;
}

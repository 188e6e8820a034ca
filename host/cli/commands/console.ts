// `ftte console`: one board, by name, chip id or port. With a command, its answer; without one, a conversation.

import { KnownBoards } from "../../boards/names.ts";
import { FtteError } from "../../errors.ts";
import { ConsoleBoard } from "../console/board.ts";
import type { Answer, ConsoleCommand } from "../console/commands.ts";
import { agreesTo, commandOf, converse, type PromptOptions } from "../console/prompt.ts";
import { everyPort } from "../every_port.ts";
import { say, sayJson } from "../output.ts";

export interface ConsoleOptions {
  config: string;
  yes?: boolean;
  json?: boolean;
}

/** @throws FtteError of the port or the board; "usage" for a command that is none, or one that loses something and was not agreed to */
export async function openConsole(text: string, name: string | undefined, options: ConsoleOptions): Promise<void> {
  const command = name === undefined ? undefined : commandOf(name);
  const known = KnownBoards.read();
  const board = await ConsoleBoard.find(text, { known, ports: () => everyPort(options.config, known) });
  const prompt = promptFor(board, options);
  try {
    if (command) await once(board, command, prompt, options);
    else await conversation(board, prompt, options);
  } finally {
    await board.close();
  }
}

/** With --json what people read goes to standard error, and each answer is a line on standard output. */
function promptFor(board: ConsoleBoard, { json }: ConsoleOptions): PromptOptions {
  const { chipId } = board;
  const show = (command: string, answer: Answer) =>
    json ? sayJson({ type: "answer", chipId, command, ...answer.json }) : say(false, answer.text);
  return { input: process.stdin, output: json ? process.stderr : process.stdout, show };
}

async function once(board: ConsoleBoard, command: ConsoleCommand, prompt: PromptOptions, options: ConsoleOptions) {
  if (command.loses && !options.yes) {
    const what = `${command.name}: ${board.name} loses ${command.loses}`;
    if (!process.stdin.isTTY) throw new FtteError("usage", `${what}; add --yes if it shall`);
    if (!(await agreesTo(board, command, prompt))) throw new FtteError("interrupted", "nothing was done");
  }
  const answer = await command.run(board);
  const { chipId, name, address } = board;
  if (options.json) sayJson({ type: "result", chipId, name, address, command: command.name, ...answer.json });
  else say(false, answer.text);
}

async function conversation(board: ConsoleBoard, prompt: PromptOptions, { json }: ConsoleOptions): Promise<void> {
  const { chipId, name, address } = board;
  if (process.stdin.isTTY)
    prompt.output.write(`${name} (chip ${chipId}) on ${address}; "help" lists what it can be asked\n`);
  const commands = await converse(board, prompt);
  if (json) sayJson({ type: "result", chipId, name, address, commands });
}

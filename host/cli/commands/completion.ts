// `ftte completion`: the script that completes ftte's words in a shell; and the words that only the machine knows, which the script asks for at
// every key: nothing is opened or asked for them.

import { readdirSync } from "node:fs";
import type { Command } from "commander";
import { boardIds } from "../../boards/config.ts";
import { KnownBoards } from "../../boards/names.ts";
import { FtteError } from "../../errors.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { type CommandModel, commandModels } from "../completion/model.ts";
import { zshScript } from "../completion/zsh.ts";
import { sayJson } from "../output.ts";

const scripts: Record<string, (models: CommandModel[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const lists: Record<string, () => string[]> = { boards: boardWords, configs: () => boardIds() };

export interface CompletionOptions {
  words?: string;
  json?: boolean;
}

/** @throws FtteError "usage" without a shell */
export function completion(program: Command, shell: string | undefined, { words, json }: CompletionOptions): void {
  if (words !== undefined) {
    process.stdout.write((lists[words]?.() ?? []).map((word) => `${word}\n`).join(""));
    return;
  }
  if (shell === undefined) throw new FtteError("usage", "say for which shell: ftte completion bash, zsh or fish");
  const script = scripts[shell]!(commandModels(program));
  if (json) sayJson({ type: "result", shell, script });
  else process.stdout.write(script);
}

/** Names, chip ids of boards without one, and ports that boards are plugged into. */
function boardWords(): string[] {
  const known = KnownBoards.read()
    .all()
    .map(([id, { name }]) => name ?? id);
  return [...known, ...usbPorts()];
}

/** Linux's and macOS's names of USB serial ports. */
function usbPorts(): string[] {
  try {
    const names = readdirSync("/dev").filter((name) => /^(ttyACM|ttyUSB|cu\.usb)/.test(name));
    return names.map((name) => `/dev/${name}`);
  } catch {
    return []; // Windows
  }
}

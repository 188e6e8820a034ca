// The programs that firmware is built with and emulated boards run in: which are on the PATH, and the line to type for the others. Installs
// nothing.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { FtteError } from "../errors.ts";
import type { Port } from "./port.ts";

export interface Tool {
  /** Commands, in order of preference: one is enough. */
  commands: string[];
  /** Debian packages that bring one. */
  packages: string[];
}

export const makeTool: Tool = { commands: ["make"], packages: ["make"] };
export const compilerOf = ({ compilers, packages }: Port): Tool => ({ commands: compilers, packages });

/** The path of the preferred command among those that are there. */
function pathOf({ commands }: Tool): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return places.find((path) => existsSync(path));
}

/**
 * The tools' paths, in their order.
 * @param what needs them, for the message
 * @throws FtteError "compiler-missing" that names all that are missing, and the one line that installs them
 */
export function requireTools<const Tools extends readonly Tool[]>(
  what: string,
  tools: Tools,
): { [index in keyof Tools]: string } {
  const paths = tools.map(pathOf);
  const missing = tools.filter((_, i) => paths[i] === undefined);
  if (missing.length === 0) return paths as { [index in keyof Tools]: string };
  const names = new Set(missing.map(({ commands }) => commands.join(" or ")));
  const packages = new Set(missing.flatMap((tool) => tool.packages));
  throw new FtteError(
    "compiler-missing",
    `${what}: ${[...names].join(", ")} not found; type: sudo apt-get update && sudo apt-get install -y ${[...packages].join(" ")}`,
  );
}

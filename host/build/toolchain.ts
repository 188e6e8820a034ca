// The programs that firmware is built with and emulated boards run in: which are on the PATH, and the line to type for the others. Installs
// nothing.

import { FtteError } from "../errors.ts";
import type { Port } from "./port.ts";
import { aptLine, pathOf, type Tool } from "./prerequisites.mjs";

export const compilerOf = ({ compilers, packages }: Port): Tool => ({ commands: compilers, packages });

/**
 * The tools' paths, in their order.
 * @param what needs them, for the message
 * @throws FtteError "compiler-missing" that names all that are missing, and the one line that installs them
 */
export function requireTools<const Tools extends readonly Tool[]>(
  what: string,
  tools: Tools,
): { [index in keyof Tools]: string } {
  const paths = tools.map((tool) => pathOf(tool));
  const missing = tools.filter((_, i) => paths[i] === undefined);
  if (missing.length === 0) return paths as { [index in keyof Tools]: string };
  const names = new Set(missing.map(({ commands }) => commands.join(" or ")));
  const packages = new Set(missing.flatMap((tool) => tool.packages));
  throw new FtteError("compiler-missing", `${what}: ${[...names].join(", ")} not found; type: ${aptLine(packages)}`);
}

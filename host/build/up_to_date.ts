// Whether something must be built again, by the times of files.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const time = (path: string) => statSync(path).mtimeMs;

/** Every file under a folder, or the file itself. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesOf(join(path, name)));
}

/** True when every output exists and none is older than any input; inputs are files, or folders with all that is in them. */
export function isUpToDate(outputs: readonly string[], inputs: readonly string[]): boolean {
  if (!outputs.every((path) => existsSync(path))) return false;
  const oldest = Math.min(...outputs.map(time));
  return inputs.flatMap(filesOf).every((path) => time(path) <= oldest);
}

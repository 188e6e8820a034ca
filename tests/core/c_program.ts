// Compiles a C test program and turns each line that it prints into a vitest test: "ok - sentence" or "not ok - sentence: detail",
// a last line "done" (its absence is a failure: the program died). Programs are rebuilt when any input is newer.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const cFlags = [
  ..."-std=c11 -g -O1 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror".split(
    " ",
  ),
  "-ffp-contract=off",
  "-Ifirmware",
  "-Ifirmware/core",
  "-Ifirmware/port",
];
export const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

export interface CProgram {
  name: string;
  /** Paths from the project's root. */
  sources: string[];
  flags?: string[];
  /** Object files, by path. */
  objects?: string[];
  args?: string[];
  timeoutMs?: number;
}

/** Builds the program under build/tests and returns its path. */
export function compileC({ name, sources, flags = sanitizers, objects = [] }: CProgram): string {
  const out = `${root}build/tests/${name}`;
  mkdirSync(`${root}build/tests`, { recursive: true });
  const deps = execFileSync("cc", [...cFlags, ...flags, "-MM", ...sources], { cwd: root, encoding: "utf8" });
  const inputs = deps
    .replace(/\S+:|\\\n/g, " ")
    .split(/\s+/)
    .filter(Boolean)
    .concat(objects);
  const newest = Math.max(...inputs.map((path) => statSync(path.startsWith("/") ? path : root + path).mtimeMs));
  const built = statSync(out, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newest) {
    const fresh = `${out}.${process.pid}`; // another test file may run the old one, or build it too
    execFileSync("cc", [...cFlags, ...flags, "-o", fresh, ...sources, ...objects, "-lm"], {
      cwd: root,
      stdio: "inherit",
    });
    renameSync(fresh, out);
  }
  return out;
}

/** One vitest test per line that the program prints. */
export function testC(program: CProgram): void {
  const path = compileC(program);
  const run = spawnSync(path, program.args ?? [], {
    cwd: root,
    encoding: "utf8",
    timeout: program.timeoutMs ?? 120_000,
  });
  const lines = run.stdout.split("\n");
  describe(program.name, () => {
    for (const line of lines) {
      const match = /^(not )?ok - (.*)$/.exec(line);
      if (match) it(match[2]!, () => expect(match[1] ? line : "", run.stderr.slice(-4000)).toBe(""));
    }
    it("runs to its end", () => expect(lines.includes("done") && run.status === 0, run.stderr.slice(-8000)).toBe(true));
  });
}

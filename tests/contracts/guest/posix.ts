// The guest suites' program on this machine.
import { mkdirSync, writeFileSync } from "node:fs";
import { type CProgram, root, testC } from "../../core/c_program.ts";
import { type Engine, type EngineOptions, engineParts } from "../../core/engine.ts";
import { type Entry, encodeBundle } from "./suite.ts";

const files = ["posix", "suite", "contract", "hostile"].map((name) => `tests/contracts/guest/${name}.c`);
const wrapped = "-Wl,--wrap=ftte_guest_open,--wrap=ftte_guest_call";

/** One vitest test per line that the program prints. */
export async function testSuite(
  name: string,
  engine: Engine,
  options: EngineOptions,
  entries: Entry[],
  timeoutMs = 300_000,
): Promise<void> {
  const parts = await engineParts(engine, options);
  const folder = `${root}build/tests/guest`;
  mkdirSync(folder, { recursive: true });
  const bundle = `${folder}/${name}`;
  writeFileSync(bundle, encodeBundle(entries));
  const program: CProgram = {
    ...parts,
    name: `guest_${engine.name}_${engine.bits}${options.sanitized ? "_sanitized" : ""}${options.pool ? "_heap" : ""}`,
    sources: [...files, "tests/assembly/record.c", ...parts.sources],
    flags: [...parts.flags, "-Itests/core", "-Itests/assembly", "-Itests/contracts/guest", wrapped],
    args: [bundle],
    timeoutMs,
  };
  testC(program);
}

// Runs a program of the device benchmark on a case, in QEMU: what it says of itself, what the trace says of its last step, and whether it
// came to the right results.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { qemu } from "../../core/device_program.ts";
import type { Case } from "./case.ts";
import type { Engine, Program } from "./program.ts";
import { instructionsOf, type Stage, Symbols, Trace, traceOptions } from "./trace.ts";

/** What a program printed: the numbers of all lines that begin with the same word. */
type Outcome = Map<string, number[]>;

export interface Measured {
  outcome: Outcome;
  step: number; // instructions of the last training step: the first call of an interpreter also translates
  inference: number;
  stages: Stage[]; // of the last training step
  symbols: Symbols;
}

/** Lines of a word and numbers, the last one "done". @throws Error when that is not so */
export function parse(printed: string): Outcome {
  const rows = printed.trim().split("\n");
  if (rows.pop() !== "done") throw new Error(`the program did not come to its end: ${printed.slice(-2000)}`);
  const outcome: Outcome = new Map();
  for (const row of rows) {
    const [word = "", ...numbers] = row.split(" ");
    outcome.set(word, [...(outcome.get(word) ?? []), ...numbers.map((n) => Number.parseInt(n, 16))]);
  }
  return outcome;
}

/** Ticks of the harness's timer to instructions, less what measuring takes (harness.h). */
function instructions(outcome: Outcome, word: "step" | "infer"): number {
  const [measuring = 0] = outcome.get("calibration")!;
  const ticks = outcome.get(word)?.at(-1) ?? measuring;
  return Math.round(((ticks - measuring) * 40) / 128);
}

/** Standard output; `log` is called with pieces of QEMU's log. */
function run(path: string, caseBytes: Uint8Array, log: (text: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-device-"));
  writeFileSync(join(folder, "case"), caseBytes);
  const loader = ["-device", `loader,file=${join(folder, "case")},addr=0x21800000,force-raw=on`];
  const [command, args] = qemu(path, ["-icount", "shift=7", "-serial", "null", ...loader, ...traceOptions]);
  return new Promise((resolve, reject) => {
    let printed = "";
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
    child.stdout.setEncoding("latin1").on("data", (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding("latin1").on("data", log);
    child.once("error", reject);
    child.once("close", () => {
      rmSync(folder, { recursive: true });
      resolve(printed);
    });
  });
}

/**
 * @param marks functions of the program that begin a stage of its step
 * @throws Error when the trace and the timer count differently, or the program fails
 */
export async function measure({ path }: Program, caseBytes: Uint8Array, marks: string[] = []): Promise<Measured> {
  const nm = spawnSync("arm-none-eabi-nm", [path], { encoding: "utf8", maxBuffer: 1 << 26 });
  const symbols = new Symbols(nm.stdout);
  const trace = new Trace(symbols.address("bench_step"), new Map(marks.map((name) => [symbols.address(name), name])));
  const outcome = parse(await run(path, caseBytes, (text) => trace.add(text)));
  const step = instructions(outcome, "step");
  const traced = instructionsOf(trace.stages) - 1; // calibration calls a function that returns, and no more
  if (traced !== step) throw new Error(`${path}: the trace counts ${traced} instructions, the timer ${step}`);
  return { outcome, step, inference: instructions(outcome, "infer"), stages: trace.stages, symbols };
}

/** Engines of the firmware give Node's bits; C, which sums in another order, numbers near them. @throws Error */
export function check(engine: Engine, c: Case, outcome: Outcome): void {
  for (const [word, wanted] of [
    ["trained", c.trained],
    ["output", c.output],
  ] as const) {
    const got = Uint32Array.from(outcome.get(word) ?? []);
    const [values, should] = [got, wanted].map((bits) => new Float32Array(bits.buffer, 0, bits.length));
    const isNear = (v: number, i: number) => Math.abs(v - should![i]!) <= 1e-4 * (1e-3 + Math.abs(should![i]!));
    const equal = engine.startsWith("c-") ? values!.every(isNear) : got.every((v, i) => v === wanted[i]);
    if (got.length !== wanted.length || !equal)
      throw new Error(`${engine}, ${c.workload}, ${c.mode}, frozen in ${c.frozen}: ${word} values differ from Node's`);
  }
}

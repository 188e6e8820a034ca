// Instructions and bytes of a training step and an inference on a Cortex-M4F in QEMU: plain C and tuned C (tests/bench/device/), then both
// engines of the firmware, and their ratios to the two. Counts instructions exactly, not cycles. Arena, engine and stack are the
// program's peaks; the firmware around it is not in them. `--json` prints one object per row.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildGuest } from "../../host/build/guest.ts";
import { table } from "../../host/cli/view/text.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { buildDevice, runDevice } from "../core/device_program.ts";
import { type Case, type Frozen, type Mode, makeCase, type Workload } from "./device/case.ts";

type Engine = "wasm3" | "aot" | "c-floor" | "c-tuned";

const guestSources = ["tests/bench/device/guest.c", "firmware/core/guest/pool.c", "firmware/core/guest/gate.c"];
const port = ["chip", "flash", "link", "memory", "sensor", "start"].map((name) => `firmware/ports/mps2/${name}.c`);
const common = ["tests/bench/device/harness.c", "firmware/core/digest/sha256.c", ...port];
const variables = {
  PORT_STATIC_BYTES: "200000",
  EXTRA_CFLAGS: "-Itests/bench/device -Ifirmware/ports/mps2",
};

function build(engine: Engine): string {
  const name = `device-${engine}`;
  if (engine === "wasm3" || engine === "aot")
    return buildDevice({ name, board: "mps2-nrf52840", engine, sources: [...guestSources, ...common], variables });
  const program = [`tests/bench/device/${engine.slice(2)}.c`];
  const optimised = engine === "c-tuned" ? { ...variables, OPTIMISE: "-O3" } : variables;
  return buildDevice({ name, board: "mps2-nrf52840", sources: [...program, ...common], variables: optimised });
}

const folder = mkdtempSync(join(tmpdir(), "ftte-device-"));

/** What a program printed: the numbers of all lines that begin with the same word. */
type Outcome = Map<string, number[]>;

function measure(program: string, c: Case): Outcome {
  const path = join(folder, "case");
  writeFileSync(path, c.bytes);
  const run = runDevice(program, [
    ...["-icount", "shift=7", "-serial", "null"],
    ...["-device", `loader,file=${path},addr=0x21800000,force-raw=on`],
  ]);
  const rows = run.stdout.trim().split("\n");
  if (rows.pop() !== "done") throw new Error(`${program}: ${run.stdout.slice(-2000)}${run.stderr.slice(-2000)}`);
  const outcome: Outcome = new Map();
  for (const row of rows) {
    const [word = "", ...numbers] = row.split(" ");
    outcome.set(word, [...(outcome.get(word) ?? []), ...numbers.map((n) => Number.parseInt(n, 16))]);
  }
  return outcome;
}

/** Of the last one: the first call of an interpreter also translates. */
function instructions(outcome: Outcome, word: "step" | "infer"): number {
  const [measuring = 0] = outcome.get("calibration")!;
  return Math.round(((outcome.get(word)!.at(-1)! - measuring) * 40) / 128); // harness.h
}

/** Engines of the firmware give Node's bits; C, which sums in another order, numbers near them. */
function check(engine: Engine, c: Case, outcome: Outcome): void {
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

interface Row {
  workload: Workload;
  engine: Engine;
  mode: Mode;
  frozen: Frozen;
  instructions: number;
  inference: number;
  floorRatio: number;
  tunedRatio: number;
  ram: { arena: number; engine: number; stack: number };
}

const engines: Engine[] = ["c-floor", "c-tuned", "aot", "wasm3"];
const workloads = Object.keys(referenceModels) as Workload[];
const modes: Mode[] = ["full", "truncated", "head", "bias"];

function rowsOf(programs: Map<Engine, string>, c: Case): Row[] {
  const outcomes = new Map([...programs].map(([engine, program]) => [engine, measure(program, c)]));
  for (const [engine, outcome] of outcomes) check(engine, c, outcome);
  const steps = new Map([...outcomes].map(([engine, outcome]) => [engine, instructions(outcome, "step")]));
  return [...outcomes].map(([engine, outcome]) => ({
    ...{ workload: c.workload, engine, mode: c.mode, frozen: c.frozen },
    instructions: steps.get(engine)!,
    inference: instructions(outcome, "infer"),
    floorRatio: steps.get(engine)! / steps.get("c-floor")!,
    tunedRatio: steps.get(engine)! / steps.get("c-tuned")!,
    ram: {
      arena: c.plan.memoryBytes,
      engine: outcome.get("engine")![0]!,
      stack: Math.max(...outcome.get("stack")!),
    },
  }));
}

function print(rows: Row[]): void {
  const header = [
    "workload",
    "mode",
    "frozen",
    "engine",
    "step",
    "÷ floor",
    "÷ tuned",
    "infer",
    "arena",
    "engine",
    "stack",
  ];
  const cells = rows.map((r) => [
    ...[r.workload, r.mode, r.mode === "full" ? "" : r.frozen, r.engine, String(r.instructions)],
    ...[r.floorRatio.toFixed(2), r.tunedRatio.toFixed(2), String(r.inference)],
    ...[r.ram.arena, r.ram.engine, r.ram.stack].map(String),
  ]);
  console.log(table(header, cells));
}

const { values } = parseArgs({ options: { json: { type: "boolean" } } });
await buildGuest();
const programs = new Map(engines.map((engine) => [engine, build(engine)]));
const rows: Row[] = [];
for (const workload of workloads)
  for (const mode of modes)
    for (const frozen of (mode === "full" ? ["int8"] : ["int8", "f32"]) as Frozen[])
      rows.push(...rowsOf(programs, makeCase(workload, mode, frozen, 4, 4)));
rmSync(folder, { recursive: true });
if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else print(rows);

// `npm run bench:device`: instructions and bytes of a training step and an inference on a Cortex-M4F in QEMU, on both engines of the
// firmware and in plain and tuned C (tests/bench/device/). Counts instructions exactly, not cycles.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

interface Outcome {
  step: number[];
  infer: number[];
  lines: Map<string, number[]>;
}

function measure(program: string, c: Case): Outcome {
  const path = join(folder, "case");
  writeFileSync(path, c.bytes);
  const run = runDevice(program, [
    ...["-icount", "shift=7", "-serial", "null"],
    ...["-device", `loader,file=${path},addr=0x21800000,force-raw=on`],
  ]);
  const rows = run.stdout.trim().split("\n");
  if (rows.at(-1) !== "done") throw new Error(`${program}: ${run.stdout.slice(-2000)}${run.stderr.slice(-2000)}`);
  const lines = new Map(
    rows.slice(0, -1).map((row) => {
      const [word, ...numbers] = row.split(" ");
      return [word!, numbers.map((n) => Number.parseInt(n, 16))];
    }),
  );
  const trained = rows.filter((row) => row.startsWith("trained "));
  lines.set(
    "trained",
    trained.flatMap((row) =>
      row
        .split(" ")
        .slice(1)
        .map((n) => Number.parseInt(n, 16)),
    ),
  );
  const [call = 0] = lines.get("calibration")!;
  const instructions = (word: string) => (lines.get(word) ?? []).map((t) => Math.round(((t - call) * 40) / 128));
  return { step: instructions("step"), infer: instructions("infer"), lines };
}

const floats = (bits: ArrayLike<number>) => new Float32Array(Uint32Array.from(bits).buffer);
function same(a: number[], b: Uint32Array): string {
  if (a.length !== b.length) return `lengths ${a.length} ${b.length}`;
  if (a.every((v, i) => v === b[i])) return "bits";
  const [x, y] = [floats(a), floats(b)];
  return `${Math.max(...x.map((v, i) => Math.abs(v - y[i]!) / (1e-3 + Math.abs(y[i]!)))).toExponential(1)}`;
}

const engines = (process.argv[2] ?? "wasm3").split(",") as Engine[];
for (const engine of engines) {
  const program = build(engine);
  for (const workload of ["mlp-128-32-6", "mlp-561-64-6", "motion-cnn", "image-cnn", "ecg-autoencoder"] as Workload[])
    for (const mode of ["full", "truncated", "head", "bias"] as Mode[])
      for (const frozen of (mode === "full" ? ["int8"] : ["int8", "f32"]) as Frozen[]) {
        const c = makeCase(workload, mode, frozen, 4, 4);
        const o = measure(program, c);
        console.log(
          engine,
          workload,
          mode,
          frozen,
          "step",
          o.step.join("/"),
          "infer",
          o.infer.at(-1),
          "arena",
          c.plan.memoryBytes,
          "engine",
          o.lines.get("engine"),
          "stack",
          o.lines.get("stack"),
          "equal",
          same(o.lines.get("trained")!, c.trained),
          same(o.lines.get("output")!, c.output),
          o.lines.get("calibration")!.map((t) => (t * 40) / 128),
        );
      }
}

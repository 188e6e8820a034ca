// The guest contract, on every engine that runs here, with pointers of both widths, plain and under the sanitizers.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtGuest } from "../../host/build/root.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { abiVersion, boardErrors } from "../../host/wire/spec.gen.ts";
import { record } from "../assembly/record.ts";
import { altered } from "../core/altered_kernels.ts";
import { root, testC } from "../core/c_program.ts";
import { engineParts, engines } from "../core/engine.ts";
import { assemble } from "../core/wat.ts";
import { bench } from "../host/plan/bench.ts";
import { kernels } from "../host/plan/kernels.ts";

const folder = `${root}build/tests/guest`;
mkdirSync(folder, { recursive: true });
const put = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const model = { ...referenceModels["image-cnn"], input: { shape: [28, 28, 1], type: "f32" as const } };
const recorded = put("record", record(bench(await kernels(), model, { selection: "all" }, 9), model));

const good = readFileSync(builtGuest("kernels.wasm"));
const module = (functions: string) => assemble(`(module (memory 1) ${functions})`);
const { "guest-load": load, "guest-abi": abi, "guest-trap": trap } = boardErrors;
const misfits: [name: string, bytes: Uint8Array, error: { code: number }][] = [
  ["nothing", new Uint8Array(), load],
  ["no WebAssembly", Buffer.from("a text that is long enough"), load],
  ["another version of WebAssembly", Uint8Array.of(0, 97, 115, 109, 2, 0, 0, 0), load],
  ["good kernels without their last byte", good.subarray(0, -1), load],
  ["good kernels with a byte behind them", Buffer.concat([good, Uint8Array.of(0)]), load],
  ["kernels that speak another ABI", module('(func (export "abi") (result i32) i32.const 999)'), abi],
  ["kernels that speak no ABI", module(""), abi],
  ["kernels whose abi is a number of another type", module('(func (export "abi") (result f32) f32.const 1)'), abi],
  ["kernels whose abi wants an argument", module('(func (export "abi") (param i32) (result i32) local.get 0)'), abi],
  ["kernels whose abi traps", module('(func (export "abi") (result i32) unreachable)'), abi],
  ["kernels without the other exports", module(`(func (export "abi") (result i32) i32.const ${abiVersion})`), abi],
  ["kernels that trap", altered("selfTest", "i32.const -1 i32.load"), trap],
];
const misfitArguments = misfits.flatMap(([name, bytes, error]) => [put(name, bytes), String(error.code)]);

for (const engine of engines)
  for (const sanitized of [false, true]) {
    const parts = await engineParts(engine, { sanitized });
    const own = ["tests/contracts/guest/posix.c", "tests/contracts/guest/contract.c", "tests/assembly/record.c"];
    testC({
      name: `guest_${engine.name}_${engine.bits}${sanitized ? "_sanitized" : ""}`,
      ...parts,
      sources: [...own, ...parts.sources],
      flags: [...parts.flags, "-Itests/core", "-Itests/assembly"],
      args: [builtGuest("kernels.wasm"), recorded, ...(engine.name === "wasm3" ? misfitArguments : [])],
    });
  }

// Guests that try to break out of the interpreter. In three builds: as the firmware is built, on the native stack that a board leaves to
// the engine, with pointers of both widths; and under the address sanitizer, with every block of the engine on the heap.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtGuest } from "../../host/build/root.ts";
import { seeded } from "../../host/data/random.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { record } from "../assembly/record.ts";
import { root, testC } from "../core/c_program.ts";
import { engineParts, engines } from "../core/engine.ts";
import { assembleGuest } from "../core/wat.ts";
import { bench } from "../host/plan/bench.ts";
import { kernels } from "../host/plan/kernels.ts";
import {
  accessAttacks,
  accesses,
  accessModule,
  attacksOn,
  blasLeaves,
  encodeAttacks,
  leafModule,
} from "./guest/attacks.ts";
import { hostileModules } from "./guest/modules.ts";

const sweep = process.env.FTTE_SWEEP !== undefined;
const folder = `${root}build/tests/hostile`;
mkdirSync(folder, { recursive: true });
const put = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const modules = hostileModules.flatMap(({ name, bytes, error }) => [put(name, bytes), String(error)]);
const draw = seeded(20_26);
const random = (limit: number) => Math.floor(draw() * limit);
const leaves = blasLeaves().flatMap((leaf) => [
  put(leaf.name, assembleGuest(leafModule(leaf))),
  put(`${leaf.name}.attacks`, encodeAttacks(attacksOn(leaf, random, sweep ? 4000 : 200))),
]);
const loadsAndStores = accesses.flatMap((access) =>
  [0, 7, 0xffffffff].flatMap((offset) => {
    const name = `${access.name} offset ${offset}`;
    return [
      put(name, assembleGuest(accessModule(access, offset))),
      put(`${name}.attacks`, encodeAttacks(accessAttacks(access, offset))),
    ];
  }),
);
const model = referenceModels["mlp-128-32-6"];
const f32 = { ...model, input: { ...model.input, type: "f32" as const } };
const recorded = put("record", record(bench(await kernels(), f32, { selection: "all" }, 3), f32));

for (const { bits } of engines.filter(({ name }) => name === "wasm3"))
  for (const sanitized of [false, true]) {
    if (sanitized && bits === 64) continue; // the heap does not lie within 4 GiB, where a leaf's operands must
    const pool = sanitized ? { pool: "tests/core/heap_pool.c" } : {};
    const parts = await engineParts({ name: "wasm3", bits }, { sanitized, ...pool });
    const program = {
      ...parts,
      sources: ["tests/contracts/guest/hostile.c", "tests/assembly/record.c", ...parts.sources],
      flags: [...parts.flags, "-Itests/core", "-Itests/assembly", "-Wl,--wrap=ftte_guest_open,--wrap=ftte_guest_call"],
    };
    const name = `hostile_${bits}${sanitized ? "_sanitized" : ""}`;
    const count = sweep ? 1_000_000 : 10_000;
    for (const args of [
      ["modules", builtGuest("kernels.wasm"), ...modules],
      ["attacks", builtGuest("kernels.wasm"), ...leaves, ...loadsAndStores],
      ["truncations", builtGuest("kernels.wasm")],
      ["mutations", builtGuest("kernels.wasm"), recorded, "1", String(count)],
    ])
      testC({ ...program, name, args, timeoutMs: sweep ? 3_600_000 : 300_000 });
  }

// The guest suites' bundles (suite.h): what a program of the suites does, on this machine or on a chip.
import { readFileSync } from "node:fs";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { abiVersion, boardErrors, ops } from "../../../host/wire/spec.gen.ts";
import { record } from "../../assembly/record.ts";
import { altered } from "../../core/altered_kernels.ts";
import { assemble, assembleGuest } from "../../core/wat.ts";
import { bench } from "../../host/plan/bench.ts";
import { kernels } from "../../host/plan/kernels.ts";
import {
  accessAttacks,
  accesses,
  accessModule,
  attacksOn,
  blasLeaves,
  encodeAttacks,
  layersAttacks,
  layersModule,
  leafModule,
} from "./attacks.ts";
import { hostileModules } from "./modules.ts";

/** enum suite_what. */
const whats = [
  ...(["end", "kernels", "record", "misfit", "contract", "module", "target", "attacks"] as const),
  ...(["truncations", "mutations", "plans"] as const),
];

export interface Entry {
  what: (typeof whats)[number];
  number?: number;
  name?: string;
  bytes?: Uint8Array;
}

const padded = (bytes: Uint8Array) => Buffer.concat([bytes], Math.ceil(bytes.length / 16) * 16);

export function encodeBundle(entries: Entry[]): Uint8Array {
  const parts = [...entries, { what: "end" as const }].flatMap(({ what, number = 0, name = "", bytes }: Entry) => {
    const text = Buffer.from(`${name}\0`);
    const all = bytes ?? new Uint8Array();
    const head = Uint32Array.of(whats.indexOf(what), number >>> 0, text.length, all.length);
    return [Buffer.from(head.buffer), padded(text), padded(all)];
  });
  return Buffer.concat(parts);
}

const goodKernels = (name: "kernels.wasm" | "kernels.layers.wasm" = "kernels.wasm"): Entry => ({
  what: "kernels",
  name,
  bytes: readFileSync(builtGuest(name)),
});

/** What Node's kernels make of a reference model, all of it trained. */
async function recorded(name: keyof typeof referenceModels, seed: number): Promise<Entry> {
  const model = { ...referenceModels[name], input: { ...referenceModels[name].input, type: "f32" as const } };
  return { what: "record", bytes: record(bench(await kernels(), model, { selection: "all" }, seed), model) };
}

// ---- the contract ----

const { "guest-load": load, "guest-abi": abi, "guest-trap": trap } = boardErrors;

function misfits(): Entry[] {
  const good = readFileSync(builtGuest("kernels.wasm"));
  const module = (functions: string) => assemble(`(module (memory 1) ${functions})`);
  const all: [name: string, bytes: Uint8Array, error: { code: number }][] = [
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
  return all.map(([name, bytes, { code }]) => ({ what: "misfit", name, bytes, number: code }));
}

type EngineName = "wasm3" | "aot";

/** Promises of guest.h; those about modules only for the engine that loads them. Needs buildGuest. */
export async function contractEntries(engine: EngineName): Promise<Entry[]> {
  const modules = engine === "wasm3" ? misfits() : [];
  return [goodKernels(), await recorded("image-cnn", 9), ...modules, { what: "contract" }];
}

// ---- hostile guests ----

export interface HostileSizes {
  /** Random attacks on each leaf, beside those that are written down. */
  draws: number;
  /** Bytes from one truncation of the kernels to the next. */
  step: number;
  mutations: number;
  plans: number;
}

const modules = (): Entry[] =>
  hostileModules.map(({ name, bytes, error }) => ({ what: "module", name, bytes, number: error }));

function attacks(draws: number): Entry[] {
  const draw = seeded(20_26);
  const random = (limit: number) => Math.floor(draw() * limit);
  const leaves = blasLeaves().flatMap((leaf): Entry[] => [
    { what: "target", name: leaf.name, bytes: assembleGuest(leafModule(leaf)) },
    { what: "attacks", bytes: encodeAttacks(attacksOn(leaf, random, draws)) },
  ]);
  const loadsAndStores = accesses.flatMap((access) =>
    [0, 7, 0xffffffff].flatMap((offset): Entry[] => [
      {
        what: "target",
        name: `${access.name} offset ${offset}`,
        bytes: assembleGuest(accessModule(access, offset)),
      },
      { what: "attacks", bytes: encodeAttacks(accessAttacks(access, offset)) },
    ]),
  );
  const layers: Entry[] = [
    { what: "target", name: "the native layers", bytes: assembleGuest(layersModule) },
    { what: "attacks", bytes: encodeAttacks(layersAttacks(random, draws)) },
  ];
  return [...leaves, ...layers, ...loadsAndStores];
}

/** The first words of all ops that a plan may hold. */
const opHeads = () =>
  new Uint8Array(Uint32Array.from(Object.values(ops).map(({ code, args }) => code | (args.length << 16))).buffer);

/** Modules for the engine that loads them, plans for both. Needs buildGuest. */
export async function hostileEntries(engine: EngineName, sizes: HostileSizes): Promise<Entry[]> {
  const { draws, step, mutations, plans } = sizes;
  const loaded: Entry[] = [
    ...modules(),
    ...attacks(draws),
    ...(["kernels.layers.wasm", "kernels.wasm"] as const).flatMap((name): Entry[] => [
      goodKernels(name),
      { what: "truncations", number: step },
      { what: "mutations", number: mutations },
    ]),
  ];
  return [
    goodKernels(),
    await recorded("mlp-128-32-6", 3),
    ...(engine === "wasm3" ? loaded : []),
    { what: "plans", number: plans, bytes: opHeads() },
  ];
}

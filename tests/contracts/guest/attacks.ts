// Attacks on the boundary between a guest and its board, generated: every leaf of the BLAS with every kind of bad operand and dimension,
// every load and store at every edge of linear memory, and lists of ops for the native layers. Each attack comes with the answer that the
// contract demands, worked out here in whole numbers from the leaf's extents; where that would be to write the layers again, any error code
// is one. For hostile.c.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Leaf, parseLeaves } from "../../../host/build/native_functions.ts";
import { abiVersion, boardErrors, leafTurnsMax, ops, Region, SampleType } from "../../../host/wire/spec.gen.ts";
import { root } from "../../core/c_program.ts";

/** What hostile.c gives its guests. */
const memoryBytes = 4108n;
const regionBytes = 512n;
const boundRegions: number[] = [Region.frozen, Region.samples];
const wordsAt = 1024;
/** What every call costs beside its turns (firmware/core/guest/gate.h). */
const callTurns = 32n;

const codes = {
  ok: 0,
  bounds: boardErrors["guest-bounds"].code,
  time: boardErrors["guest-time"].code,
  trap: boardErrors["guest-trap"].code,
  any: 1, // of guest.h, in time
};

export interface Attack {
  error: number;
  argument: number;
  words: number[];
}

/** As hostile.c reads them. */
export const encodeAttacks = (attacks: Attack[]): Uint8Array =>
  new Uint8Array(
    Uint32Array.from(attacks.flatMap(({ error, argument, words }) => [error, argument, words.length, ...words])).buffer,
  );

export function blasLeaves(): Leaf[] {
  const folder = join(root, "firmware/assembly/blas");
  return readdirSync(folder).flatMap((name) => parseLeaves(readFileSync(join(folder, name), "utf8")));
}

/** The value of sums, products, whole quotients and brackets over names. */
export function evaluate(expression: string, named: (name: string) => bigint): bigint {
  const tokens = expression.match(/\w+|[+*/()]/g) ?? [];
  const factor = (): bigint => {
    const token = tokens.shift()!;
    if (token !== "(") return /^\d/.test(token) ? BigInt(token) : named(token);
    const value = sum();
    tokens.shift();
    return value;
  };
  const product = (): bigint => {
    let value = factor();
    while (tokens[0] === "*" || tokens[0] === "/") value = tokens.shift() === "*" ? value * factor() : value / factor();
    return value;
  };
  const sum = (): bigint => {
    let value = product();
    while (tokens[0] === "+") {
      tokens.shift();
      value += product();
    }
    return value;
  };
  return sum();
}

function operandFits(at: number, bytes: bigint, align: number, readOnly: boolean): boolean {
  const region = at >>> 28;
  const inRegion = region >= Region.frozen;
  if (inRegion && !(readOnly && boundRegions.includes(region))) return false;
  const offset = inRegion ? at & 0x0fffffff : at;
  return offset % align === 0 && BigInt(offset) + bytes <= (inRegion ? regionBytes : memoryBytes);
}

/** What the board must answer to the leaf with these arguments. */
export function judge(leaf: Leaf, words: number[]): number {
  const value = new Map(leaf.parameters.map((p, i) => [p.name, words[i]! >>> 0]));
  const big = (name: string) => BigInt(value.get(name)!);
  const dimensions = leaf.parameters.filter((p) => p.type === "i32").map((p) => big(p.name));
  const limit = leaf.operands.some((o) => o.count.includes("*")) ? 1n << 15n : 1n << 28n;
  if (dimensions.some((d) => d >= limit)) return codes.bounds;
  const counts = leaf.operands.map((o) => evaluate(o.count, big));
  const fits = leaf.operands.every((o, i) =>
    operandFits(value.get(o.name)!, BigInt(o.bytes) * counts[i]!, o.bytes, o.readOnly),
  );
  if (!fits) return codes.bounds;
  const turns = leaf.turns ? evaluate(leaf.turns, big) : [...dimensions, ...counts].reduce((a, b) => a + b, 0n);
  return turns + callTurns > BigInt(leafTurnsMax) ? codes.time : codes.ok;
}

// ---- leaves ----

/** A module whose infer calls the leaf with the words at wordsAt. */
export function leafModule({ name, parameters, result }: Leaf): string {
  const types: Record<string, string> = { i32: "i32", usize: "i32", f32: "f32" };
  const signature = `(param ${parameters.map((p) => types[p.type]).join(" ")})`;
  const loads = parameters.map((p, i) => `(${types[p.type]}.load offset=${wordsAt + 4 * i} (i32.const 0))`);
  const given = result === "void" ? "" : `(result ${types[result]})`;
  return `(module (import "blas" "${name}" (func $leaf ${signature} ${given})) (memory 1)
    (func (export "abi") (result i32) i32.const ${abiVersion})
    (func (export "infer") (param i32) (result i32) (call $leaf ${loads.join(" ")}) ${result === "void" ? "" : "drop"} i32.const 0))`;
}

const half = 0x3f000000; // 0.5 as f32
const ordinary: Record<string, number> = { ih: 3, iw: 3, sh: 1, sw: 1, ph: 0, pw: 0, carry: 0, label: 1 };

/** Arguments that are in order: small dimensions, operands apart from each other. */
function goodWords(leaf: Leaf): number[] {
  let place = 2048;
  return leaf.parameters.map(({ name, type }) => {
    if (type === "f32") return half;
    if (type === "i32") return ordinary[name] ?? 2;
    place += 256;
    return place;
  });
}

function badAddresses(bytes: number, align: number): number[] {
  const memory = Number(memoryBytes);
  const edges = [memory - bytes, memory, 0, -bytes, -4, 2 ** 31 - bytes].flatMap((at) => [at - align, at, at + align]);
  const words = Array.from({ length: 16 }, (_, region) => region * 2 ** 28);
  const inRegions = words.flatMap((word) => {
    const region = Number(regionBytes);
    return [word, word + region - bytes, word + region - bytes + align, word + region, word + 0x0ffffffc];
  });
  return [...edges, ...edges.map((at) => at + 1), ...inRegions].map((at) => at >>> 0);
}

const badDimensions = [
  0, 1, 3, 127, 0x7fff, 0x8000, 0xffff, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Attacks on one leaf, the first of which is none. */
export function attacksOn(leaf: Leaf, random: (limit: number) => number, draws: number): Attack[] {
  const good = goodWords(leaf);
  const index = new Map(leaf.parameters.map((p, i) => [p.name, i]));
  const dimensions = leaf.parameters.flatMap((p, i) => (p.type === "i32" ? [i] : []));
  const changed = (changes: [index: number, value: number][]) =>
    good.map((word, i) => changes.find(([at]) => at === i)?.[1] ?? word);
  const value = (name: string) => BigInt(good[index.get(name)!]!);
  const operands = leaf.operands.map((o) => ({
    at: index.get(o.name)!,
    align: o.bytes,
    addresses: badAddresses(o.bytes * Number(evaluate(o.count, value)), o.bytes),
  }));
  const zero = dimensions.map((i): [number, number] => [i, 0]);
  const all = [good];
  for (const { at, addresses } of operands) for (const address of addresses) all.push(changed([[at, address]]));
  for (const i of dimensions) for (const d of badDimensions) all.push(changed([[i, d]]));
  for (const i of dimensions)
    for (const j of dimensions)
      all.push(
        changed([
          [i, 0x7fff],
          [j, 0x7fff],
        ]),
      );
  for (const { at, align } of operands) {
    all.push(changed([...zero, [at, Number(memoryBytes) - (Number(memoryBytes) % align)]])); // nothing, at the end
    all.push(changed([...zero, [at, Number(memoryBytes) + align]])); // nothing, behind it
  }
  for (const i of dimensions) all.push(changed([...dimensions.map((d): [number, number] => [d, 0x7fff]), [i, 0]]));
  for (let draw = 0; draw < draws; draw++)
    all.push(
      good.map((word, i) => {
        const operand = operands.find(({ at }) => at === i);
        if (random(3) === 0) return word;
        if (operand)
          return random(2) ? operand.addresses[random(operand.addresses.length)]! : operand.align * random(1100);
        return dimensions.includes(i) ? (random(4) ? random(9) : badDimensions[random(badDimensions.length)]!) : word;
      }),
    );
  return all.map((words) => ({ error: judge(leaf, words), argument: 0, words }));
}

// ---- loads and stores ----

export interface Access {
  name: string;
  bytes: number;
  type: string;
  stores: boolean;
}

export const accesses: Access[] = ["load", "store"].flatMap((verb) =>
  ["i32", "i64", "f32", "f64"].flatMap((type) => {
    const whole = type.endsWith("32") ? 4 : 8;
    const parts = [8, 16, 32].filter((bits) => type.startsWith("i") && bits < whole * 8);
    const signs = verb === "load" ? ["_s", "_u"] : [""];
    const stores = verb === "store";
    return [
      { name: `${type}.${verb}`, bytes: whole, type, stores },
      ...parts.flatMap((bits) =>
        signs.map((sign) => ({ name: `${type}.${verb}${bits}${sign}`, bytes: bits / 8, type, stores })),
      ),
    ];
  }),
);

/** A module whose infer reads or writes at its argument plus `offset`. */
export function accessModule({ name, type, stores }: Access, offset: number): string {
  const access = stores
    ? `(${name} offset=${offset} (local.get 0) (${type}.const 0))`
    : `(drop (${name} offset=${offset} (local.get 0)))`;
  return `(module (memory 1) (func (export "abi") (result i32) i32.const ${abiVersion})
    (func (export "infer") (param i32) (result i32) ${access} i32.const 0))`;
}

export function accessAttacks({ bytes }: Access, offset: number): Attack[] {
  const last = Number(memoryBytes) - bytes - offset;
  const addresses = [0, last, last + 1, last - 1, Number(memoryBytes), 2 ** 31, -1, -bytes, -bytes - 1, 2 ** 28];
  return addresses
    .map((at) => at >>> 0)
    .map((argument) => ({
      argument,
      words: [],
      error: BigInt(argument) + BigInt(offset) + BigInt(bytes) <= memoryBytes ? codes.ok : codes.trap,
    }));
}

// ---- layers ----

const layersParameters = 10;
const listAt = wordsAt + 4 * layersParameters;

/** A module whose infer hands the words at wordsAt to setRegion, resolve and run of the native layers. */
export const layersModule = `(module
    (import "layers" "setRegion" (func $setRegion (param i32 i32)))
    (import "layers" "resolve" (func $resolve (param i32) (result i32)))
    (import "layers" "run" (func $run (param i32 i32 i32 i32 i32 i32 f32) (result f32)))
    (memory 1)
    (func (export "abi") (result i32) i32.const ${abiVersion})
    (func (export "infer") (param i32) (result i32)
      (call $setRegion ${wordLoads(0, 2)})
      (drop (call $resolve ${wordLoads(2, 3)}))
      (drop (call $run ${wordLoads(3, 9)} (f32.load offset=${wordsAt + 36} (i32.const 0))))
      i32.const 0))`;

function wordLoads(first: number, end: number): string {
  const loads = Array.from(
    { length: end - first },
    (_, i) => `(i32.load offset=${wordsAt + 4 * (first + i)} (i32.const 0))`,
  );
  return loads.join(" ");
}

interface Layers {
  region: number;
  at: number;
  word: number;
  arena: number;
  list: number;
  count: number;
  sample: number;
  type: number;
}

/** `list` lies behind the arguments; what is not said is in order. */
function onLayers(list: number[], changed: Partial<Layers> = {}, error = codes.any): Attack {
  const inOrder = { region: Region.frozen, at: Region.frozen * 2 ** 28, word: 0, arena: 0, list: listAt, count: 1 };
  const all = { ...inOrder, sample: Region.samples * 2 ** 28, type: SampleType.f32, ...changed };
  const { region, at, word, arena, list: listWord, count, sample, type } = all;
  return { error, argument: 0, words: [region, at, word, arena, listWord, count, sample, type, 1, half, ...list] };
}

const head = ({ code, args }: { code: number; args: readonly string[] }) => code | (args.length << 16);
const fill = [head(ops.fill), 3072, 4, half];
const input = [head(ops.input), 3072, 4, 1, 3328, 3584, 0, 0];
const repeat = (count: number, times: number) => [head(ops.repeat), count, times];
const odd = [0, 1, 2, 1000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Lists, counts, repeats, ops, samples and regions as they must not be, the first attack as it should. */
export function layersAttacks(random: (limit: number) => number, draws: number): Attack[] {
  const addresses = badAddresses(4, 4);
  const memory = Number(memoryBytes);
  const all = [onLayers(fill, {}, codes.ok), onLayers(input, {}, codes.ok)];
  for (const list of addresses)
    for (const count of [1, 0xffffffff])
      all.push(onLayers(fill, { list, count }, count === 1 && list > memory - 4 ? codes.trap : codes.any));
  // Behind the arguments zeros up to memory's last word, and there an op whose arguments would lie behind it.
  for (const { code, args } of Object.values(ops))
    all.push(
      onLayers(
        [...Array((memory - listAt) / 4 - 1).fill(0), head({ code, args })],
        { list: memory - 4 },
        code === ops.repeat.code || args.length > 0 ? codes.trap : codes.any,
      ),
    );
  for (const count of [...odd, ...badDimensions]) all.push(onLayers([...fill, ...input], { count }));
  for (const count of odd)
    for (const times of odd)
      for (const body of [fill, input, repeat(1, 0xffffffff), [127], [0xffff0000]])
        all.push(onLayers([...repeat(count, times), ...body, ...fill], { count: 3 }));
  for (let code = 0; code < 0x10000; code += code < 160 ? 1 : 0x1fff)
    for (const words of [0, 1, 9, 255, 0xffff]) all.push(onLayers([code + words * 0x10000, ...input, ...input]));
  for (const type of [...Object.values(SampleType), 9, 0xffffffff])
    for (const sample of addresses) {
      const fits = operandFits(sample, 16n, 4, true) ? codes.ok : codes.bounds;
      all.push(onLayers(input, { sample, type }, type === SampleType.f32 ? fits : codes.any));
    }
  for (const arena of addresses) all.push(onLayers([...fill, ...input], { arena, count: 2 }));
  for (const at of addresses)
    for (const region of [...Array(16).keys(), 0xffffffff])
      all.push(onLayers([head(ops.dense), region * 2 ** 28, 3072, 3328, 2, 2], { region, at, word: at }));
  const words = [...addresses, ...badDimensions, ...odd];
  for (const op of Object.values(ops))
    for (let draw = 0; draw < draws; draw++)
      all.push(
        onLayers([head(op), ...op.args.map(() => (random(3) ? random(9) : words[random(words.length)]!)), ...fill], {
          count: 2,
        }),
      );
  return all.map((attack) => ({ ...attack, words: attack.words.map((word) => word >>> 0) }));
}

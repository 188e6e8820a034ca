// The leaves of the BLAS behind their generated checks: no trap, no byte outside, no turn too many. 32 and 64 bits address operands
// differently, so both are tried.
import { mkdirSync, writeFileSync } from "node:fs";
import type { Leaf } from "../../host/build/native_functions.ts";
import { blasLeaves } from "../contracts/guest/attacks.ts";
import { root, testC } from "./c_program.ts";
import { engines, leafParts } from "./engine.ts";

const kindOf = (leaf: Leaf, name: string, type: string) =>
  type === "i32" ? "d" : type === "f32" ? "f" : String(leaf.operands.find((o) => o.name === name)!.bytes);

/** C for one leaf: what its arguments are, its operands' extents, and a call of it behind its check. */
function entry(leaf: Leaf, index: number): { functions: string; row: string } {
  const place = new Map(leaf.parameters.map((p, i) => [p.name, i]));
  const wide = (expression: string) => expression.replace(/[a-z]\w*/gi, (name) => `(uint64_t)w[${place.get(name)}]`);
  const inOrder = leaf.parameters.flatMap((p) => leaf.operands.filter((o) => o.name === p.name));
  const checked = leaf.parameters.flatMap((p, i) =>
    p.type === "f32" ? [] : [p.type === "usize" ? `&w[${i}]` : `w[${i}]`],
  );
  const given = leaf.parameters.map((p, i) => (p.type === "f32" ? `number(w[${i}])` : `w[${i}]`));
  return {
    functions: `
static void extents_${index}(const uint32_t *w, uint64_t *bytes) {
    (void)w, (void)bytes;
    ${inOrder.map((o, i) => `bytes[${i}] = ${o.bytes} * (${wide(o.count)});`).join("\n    ")}
}
static int run_${index}(struct ftte_guest *g, uint32_t *w) {
    (void)w;
    int error = ftte_check_${leaf.name}(${["g", ...checked].join(", ")});
    if (error == FTTE_OK) ftte_leaf_${leaf.name}(${["g->memory", ...given].join(", ")});
    return error;
}`,
    row: `    {"${leaf.name}", "${leaf.parameters.map((p) => kindOf(leaf, p.name, p.type)).join("")}", extents_${index}, run_${index}},`,
  };
}

const entries = blasLeaves().map(entry);
mkdirSync(`${root}build/tests`, { recursive: true });
writeFileSync(
  `${root}build/tests/leaves_table.h`,
  [
    "static float number(uint32_t bits) { union ftte_value v = {.u32 = bits}; return v.f32; }",
    ...entries.map((e) => e.functions),
    "static const struct leaf leaves[] = {",
    ...entries.map((e) => e.row),
    "};\n",
  ].join("\n"),
);

for (const bits of new Set(engines.map((engine) => engine.bits))) {
  const { sources, flags, objects } = await leafParts(bits, ["-fsanitize-coverage=trace-pc"]);
  testC({
    name: `leaves_${bits}`,
    sources: ["tests/core/leaves_test.c", ...sources],
    flags: [...flags, "-Itests/core", "-Ibuild/tests"],
    objects,
    args: [process.env.FTTE_SWEEP ? "2000000" : "20000"],
    timeoutMs: process.env.FTTE_SWEEP ? 3_600_000 : 300_000,
  });
}

// Writes both sides of the boundary between the guest and the BLAS from the leaves' extents (blas_leaves.ts): the declarations that
// kernels.wasm imports (AssemblyScript), the checks, and how each engine reaches the leaves (C). Pure: text in, text out.

import { type Leaf, type Operand, parseLeaves } from "./blas_leaves.ts";

export interface BlasGlue {
  declarations: string; // blas.ts of the board's --lib folder
  /** C files by name, for build/guest. */
  files: Record<string, string>;
}

const cTypes: Record<string, string> = { i32: "u32", usize: "u32", f32: "f32", void: "void" };
const wasm3Types: Record<string, string> = { i32: "i", usize: "*", f32: "f", void: "v" };
const note = "// Generated from the extents in firmware/assembly/blas by host/build/blas_glue.ts.";

const typed = (leaf: Leaf) => leaf.parameters.map((p) => `${cTypes[p.type]} ${p.name}`);
const names = (leaf: Leaf) => leaf.parameters.map((p) => p.name);
const call = (name: string, base: string, leaf: Leaf) =>
  `${leaf.result === "void" ? "" : "return "}${name}(${[base, ...names(leaf)].join(", ")});`;

/** Dimensions that are multiplied stay below 2^15, so that four of them and an element's bytes fit 64 bits; a lone length, below 2^28. */
function dimensionBits(leaf: Leaf): number {
  return leaf.operands.some((operand) => operand.count.includes("*")) ? 15 : 28;
}

const widen = (expression: string) => expression.replace(/[a-z]\w*/gi, "(uint64_t)$&");

function operandCheck({ name, bytes, count, readOnly }: Operand): string {
  const wide = `(${widen(count)})`;
  const length = bytes === 1 ? wide : `${bytes} * ${wide}`;
  return `    if (!ftte_blas_operand(guest, ${name}, ${length}, ${bytes}, ${readOnly})) return FTTE_ERR_GUEST_BOUNDS;`;
}

/** All factors and sums fit: the operands, checked before, lie in less than 2^28 bytes. */
function turns({ turns, operands }: Leaf, dimensions: string[]): string {
  return turns ? widen(turns) : [...dimensions, ...operands.map((o) => o.count), "0"].join(" + ");
}

/** FTTE_OK, or why the call is refused; operands become what the leaf takes. */
function boundary(leaf: Leaf): string {
  const dimensions = leaf.parameters.filter((p) => p.type === "i32").map((p) => p.name);
  const parameters = leaf.parameters
    .filter((p) => p.type !== "f32")
    .map((p) => `u32 ${p.type === "usize" ? "*" : ""}${p.name}`);
  return [
    `static inline int ftte_check_${leaf.name}(${["struct ftte_guest *guest", ...parameters].join(", ")}) {`,
    `    if ((${[...dimensions, "0"].join(" | ")}) >> ${dimensionBits(leaf)}) return FTTE_ERR_GUEST_BOUNDS;`,
    ...leaf.operands.map(operandCheck),
    `    return ftte_guest_spend(guest, ${turns(leaf, dimensions)}) ? FTTE_OK : FTTE_ERR_GUEST_TIME;`,
    "}",
  ].join("\n");
}

const checkCall = (leaf: Leaf) =>
  `ftte_check_${leaf.name}(${["guest", ...leaf.parameters.filter((p) => p.type !== "f32").map((p) => (p.type === "usize" ? `&${p.name}` : p.name))].join(", ")})`;

const entryHead = (leaf: Leaf) =>
  `${cTypes[leaf.result]} ftte_leaf_${leaf.name}(${["void *memory", ...typed(leaf)].join(", ")})`;

const entry = (leaf: Leaf) =>
  `__attribute__((flatten)) ${entryHead(leaf)} { ${call(`w2c_leaf_${leaf.name}`, "FTTE_LEAF_BASE(memory)", leaf)} }`;

function wasm3Function(leaf: Leaf): string {
  const invoke = `ftte_leaf_${leaf.name}(${["guest->memory", ...names(leaf)].join(", ")})`;
  return [
    `static m3ApiRawFunction(link_${leaf.name}) {`,
    ...(leaf.result === "void" ? [] : [`    m3ApiReturnType(${cTypes[leaf.result]})`]),
    ...leaf.parameters.map((p) => `    m3ApiGetArg(${cTypes[p.type]}, ${p.name})`),
    "    struct ftte_guest *guest = _ctx->userdata;",
    "    (void)runtime, (void)_mem;",
    `    int error = ${checkCall(leaf)};`,
    "    if (error < 0) m3ApiTrap(ftte_trap_of(error));",
    leaf.result === "void" ? `    ${invoke};\n    m3ApiSuccess();` : `    m3ApiReturn(${invoke});`,
    "}",
  ].join("\n");
}

function wasm3Link(leaves: Leaf[]): string[] {
  const signature = ({ parameters, result }: Leaf) =>
    `${wasm3Types[result]}(${parameters.map((p) => wasm3Types[p.type]).join("")})`;
  return [
    "static const struct {",
    "    const char *name, *signature;",
    "    M3RawCall call;",
    "} blas_link[] = {",
    ...leaves.map((leaf) => `    {"${leaf.name}", "${signature(leaf)}", link_${leaf.name}},`),
    "};",
  ];
}

function aotFunction(leaf: Leaf): string {
  return [
    `${cTypes[leaf.result]} w2c_blas_${leaf.name}(${["struct w2c_blas *blas", ...typed(leaf)].join(", ")}) {`,
    "    struct ftte_guest *guest = (struct ftte_guest *)blas;",
    `    int error = ${checkCall(leaf)};`,
    "    if (error < 0) refuse(error);",
    `    ${call(`ftte_leaf_${leaf.name}`, "guest->memory", leaf)}`,
    "}",
  ].join("\n");
}

const text = (...lines: string[]) => [note, ...lines, ""].join("\n");

/** @param sources the BLAS's source files. @throws FtteError "build-failed" for a pointer without an extent, or an extent without a pointer */
export function generateBlasGlue(sources: readonly string[]): BlasGlue {
  const leaves = sources.flatMap(parseLeaves);
  const declaration = ({ name, parameters, result }: Leaf) =>
    `@external("blas", "${name}") export declare function ${name}(${parameters.map((p) => `${p.name}: ${p.type}`).join(", ")}): ${result};`;
  return {
    declarations: text(...leaves.map(declaration)),
    files: {
      "blas_boundary.h": text(...leaves.map((leaf) => `${entryHead(leaf)};`), ...leaves.map(boundary)),
      "blas_entries.h": text(...leaves.map(entry)), // included by firmware/core/guest/blas_translated.c
      "blas_wasm3.h": text(...leaves.map(wasm3Function), ...wasm3Link(leaves)), // by wasm3.c
      "blas_aot.h": text(...leaves.map(aotFunction)), // by aot.c
    },
  };
}

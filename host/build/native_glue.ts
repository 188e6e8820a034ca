// Writes both sides of the boundary between the guest and what the firmware has natively (native_functions.ts): the declarations that
// kernels.wasm imports (AssemblyScript), and in C the checks of the leaves' operands and how each engine reaches leaves and layers. Pure:
// text in, text out.

import { type Leaf, type NativeFunction, type Operand, parseFunctions, parseLeaves } from "./native_functions.ts";

export interface NativeGlue {
  declarations: string; // in AssemblyScript, of what is imported
  /** C files by name, for build/guest. */
  files: Record<string, string>;
}

const cTypes: Record<string, string> = { i32: "u32", usize: "u32", f32: "f32", void: "void" };
const wasm3Types: Record<string, string> = { i32: "i", usize: "*", f32: "f", void: "v" };
const note = "// Generated from the exports in firmware/assembly by host/build/native_glue.ts.";

const typed = (leaf: NativeFunction) => leaf.parameters.map((p) => `${cTypes[p.type]} ${p.name}`);
const names = (leaf: NativeFunction) => leaf.parameters.map((p) => p.name);
const call = (name: string, base: string, leaf: NativeFunction) =>
  `${leaf.result === "void" ? "" : "return "}${name}(${[base, ...names(leaf)].join(", ")});`;

/** Dimensions that are multiplied stay below 2^15, so that four of them and an element's bytes fit 64 bits; a lone length, below 2^28. */
function dimensionBits(leaf: Leaf): number {
  return leaf.operands.some((operand) => operand.count.includes("*")) ? 15 : 28;
}

const widen = (expression: string) => expression.replace(/[a-z]\w*/gi, "(uint64_t)$&");

/** The gate takes 32 bits, which the product of two dimensions and an element's bytes fit. */
function operandCheck({ name, bytes, count, readOnly }: Operand): string {
  const isWide = count.split("*").length > 2;
  const extent = isWide ? `(${widen(count)})` : `(${count})`;
  const length = bytes === 1 ? extent : `${bytes} * ${extent}`;
  const kind = `${bytes - 1}${readOnly ? " | FTTE_GATE_READS" : ""}`;
  const passes = `${isWide ? "ftte_gate_pass_wide" : "ftte_gate_pass"}(guest, ${name}, ${length}, ${kind})`;
  return `    if (!${passes}) return FTTE_ERR_GUEST_BOUNDS;`;
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

/** An import of wasm3's: takes the arguments, refuses where `check` does, and gives the expression `value`. */
function wasm3Function(native: NativeFunction, check: string[], value: string): string {
  return [
    `static m3ApiRawFunction(link_${native.name}) {`,
    ...(native.result === "void" ? [] : [`    m3ApiReturnType(${cTypes[native.result]})`]),
    ...native.parameters.map((p) => `    m3ApiGetArg(${cTypes[p.type]}, ${p.name})`),
    "    struct ftte_guest *guest = _ctx->userdata;",
    "    (void)runtime, (void)_mem;",
    ...check.map((line) => `    ${line}`),
    native.result === "void" ? `    ${value};\n    m3ApiSuccess();` : `    m3ApiReturn(${value});`,
    "}",
  ].join("\n");
}

const wasm3Leaf = (leaf: Leaf) =>
  wasm3Function(
    leaf,
    [`int error = ${checkCall(leaf)};`, "if (error < 0) m3ApiTrap(ftte_trap_of(error));"],
    `ftte_leaf_${leaf.name}(${["guest->memory", ...names(leaf)].join(", ")})`,
  );

/** A layer that fails leaves by longjmp (native.h). */
const wasm3Layer = (layer: NativeFunction) =>
  wasm3Function(layer, [], `w2c_layers_${layer.name}(${["&guest->native->layers", ...names(layer)].join(", ")})`);

function wasm3Link(module: string, functions: NativeFunction[]): string {
  const signature = ({ parameters, result }: NativeFunction) =>
    `${wasm3Types[result]}(${parameters.map((p) => wasm3Types[p.type]).join("")})`;
  return [
    `static const struct ftte_link ${module}_link[] = {`,
    ...functions.map((f) => `    {"${module}", "${f.name}", "${signature(f)}", link_${f.name}},`),
    "};",
  ].join("\n");
}

/** What translated code calls: a refused operand ends the call of the guest. */
function translatedFunction(leaf: Leaf): string {
  return [
    `${cTypes[leaf.result]} w2c_blas_${leaf.name}(${["struct w2c_blas *blas", ...typed(leaf)].join(", ")}) {`,
    "    struct ftte_guest *guest = (struct ftte_guest *)blas;",
    `    int error = ${checkCall(leaf)};`,
    "    if (error < 0) ftte_native_refuse(guest, error);",
    `    ${call(`ftte_leaf_${leaf.name}`, "guest->memory", leaf)}`,
    "}",
  ].join("\n");
}

const text = (...lines: string[]) => [note, ...lines, ""].join("\n");

const declaration = (module: string, { name, parameters, result }: NativeFunction) =>
  `@external("${module}", "${name}") export declare function ${name}(${parameters.map((p) => `${p.name}: ${p.type}`).join(", ")}): ${result};`;

/** @param sources the BLAS's source files. @throws FtteError "build-failed" for a pointer without an extent, or an extent without a pointer */
export function generateBlasGlue(sources: readonly string[]): NativeGlue {
  const leaves = sources.flatMap(parseLeaves);
  return {
    declarations: text(...leaves.map((leaf) => declaration("blas", leaf))),
    files: {
      "blas_boundary.h": text(...leaves.map((leaf) => `${entryHead(leaf)};`), ...leaves.map(boundary)),
      "blas_entries.h": text(...leaves.map(entry)), // included by firmware/core/guest/blas_translated.c
      "blas_wasm3.h": text(...leaves.map(wasm3Leaf), wasm3Link("blas", leaves)), // by wasm3.c
      "blas_native.h": text(...leaves.map(translatedFunction)), // by native.c
    },
  };
}

/** @param source firmware/assembly/kernels/index.ts */
export function generateLayersGlue(source: string): NativeGlue {
  const layers = parseFunctions(source);
  return {
    declarations: text(...layers.map((layer) => declaration("layers", layer))),
    files: { "layers_wasm3.h": text(...layers.map(wasm3Layer), wasm3Link("layers", layers)) }, // by wasm3.c
  };
}

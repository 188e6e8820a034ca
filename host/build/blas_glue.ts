// Reads the operand extents above each export of firmware/assembly/blas and writes both sides of the boundary from them: the
// declarations that kernels.wasm imports (AssemblyScript), and the checks and the wasm3 link table (C). Pure: text in, text out.

import { FtteError } from "../errors.ts";

export interface BlasGlue {
  declarations: string; // blas.ts of the board's --lib folder
  header: string; // blas_glue.h, included by firmware/core/guest/wasm3.c
}

interface Parameter {
  name: string;
  type: string;
}
interface Operand {
  name: string;
  bytes: number | undefined; // of an element; none for a type that there is not
  count: string; // an expression over the dimensions
  readOnly: boolean;
}
interface Leaf {
  name: string;
  parameters: Parameter[];
  result: string;
  operands: Operand[];
}

const elementBytes: Record<string, number> = { i8: 1, u8: 1, i16: 2, f32: 4 };
const cTypes: Record<string, string> = { i32: "u32", usize: "u32", f32: "f32", void: "void" };
const wasm3Types: Record<string, string> = { i32: "i", usize: "*", f32: "f", void: "v" };

const leafPattern = /^\/\/:(.*)\nexport function (\w+)\(([^)]*)\): (\w+)/gm;
const operandPattern = /(const )?(\w+)(?::(\w+))?\[([^\]]+)\]/g;

function parse(source: string): Leaf[] {
  return [...source.matchAll(leafPattern)].map(([, extents, name, parameters, result]) => ({
    name: name!,
    parameters: parameters!
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .map((text) => {
        const [parameter, type] = text.split(":").map((part) => part.trim());
        return { name: parameter!, type: type! };
      }),
    result: result!,
    operands: [...extents!.matchAll(operandPattern)].map(([, readOnly, operand, type, count]) => ({
      name: operand!,
      bytes: elementBytes[type ?? "f32"],
      count: count!,
      readOnly: readOnly !== undefined,
    })),
  }));
}

function check(leaf: Leaf): void {
  const fail = (text: string): never => {
    throw new FtteError("build-failed", `blas: ${leaf.name} ${text}`);
  };
  const stated = leaf.operands.map((operand) => operand.name);
  const pointers = leaf.parameters.filter((p) => p.type === "usize").map((p) => p.name);
  const dimensions = leaf.parameters.filter((p) => p.type === "i32").map((p) => p.name);
  const missing = pointers.find((name) => !stated.includes(name));
  if (missing) fail(`states no extent of its operand ${missing}`);
  const foreign = stated.find((name) => !pointers.includes(name));
  if (foreign) fail(`states an extent of ${foreign}, which is none of its pointers`);
  const unknown = [...leaf.parameters.map((p) => p.type), leaf.result].find((type) => !(type in cTypes));
  if (unknown) fail(`has the type ${unknown}; a leaf takes i32, f32 and usize`);
  if (dimensions.length === 0) fail("has no dimension");
  for (const { name, bytes, count } of leaf.operands) {
    if (bytes === undefined) fail(`gives its operand ${name} a type of elements that is none`);
    const free = count.match(/[a-z]\w*/gi)?.find((word) => !dimensions.includes(word));
    if (free) fail(`measures its operand ${name} by ${free}, which is none of its dimensions`);
    if (count.split("*").length > 4) fail(`multiplies more than four dimensions for its operand ${name}`);
  }
}

/** Dimensions that are multiplied stay below 2^15, so that four of them and an element's bytes fit 64 bits; a lone length, below 2^28. */
function dimensionBits(leaf: Leaf): number {
  return leaf.operands.some((operand) => operand.count.includes("*")) ? 15 : 28;
}

function rawFunction(leaf: Leaf): string {
  const dimensions = leaf.parameters.filter((p) => p.type === "i32").map((p) => p.name);
  const wide = (count: string) => count.replace(/[a-z]\w*/gi, "(uint64_t)$&");
  const call = `w2c_blas_${leaf.name}(FTTE_BLAS_BASE(guest), ${leaf.parameters.map((p) => p.name).join(", ")})`;
  const lines = [
    `static m3ApiRawFunction(link_${leaf.name}) {`,
    ...(leaf.result === "void" ? [] : [`    m3ApiReturnType(${cTypes[leaf.result]})`]),
    ...leaf.parameters.map((p) => `    m3ApiGetArg(${cTypes[p.type]}, ${p.name})`),
    "    struct ftte_guest *guest = _ctx->userdata;",
    "    (void)runtime, (void)_mem;",
    "    if (ftte_guest_expired(guest)) m3ApiTrap(ftte_trap_time);",
    `    if ((${dimensions.join(" | ")}) >> ${dimensionBits(leaf)}) m3ApiTrap(ftte_trap_bounds);`,
    ...leaf.operands.map(
      (o) =>
        `    if (!ftte_blas_operand(guest, &${o.name}, ${o.bytes === 1 ? "" : `${o.bytes} * `}(${wide(o.count)}), ${o.bytes}, ${o.readOnly})) ` +
        "m3ApiTrap(ftte_trap_bounds);",
    ),
    leaf.result === "void" ? `    ${call};\n    m3ApiSuccess();` : `    m3ApiReturn(${call});`,
    "}",
  ];
  return lines.join("\n");
}

/**
 * @param sources the BLAS's source files
 * @throws FtteError "build-failed" that names the leaf and its operand: a pointer without an extent, an extent without a pointer, an extent
 * that cannot be worked out from the dimensions
 */
export function generateBlasGlue(sources: readonly string[]): BlasGlue {
  const leaves = sources.flatMap(parse);
  for (const leaf of leaves) check(leaf);
  const declaration = ({ name, parameters, result }: Leaf) =>
    `@external("blas", "${name}") export declare function ${name}(${parameters.map((p) => `${p.name}: ${p.type}`).join(", ")}): ${result};`;
  const link = ({ name, parameters, result }: Leaf) =>
    `    {"${name}", "${wasm3Types[result]}(${parameters.map((p) => wasm3Types[p.type]).join("")})", link_${name}},`;
  const note = "// Generated from the extents in firmware/assembly/blas by host/build/blas_glue.ts.";
  return {
    declarations: [note, ...leaves.map(declaration), ""].join("\n"),
    header: [
      note,
      ...leaves.map(rawFunction),
      "static const struct {",
      "    const char *name, *signature;",
      "    M3RawCall call;",
      "} blas_link[] = {",
      ...leaves.map(link),
      "};",
      "",
    ].join("\n"),
  };
}

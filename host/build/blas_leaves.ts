// Reads the leaves of firmware/assembly/blas: each export's parameters, and from the line `//:` above it its operands' extents and how
// often its loops turn. Pure: text in, leaves out. What is made of them: blas_glue.ts.

import { FtteError } from "../errors.ts";

export interface Parameter {
  name: string;
  type: string; // of AssemblyScript: i32 (a dimension), usize (an operand's address) or f32
}
export interface Operand {
  name: string;
  bytes: number; // of an element
  count: string; // an expression over the dimensions
  readOnly: boolean;
}
export interface Leaf {
  name: string;
  parameters: Parameter[];
  result: string;
  operands: Operand[];
  /** How often the loops turn at most, over the dimensions; undefined: no more often than operands and dimensions add up to. */
  turns?: string;
}

const elementBytes: Record<string, number> = { i8: 1, u8: 1, i16: 2, f32: 4 };

const leafPattern = /^\/\/:(.*)\nexport function (\w+)\(([^)]*)\): (\w+)/gm;
const operandPattern = /(const )?(\w+)(?::(\w+))?\[([^\]]+)\]/g;

const types = ["i32", "usize", "f32", "void"];

function fail(leaf: string, text: string): never {
  throw new FtteError("build-failed", `blas: ${leaf} ${text}`);
}

function check({ name: leaf, parameters, result, operands }: Leaf): void {
  const stated = operands.map((operand) => operand.name);
  const pointers = parameters.filter((p) => p.type === "usize").map((p) => p.name);
  const missing = pointers.find((name) => !stated.includes(name));
  if (missing) fail(leaf, `states no extent of its operand ${missing}`);
  const foreign = stated.find((name) => !pointers.includes(name));
  if (foreign) fail(leaf, `states an extent of ${foreign}, which is none of its pointers`);
  const unknown = [...parameters.map((p) => p.type), result].find((type) => !types.includes(type));
  if (unknown) fail(leaf, `has the type ${unknown}; a leaf takes i32, f32 and usize`);
  const dimensions = parameters.filter((p) => p.type === "i32").map((p) => p.name);
  for (const { name, count } of operands) {
    const free = count.match(/[a-z]\w*/gi)?.find((word) => !dimensions.includes(word));
    if (free) fail(leaf, `measures its operand ${name} by ${free}, which is none of its dimensions`);
    if (count.split("*").length > 4) fail(leaf, `multiplies more than four dimensions for its operand ${name}`);
  }
}

function bytesOf(leaf: string, operand: string, type = "f32"): number {
  return elementBytes[type] ?? fail(leaf, `gives its operand ${operand} a type of elements that is none`);
}

/**
 * @throws FtteError "build-failed" that names the leaf and its operand: a pointer without an extent, an extent without a pointer, an extent
 * that cannot be worked out from the dimensions
 */
export function parseLeaves(source: string): Leaf[] {
  const leaves = [...source.matchAll(leafPattern)].map(([, extents, name, parameters, result]) => ({
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
    ...(extents!.includes("turns") && { turns: extents!.split("turns")[1]!.trim() }),
    operands: [...extents!.split("turns")[0]!.matchAll(operandPattern)].map(([, readOnly, operand, type, count]) => ({
      name: operand!,
      bytes: bytesOf(name!, operand!, type),
      count: count!,
      readOnly: readOnly !== undefined,
    })),
  }));
  for (const leaf of leaves) check(leaf);
  return leaves;
}

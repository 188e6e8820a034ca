// Reads what the guest may import: the functions that firmware/assembly/kernels exports and the leaves of firmware/assembly/blas: each
// one's parameters, and from the line `//:` above a leaf its operands' extents and how often its loops turn. Pure: text in, functions out.
// What is made of them: native_glue.ts.

import { FtteError } from "../errors.ts";

export interface Parameter {
  name: string;
  type: string; // of AssemblyScript: i32 (a leaf's dimension), usize (an address) or f32
}
export interface NativeFunction {
  name: string;
  parameters: Parameter[];
  result: string;
}
export interface Operand {
  name: string;
  bytes: number; // of an element
  count: string; // an expression over the dimensions
  readOnly: boolean;
}
export interface Leaf extends NativeFunction {
  operands: Operand[];
  /** How often the loops turn at most, over the dimensions; undefined: no more often than operands and dimensions add up to. */
  turns?: string;
}

const elementBytes: Record<string, number> = { i8: 1, u8: 1, i16: 2, f32: 4 };

const functionPattern = /^export function (\w+)\(([^)]*)\): (\w+)/gm;
const leafPattern = /^\/\/:(.*)\nexport function (\w+)\(([^)]*)\): (\w+)/gm;
const operandPattern = /(const )?(\w+)(?::(\w+))?\[([^\]]+)\]/g;

const types = ["i32", "usize", "f32", "void"];

function fail(name: string, text: string): never {
  throw new FtteError("build-failed", `firmware/assembly: ${name} ${text}`);
}

function nativeFunction(name: string, parameterList: string, result: string): NativeFunction {
  const parameters = parameterList
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => {
      const [parameter, type] = text.split(":").map((part) => part.trim());
      return { name: parameter!, type: type! };
    });
  const unknown = [...parameters.map((p) => p.type), result].find((type) => !types.includes(type));
  if (unknown) fail(name, `has the type ${unknown}; what the guest imports takes i32, f32 and usize`);
  return { name, parameters, result };
}

/** The functions that a source exports. @throws FtteError "build-failed" for a type that does not cross the boundary */
export function parseFunctions(source: string): NativeFunction[] {
  return [...source.matchAll(functionPattern)].map(([, name, parameters, result]) =>
    nativeFunction(name!, parameters!, result!),
  );
}

function check({ name: leaf, parameters, operands }: Leaf): void {
  const stated = operands.map((operand) => operand.name);
  const pointers = parameters.filter((p) => p.type === "usize").map((p) => p.name);
  const missing = pointers.find((name) => !stated.includes(name));
  if (missing) fail(leaf, `states no extent of its operand ${missing}`);
  const foreign = stated.find((name) => !pointers.includes(name));
  if (foreign) fail(leaf, `states an extent of ${foreign}, which is none of its pointers`);
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
    ...nativeFunction(name!, parameters!, result!),
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

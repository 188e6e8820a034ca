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

function check(leaf: Leaf): void {
  const stated = leaf.operands.map((operand) => operand.name);
  const pointers = leaf.parameters.filter((p) => p.type === "usize").map((p) => p.name);
  const missing = pointers.find((name) => !stated.includes(name)) ?? stated.find((name) => !pointers.includes(name));
  if (missing) throw new FtteError("build-failed", `blas: ${leaf.name} states no extent of its operand ${missing}`);
}

/** @throws FtteError "build-failed" for a pointer without an extent, or an extent without a pointer */
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
      bytes: elementBytes[type ?? "f32"]!,
      count: count!,
      readOnly: readOnly !== undefined,
    })),
  }));
  for (const leaf of leaves) check(leaf);
  return leaves;
}

// The real kernels with one export replaced, as WebAssembly text: what a wrong build could send over the air.

import { readFileSync } from "node:fs";
import { builtGuest } from "../../host/build/root.ts";
import { assemble, disassemble } from "./wat.ts";

const own = (module: Uint8Array = readFileSync(builtGuest("kernels.wasm"))) => disassemble(module);

const types = {
  abi: "(result i32)",
  planAt: "(result i32)",
  selfTest: "(result i32)",
  check: "(param i32 i32) (result i32)",
  step: "(param i32 i32 f32) (result f32)",
  decodeRow: "(param i32 i32 i32) (result i32)",
  score: "(param i32 i32) (result f32)",
} as const;

/** The kernels with a further function. */
const extended = (text: string, further: string) => assemble(text.replace(/\)\s*$/, `${further})`));

/** `body` is what the export does instead; `$original` is what it did, `$nothing` does nothing. */
export function altered(name: keyof typeof types, body: string): Uint8Array {
  const text = own();
  const exported = new RegExp(`\\(export "${name}" \\(func (\\d+)\\)\\)`);
  const original = exported.exec(text)?.[1];
  if (original === undefined) throw new Error(`the kernels do not export ${name}`);
  const instead = `(func $instead ${types[name]} ${body.replaceAll("$original", original)})`;
  return extended(text.replace(exported, `(export "${name}" (func $instead))`), `${instead} (func $nothing)`);
}

/** The kernels (or another module) with `text` in place of the first match of `pattern` in their own text. */
export function rewritten(pattern: RegExp, text: string, module?: Uint8Array): Uint8Array {
  const before = own(module);
  const after = before.replace(pattern, text);
  if (after === before) throw new Error(`the kernels' text has no ${pattern}`);
  return assemble(after);
}

/** The kernels with a function that nobody calls: other bytes, the same behaviour. */
export const numbered = (n: number) => extended(own(), `(func (result i32) i32.const ${n})`);

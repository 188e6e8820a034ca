// The real kernels with one export replaced, as WebAssembly text: what a wrong build could send over the air.

import { createRequire } from "node:module";
import { kernels } from "./live_board.ts";

type Wabt = typeof import("wabt");
const wabt = await (createRequire(import.meta.url)("wabt") as Wabt)();

const types = {
  abi: "(result i32)",
  planAt: "(result i32)",
  selfTest: "(result i32)",
  open: "(param i32) (result i32)",
  step: "(param i32 i32 f32) (result f32)",
  decodeRow: "(param i32 i32) (result i32)",
  score: "(param i32 i32) (result f32)",
} as const;

/** `body` is what the export does instead; `$original` calls what it did. */
export function altered(name: keyof typeof types, body: string): Uint8Array {
  const module = wabt.readWasm(kernels(), { readDebugNames: false });
  const text = module.toText({});
  module.destroy();
  const exported = new RegExp(`\\(export "${name}" \\(func (\\d+)\\)\\)`);
  const original = exported.exec(text)?.[1];
  if (original === undefined) throw new Error(`the kernels do not export ${name}`);
  const instead = `(func $instead ${types[name]} ${body.replaceAll("$original", original)})`;
  return assembled(text.replace(exported, `(export "${name}" (func $instead))`).replace(/\)\s*$/, `${instead})`));
}

/** The kernels with `text` in place of the first match of `pattern` in their own text. */
export function rewritten(pattern: RegExp, text: string): Uint8Array {
  const module = wabt.readWasm(kernels(), { readDebugNames: false });
  const before = module.toText({});
  module.destroy();
  const after = before.replace(pattern, text);
  if (after === before) throw new Error(`the kernels' text has no ${pattern}`);
  return assembled(after);
}

/** The kernels with a custom section behind them: other bytes, the same behaviour. */
export function tagged(tag: string): Uint8Array {
  const name = Buffer.from(tag);
  return Buffer.concat([kernels(), Uint8Array.of(0, name.length + 1, name.length), name]);
}

function assembled(text: string): Uint8Array {
  const module = wabt.parseWat("altered.wat", text);
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}

// WebAssembly text to bytes, without validation, because tests write modules that are wrong on purpose; and back.
import wabt from "wabt";
import { abiVersion } from "../../host/wire/spec.gen.ts";

const tools = await wabt();

/** @param text one module in WebAssembly's text form */
export function assemble(text: string): Uint8Array {
  const module = tools.parseWat("test.wat", text);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** The guest's exports, each doing nothing: type and body in WebAssembly's text form. */
export const abiExports = {
  abi: `(result i32) i32.const ${abiVersion}`,
  planAt: "(result i32) i32.const 0",
  bind: "(param i32 i32 i32) (result i32) i32.const 0",
  check: "(param i32 i32) (result i32) i32.const 0",
  start: "(param i32) (result i32) i32.const 0",
  step: "(param i32 i32 f32) (result f32) f32.const 0",
  infer: "(param i32) (result i32) i32.const 0",
  score: "(param i32 i32) (result f32) f32.const 0",
  encodeRow: "(param i32 i32 i32) (result i32) i32.const 0",
  decodeRow: "(param i32 i32 i32) (result i32) i32.const 0",
  selfTest: "(result i32) i32.const 0",
};

/** The module with those exports of the guest ABI that it lacks, each doing nothing, so that a board takes it. */
export function assembleGuest(text: string): Uint8Array {
  const missing = Object.entries(abiExports).filter(([name]) => !text.includes(`(export "${name}"`));
  const functions = missing.map(([name, body]) => `(func (export "${name}") ${body})`).join(" ");
  return assemble(text.replace(/\)\s*$/, `${functions})`));
}

export function disassemble(wasm: Uint8Array): string {
  const module = tools.readWasm(Uint8Array.from(wasm), { readDebugNames: false });
  try {
    return module.toText({});
  } finally {
    module.destroy();
  }
}

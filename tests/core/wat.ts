// WebAssembly text to bytes, without validation: tests write modules that are wrong on purpose.
import wabt from "wabt";

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

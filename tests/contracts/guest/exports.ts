// The exports that every guest must have, as functions that return 0 (abi: 1), for modules in which only one of them matters.

/** Parameters and result of each, as in firmware/core/guest/guest.h; i and f are i32 and f32. */
export const exportTypes: Record<string, [parameters: string, result: string]> = {
  abi: ["", "i"],
  planAt: ["", "i"],
  bind: ["iii", "i"],
  open: ["i", "i"],
  start: ["i", "i"],
  step: ["iif", "f"],
  infer: ["i", "i"],
  score: ["ii", "f"],
  encodeRow: ["iii", "i"],
  decodeRow: ["ii", "i"],
  selfTest: ["", "i"],
};

const typed = (letters: string) => [...letters].map((letter) => `${letter}32`).join(" ");

/** All but one, in WebAssembly's text form. */
export const exportsBut = (given?: string): string =>
  Object.entries(exportTypes)
    .filter(([name]) => name !== given)
    .map(([name, [parameters, result]]) => {
      const parameter = parameters ? `(param ${typed(parameters)})` : "";
      return `(func (export "${name}") ${parameter} (result ${typed(result)}) ${typed(result)}.const ${name === "abi" ? 1 : 0})`;
    })
    .join("\n");

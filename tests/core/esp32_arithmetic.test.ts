// The ESP32's arithmetic: what is done in integers against this machine's hardware, and what is done by instructions that the compiler does
// not know, in QEMU's core with the same FPU and division, against JavaScript's.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildTest, onStandardStreams } from "../contracts/port/emulated.ts";
import { runRemote } from "../contracts/port/remote.ts";
import { sanitizers, testC } from "./c_program.ts";

const xtensa = "firmware/ports/espressif/xtensa";
testC({
  name: "soft_float",
  sources: ["tests/core/soft_float_test.c", `${xtensa}/float64.c`, `${xtensa}/arithmetic.c`],
  flags: [...sanitizers, "-Itests/core", `-I${xtensa}`, "-include", "tests/core/soft_float_names.h"],
});

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);
const floatOf = (bits: number) => {
  word[0] = bits;
  return single[0]!;
};
const bitsOf = (value: number) => {
  if (Number.isNaN(value)) return 0x7fc00000;
  single[0] = value;
  return word[0]!;
};

const operations: Record<string, (a: number, b: number) => number> = {
  sum: (a, b) => bitsOf(floatOf(a) + floatOf(b)), // exact in a double, or its rounding to a float is (Figueroa, 1995)
  difference: (a, b) => bitsOf(floatOf(a) - floatOf(b)),
  product: (a, b) => bitsOf(floatOf(a) * floatOf(b)),
  from_signed: (a, b) => bitsOf((a >>> (b & 31)) | 0),
  from_unsigned: (a, b) => bitsOf(a >>> (b & 31)),
  to_unsigned: (a, b) => Math.trunc(floatOf((a & 0x7fffff) | ((64 + (b % 95)) << 23))) >>> 0,
  quotient: (a, b) => Math.trunc(a / (((b >>> (a & 31)) | 1) >>> 0)),
  rest: (a, b) => a % (((b >>> (a & 31)) | 1) >>> 0),
};

/** The same operands and the same hash as in esp32_fpu.c. */
function digest(compute: (a: number, b: number) => number): string {
  let hash = 0x811c9dc5;
  let state = 1;
  const draw = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0; i < 20000; i++) {
    let a = draw();
    let b = draw();
    if (i & 1) b = ((b & 0x807fffff) | ((a + (((b >>> 8) & 31) << 23)) & 0x7f800000)) >>> 0;
    if ((i & 3) === 2) a = (a & 0x81ffffff) >>> 0;
    hash = Math.imul(hash ^ compute(a, b), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const memory = join(mkdtempSync(join(tmpdir(), "ftte-fpu-")), "memory");
const program = buildTest("esp32", "esp32_fpu.c");
const { printed, stderr } = await runRemote(onStandardStreams("esp32", program, memory));
const computed = new Map(printed.split("\n").map((line) => line.split(" ") as [string, string]));

describe("the ESP32's hand-encoded instructions", () => {
  it.each(Object.keys(operations))("compute every %s as JavaScript does", (name) => {
    expect(computed.get(name), stderr).toBe(digest(operations[name]!));
  });
});

// The way into functions with windowed registers (firmware/ports/espressif/xtensa/rom_call.S), by which port esp32s3 calls its ROM: in QEMU,
// on a core that has windows, through port esp32's start-up, which is the same.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildTest, onStandardStreams } from "../contracts/port/emulated.ts";
import { runRemote } from "../contracts/port/remote.ts";

const memory = join(mkdtempSync(join(tmpdir(), "ftte-rom-call-")), "memory");
const { printed, stderr } = await runRemote(onStandardStreams("esp32", buildTest("esp32", "rom_call.c"), memory));
const lines = printed.split("\n");

describe("a call of a function with windowed registers", () => {
  it("hands over six arguments and brings back the result", () => {
    expect(lines, stderr).toContain("saw 33 11 22 33 44 55 66");
  });

  it.each([4, 8, 12])("comes back from calls by call%i, however deep, and keeps the caller's registers", (by) => {
    const got = lines.filter((line) => line.startsWith(`call${by} `));
    const sums = Array.from({ length: 40 }, (_, n) => (by * n * (n + 1)) / 2);
    expect(got).toEqual(sums.map((sum, n) => `call${by} ${n} ${sum} well`));
  });
});

// Names of functions by address, held to binutils' readelf: on the virtual board's program, an ARM program and a 64-bit one.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { buildFirmware } from "../../../host/build/firmware.ts";
import { programOf, Symbols } from "../../../host/build/symbols.ts";
import { compileC } from "../../core/c_program.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ftte-symbols-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs: [what: string, path: () => Promise<string>][] = [
  ["a virtual board's", async () => (await buildFirmware({ port: "posix", engine: "wasm3" })).path],
  [
    "a Cortex-M4F's",
    async () => (await buildFirmware({ board: loadBoardConfig("mps2-nrf52832"), engine: "wasm3" })).path,
  ],
  [
    "a 64-bit machine's",
    async () =>
      compileC({
        name: "symbols_64",
        sources: ["tests/core/digest_test.c", "firmware/core/digest/crc32.c", "firmware/core/digest/sha256.c"],
        flags: ["-Itests/core"],
      }),
  ],
];

/** Functions with a size, by readelf: several names may share an address. Of ARM's, it shows the bit that says Thumb. */
function judged(path: string): { at: number; bytes: number; names: string[] }[] {
  const isArm = path.endsWith(".elf");
  const byAddress = new Map<number, { at: number; bytes: number; names: string[] }>();
  for (const line of execFileSync("readelf", ["-sW", path], { encoding: "utf8", maxBuffer: 1 << 26 }).split("\n")) {
    const [, value, bytes, name] = /: ([0-9a-f]+) +(\d+) FUNC +\w+ +\w+ +\d+ (\S+)$/.exec(line) ?? [];
    if (name === undefined || bytes === "0") continue;
    const at = Number.parseInt(value!, 16) & (isArm ? ~1 : ~0);
    const entry = byAddress.get(at) ?? { at, bytes: Number(bytes), names: [] };
    byAddress.set(at, { ...entry, names: [...entry.names, name.replace(/\..*/, "")] });
  }
  return [...byAddress.values()];
}

describe.each(programs)("%s program", (_, pathOf) => {
  it("names every function at its first and last byte as readelf does", async () => {
    const path = await pathOf();
    const symbols = Symbols.read(path);
    const functions = judged(path);
    expect(functions.length).toBeGreaterThan(5);
    // Functions of several entries lie in each other.
    const around = (byte: number) =>
      functions.flatMap(({ at, bytes, names }) => (at <= byte && byte < at + bytes ? names : []));
    for (const { at, bytes, names } of functions) {
      expect(names, `first byte of ${names}`).toContain(symbols.at(at)?.replace(/\..*/, ""));
      expect(around(at + bytes - 1), `last byte of ${names}`).toContain(
        symbols.at(at + bytes - 1)?.replace(/\..*/, ""),
      );
    }
  });

  it("names the caller by the address where the call returns to, also of a call that is a function's last", async () => {
    const symbols = Symbols.read(await pathOf());
    const [one] = judged(await pathOf());
    expect(one!.names).toContain(symbols.caller(one!.at + one!.bytes));
    expect(symbols.at(0xfffffff0)).toBeUndefined();
  });
});

it("says of what is no program that it is none", () => {
  const path = join(folder, "text");
  writeFileSync(path, "no program at all");
  expect(() => Symbols.read(path)).toThrow(expect.objectContaining({ code: "file-unreadable" }));
  expect(() => Symbols.read(join(folder, "absent"))).toThrow(expect.objectContaining({ code: "file-unreadable" }));
});

it("finds the program of a build, of those that are there", () => {
  for (const [name, build, file] of [
    ["posix", "11", "ftte-posix"],
    ["chip", "22", "ftte-chip.elf"],
    ["unfinished", "33", undefined],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "build"), `${build}\n`);
    if (file) writeFileSync(join(folder, name, file), "");
  }
  expect(programOf(11, folder)).toBe(join(folder, "posix", "ftte-posix"));
  expect(programOf(22, folder)).toBe(join(folder, "chip", "ftte-chip.elf"));
  expect(programOf(33, folder)).toBeUndefined();
  expect(programOf(44, folder)).toBeUndefined();
  expect(programOf(11, join(folder, "absent"))).toBeUndefined();
});

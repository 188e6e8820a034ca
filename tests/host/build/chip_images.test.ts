// What is built for real chips, without the chips: each image is read as its boot code reads it, and must lie where the board's config says.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type BoardConfig, loadBoardConfig } from "../../../host/boards/config.ts";
import { buildFirmware, type Firmware } from "../../../host/build/firmware.ts";
import { type Engine, readPort } from "../../../host/build/port.ts";
import { sessionStackBytes } from "../../../host/build/stack.ts";

const built = new Map<string, { board: BoardConfig; engine: Engine; firmware: Firmware }>();
const boards = [
  "xiao-nrf52840-sense",
  "nrf52-dk",
  "esp32-c3-devkitm",
  "esp32-devkitc",
  "esp32-s3-devkitc",
  "esp32-c3-pulse",
  "esp32-motion",
];
beforeAll(async () => {
  for (const id of boards) {
    const board = loadBoardConfig(id);
    const engine = id === "nrf52-dk" ? "aot" : "wasm3"; // either, once
    built.set(id, { board, engine, firmware: await buildFirmware({ board, engine }) });
  }
});
const image = (id: string, ending: string) =>
  readFileSync(built.get(id)!.firmware.images.find((path) => path.endsWith(ending))!);
const tool = (id: string, name: string, ...args: string[]) =>
  execFileSync(built.get(id)!.firmware.compiler.replace(/gcc$/, name), args, { encoding: "utf8", maxBuffer: 1 << 26 });

/** Intel HEX: record types 0, 2 and 4 carry data and addresses. Every record's bytes sum up to 0. */
function readHex(text: string): { at: number; bytes: Buffer } {
  let base = 0;
  let at = -1;
  const parts: Buffer[] = [];
  for (const line of text.trim().split(/\r?\n/)) {
    const record = Buffer.from(line.slice(1), "hex");
    expect(record.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    const data = record.subarray(4, -1);
    if (record[3] === 2) base = data.readUInt16BE(0) << 4;
    if (record[3] === 4) base = data.readUInt16BE(0) << 16;
    if (record[3] !== 0) continue;
    if (at < 0) at = base + record.readUInt16BE(1);
    parts.push(data);
  }
  return { at, bytes: Buffer.concat(parts) };
}

it.each(boards)("gives the session of %s the native stack that it may need", (id) => {
  const { board, engine, firmware } = built.get(id)!;
  const port = readPort(board.port, board.chip);
  expect(sessionStackBytes(dirname(firmware.path), port, engine)).toBeLessThanOrEqual(port.stackBytes);
});

it.each([
  ["xiao-nrf52840-sense", 0x27000, ".bin"],
  ["nrf52-dk", 0, ".bin"],
  ["esp32-c3-devkitm", 0, ".bin"], // direct boot
  ["esp32-devkitc", 0x1000, ".rom.bin"], // where the ROM looks for it
  ["esp32-s3-devkitc", 0, ".rom.bin"],
] as const)("says what of %s is flashed, and where", (id, address, ending) => {
  const { flashed } = built.get(id)!.firmware;
  expect(flashed?.address).toBe(address);
  expect(flashed?.path.replace(/^[^.]*/, "")).toBe(ending);
});

describe.each(["xiao-nrf52840-sense", "nrf52-dk"])("the image for %s", (id) => {
  it("begins where the bootloader jumps to, with vectors into itself and a stack in the board's RAM", () => {
    const { board } = built.get(id)!;
    const { at, bytes } = readHex(image(id, ".hex").toString());
    const [ram] = board.ram;
    expect(at).toBe(Number(board.flashing.applicationAt ?? "0"));
    expect(at + bytes.length).toBeLessThanOrEqual(Number(board.flash.at));
    const stack = bytes.readUInt32LE(0);
    expect(stack).toBeGreaterThan(Number(ram!.at));
    expect(stack).toBeLessThanOrEqual(Number(ram!.at) + ram!.bytes);
    const [uart0, timer0] = [2, 8]; // interrupts, behind 16 exceptions
    for (const vector of [1, 2, 3, 16 + uart0, 16 + timer0]) {
      const handler = bytes.readUInt32LE(4 * vector);
      expect(handler & 1, `vector ${vector} is Thumb code`).toBe(1);
      expect(handler).toBeGreaterThan(at + 4 * 64);
      expect(handler).toBeLessThan(at + bytes.length);
    }
  });

  it("is the same as hex and as bin", () => {
    expect(readHex(image(id, ".hex").toString()).bytes).toEqual(image(id, ".bin"));
  });
});

/** The ROM's image format (esptool's documentation, "Firmware Image Format"). */
function readRomImage(file: Buffer) {
  expect([file[0], file[8], file[23]]).toEqual([0xe9, 0xee, 1]);
  const segments: { at: number; bytes: Buffer }[] = [];
  let end = 24;
  for (let i = 0; i < file[1]!; i++) {
    const [at, length] = [file.readUInt32LE(end), file.readUInt32LE(end + 4)];
    expect(length % 4).toBe(0);
    segments.push({ at, bytes: file.subarray(end + 8, end + 8 + length) });
    end += 8 + length;
  }
  end += 16 - (end % 16);
  const sum = segments.reduce((all, { bytes }) => bytes.reduce((xor, byte) => xor ^ byte, all), 0xef);
  expect(file[end - 1]).toBe(sum);
  const digest = createHash("sha256").update(file.subarray(0, end)).digest();
  expect(file.subarray(end, end + 32)).toEqual(digest);
  return { chip: file.readUInt16LE(12), entry: file.readUInt32LE(4), segments, bytes: end + 32 };
}

/** Every segment lies in one of the regions; the entry in a segment that lies in the first of them, the code. */
function expectPlaces({ entry, segments }: ReturnType<typeof readRomImage>, regions: [at: number, end: number][]) {
  for (const { at, bytes } of segments)
    expect(regions.some(([from, to]) => at >= from && at + bytes.length <= to)).toBe(true);
  const [code] = regions;
  expect(segments.some(({ at, bytes }) => at >= code![0] && entry >= at && entry < at + bytes.length)).toBe(true);
}

/** One memory on two buses, `codeBus` apart: no segment overwrites another. */
function expectApart({ segments }: ReturnType<typeof readRomImage>, codeBus: number) {
  const places = segments
    .map(({ at, bytes }) => [at >= 0x40000000 ? at - codeBus : at, bytes.length] as const)
    .sort((a, b) => a[0] - b[0]);
  for (const [i, [at]] of places.entries())
    if (i > 0) expect(at).toBeGreaterThanOrEqual(places[i - 1]![0] + places[i - 1]![1]);
}

/** The section .text: its address, and its first page as it lies in the program. */
function textOf(id: string) {
  const { path } = built.get(id)!.firmware;
  const sections = tool(id, "readelf", "-S", path);
  const [, address, offset] = /\.text +PROGBITS +([0-9a-f]{8}) ([0-9a-f]{6})/.exec(sections)!;
  const at = Number(`0x${offset}`);
  return { address, page: readFileSync(path).subarray(at, at + 4096) };
}

describe("the images for the ESP32-C3", () => {
  const id = "esp32-c3-devkitm";
  it("boot directly: the ROM's mark twice, then code; all before ftte's flash", () => {
    const file = image(id, ".bin");
    expect(file.subarray(0, 8).toString("hex")).toBe("1d04dbae1d04dbae");
    expect(tool(id, "nm", built.get(id)!.firmware.path)).toMatch(/^42000008 T board_start$/m);
    expect(file.length).toBeLessThanOrEqual(Number(built.get(id)!.board.flash.at));
  });

  it("or are loaded by the ROM into RAM that it does not use itself", () => {
    const [ram] = built.get(id)!.board.ram;
    const [from, to] = [Number(ram!.at), Number(ram!.at) + ram!.bytes];
    const rom = readRomImage(image(id, ".rom.bin"));
    expect(rom.chip).toBe(5);
    expectPlaces(rom, [
      [from + 0x700000, to + 0x700000],
      [from, to],
    ]);
    expectApart(rom, 0x700000);
  });
});

describe("the image for the ESP32", () => {
  const id = "esp32-devkitc";
  it("is loaded by the ROM into RAM, and has the pages for the cache behind it", () => {
    const file = image(id, ".rom.bin");
    const { board } = built.get(id)!;
    const rom = readRomImage(file);
    expect(rom.chip).toBe(0);
    expectPlaces(rom, [
      [0x40080000, 0x400a0000],
      [Number(board.ram[0]!.at), Number(board.ram[0]!.at) + board.ram[0]!.bytes],
    ]);
    const { address, page } = textOf(id);
    expect(address).toBe("400d0000");
    expect(file.subarray(0x30000 - 0x1000, 0x30000 - 0x1000 + 4096)).toEqual(page);
    expect(rom.bytes).toBeLessThanOrEqual(0x30000 - 0x1000);
    expect(0x1000 + file.length).toBeLessThanOrEqual(Number(board.flash.at));
  });
});

describe("the image for the ESP32-S3", () => {
  const id = "esp32-s3-devkitc";
  it("is loaded by the ROM into RAM that it does not use itself, and has the pages for the caches behind it", () => {
    const file = image(id, ".rom.bin");
    const { board } = built.get(id)!;
    const rom = readRomImage(file);
    const [from, to] = [Number(board.ram[0]!.at), Number(board.ram[0]!.at) + board.ram[0]!.bytes];
    expect(rom.chip).toBe(9);
    expect([from, to]).toEqual([0x3fc88000, 0x3fce9700]); // SRAM 1 up to the ROM's stack
    expectPlaces(rom, [
      [from + 0x6f0000, to + 0x6f0000],
      [from, to],
    ]);
    expectApart(rom, 0x6f0000);
    const { address, page } = textOf(id);
    expect(address).toBe("42020000");
    expect(file.subarray(0x20000, 0x20000 + 4096)).toEqual(page);
    expect(rom.bytes).toBeLessThanOrEqual(0x20000);
    expect(file.length).toBeLessThanOrEqual(Number(board.flash.at));
  });
});

/** What objdump says of section .ram_code's relocations. */
const ramCode = (relocations: string) => /\[\.ram_code\]:\n([^[]*)/.exec(relocations)?.[1] ?? "";

describe.each([
  [
    "esp32-c3-devkitm",
    ["esp_flash_erase", "esp_soc_interrupt"],
    [
      [0x42000000, 0x42800000],
      [0x3c000000, 0x3c800000],
    ],
  ],
  [
    "esp32-devkitc",
    ["esp_flash_erase", "esp_soc_interrupt", "board_map_flash"],
    [
      [0x400d0000, 0x40400000],
      [0x3f400000, 0x3f800000],
    ],
  ],
  [
    "esp32-s3-devkitc",
    ["esp_flash_erase", "esp_soc_interrupt", "esp_cache_suspend", "esp_rom_call", "board_map_flash"],
    [
      [0x42000000, 0x44000000],
      [0x3c000000, 0x3e000000],
    ],
  ],
] as [string, string[], [number, number][]][])("the firmware for %s", (id, known, windows) => {
  it("needs nothing from flash in the code that runs while flash is written", () => {
    const { path } = built.get(id)!.firmware;
    const addresses = new Map(
      tool(id, "nm", path)
        .split("\n")
        .map((line) => line.split(" "))
        .map(([address, , name]) => [name!, Number.parseInt(address!, 16)]),
    );
    const inFlash = (at: number) => windows.some(([from, to]) => at >= from && at < to);
    for (const name of known) expect(inFlash(addresses.get(name)!), name).toBe(false);
    const objects = readdirSync(join(dirname(path), "obj", "firmware", "ports"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".o"))
      .map((name) => join(dirname(path), "obj", "firmware", "ports", name));
    let references = 0;
    for (const object of objects)
      for (const [, name] of ramCode(tool(id, "objdump", "-r", object)).matchAll(/ R_\w+ +([^\s+]+)/g)) {
        references++;
        expect(/^\.(text|rodata|literal)/.test(name!), `${object}: ${name}`).toBe(false);
        expect(inFlash(addresses.get(name!) ?? 0), `${object}: ${name}`).toBe(false);
      }
    expect(references).toBeGreaterThan(20);
  });
});

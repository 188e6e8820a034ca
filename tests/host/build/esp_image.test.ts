// Images for Espressif's ROMs, against what esptool 4.7.0 makes of the same programs (`elf2image --flash_mode dio --flash_size 4MB
// --flash_freq 40m`), byte by byte, and programs of which there can be no image.
import { describe, expect, it } from "vitest";
import { type EspChip, espImage } from "../../../host/build/esp_image.ts";
import { elfProgram } from "./elf.ts";

const esptool: [chip: EspChip, code: number, data: number, image: string][] = [
  [
    ...(["esp32c3", 0x40380000, 0x3fc90000] as const),
    "e902022000003840ee0000000500000000ffff00000000010000c93f0800000066747465210000000000384008000000010203040506000000000000" +
      "000000caec561df33317e6dc0b552a1a68cd601747b056eb8c776d33e990207deb5603e1",
  ],
  [
    ...(["esp32", 0x40080400, 0x3ffb0000] as const),
    "e902022000040840ee0000000000000000ffff00000000010000fb3f0800000066747465210000000004084008000000010203040506000000000000" +
      "000000caa2046dd6821cc58b40e51bbcd7f773238c3d6c14733f9b05e7d80cbbb933940c",
  ],
  [
    ...(["esp32s3", 0x4037d000, 0x3fc90000] as const),
    "e902022000d03740ee0000000900000000ffff00000000010000c93f08000000667474652100000000d0374008000000010203040506000000000000" +
      "000000ca45da03b669eeb20f66a39ca2f2658d05fe401aec808468493565fde0b4f20ea4",
  ],
];

const text = (bytes: string) => Buffer.from(bytes, "latin1");

describe("an image for Espressif's ROM", () => {
  it.each(esptool)("is what esptool makes for %s", (chip, code, data, image) => {
    const elf = elfProgram(code, [
      { at: code, bytes: text("\x01\x02\x03\x04\x05\x06") },
      { at: data, bytes: text("ftte!") },
    ]);
    expect(espImage(elf, chip).toString("hex")).toBe(image);
  });

  it("has what stays in flash behind it, at its offset from where the ROM looks", () => {
    const loaded = { at: 0x40080400, bytes: text("code") };
    const image = espImage(elfProgram(loaded.at, [loaded]), "esp32");
    const stays = { at: 0x400d0000, loadAt: 0x10000, bytes: text("in flash") };
    const file = espImage(elfProgram(loaded.at, [stays, loaded]), "esp32");
    expect(file.subarray(0, image.length)).toEqual(image);
    expect(file.subarray(image.length, 0xf000).every((byte) => byte === 0xff)).toBe(true);
    expect(file.subarray(0xf000).toString()).toBe("in flash");
  });

  it("is refused for what is no program, or has nothing for RAM, or is cut off, or overlaps", () => {
    const loaded = { at: 0x40080400, bytes: Buffer.alloc(64) };
    expect(() => espImage(text("MZ"), "esp32")).toThrow(/not a little-endian 32-bit ELF/);
    expect(() => espImage(elfProgram(0, []), "esp32")).toThrow(/1 to 16 segments for RAM, this program 0/);
    expect(() => espImage(elfProgram(0, [loaded]).subarray(0, 100), "esp32")).toThrow(/cut off/);
    const overlaps = { at: 0x400d0000, loadAt: 0x1010, bytes: Buffer.alloc(4) };
    expect(() => espImage(elfProgram(0, [loaded, overlaps]), "esp32")).toThrow(/0x1010 overlaps/);
  });
});

// The Adafruit bootloader's counterpart against bytes written by hand: headers by Bluetooth's three-wire transport, CRC-16 by its published
// check value, payloads by dfu_types.h and dfu_init.h.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { describe, expect, it, vi } from "vitest";
import { AdafruitBootloader, type AdafruitOptions } from "./adafruit_bootloader.ts";
import { crc16 } from "./crc16.ts";
import { TouchBoard } from "./touch.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
/** Acknowledgements by the number that is due next: bits 3 to 5, and the checksum that makes the sum zero. */
const due = (next: number) => `c0${hex2(next << 3)}0000${hex2(-(next << 3) & 255)}c0`;
const hex2 = (byte: number) => byte.toString(16).padStart(2, "0");

function talk(options: AdafruitOptions = {}) {
  const bootloader = new AdafruitBootloader(options);
  let heard = "";
  bootloader.onSend = (bytes) => {
    heard += bytes.toString("hex");
  };
  const raw = (bytes: Buffer): string => {
    heard = "";
    bootloader.receive(bytes);
    return heard;
  };
  const packet = (sequence: number, payload: Buffer): string => {
    const first = 0xc0 | sequence | (((sequence + 1) & 7) << 3);
    const second = ((payload.length & 15) << 4) | 14;
    const third = payload.length >> 4;
    const header = Buffer.from([first, second, third, -(first + second + third) & 255]);
    const crc = Buffer.alloc(2);
    crc.writeUInt16LE(crc16(Buffer.concat([header, payload])));
    const escaped = Buffer.concat([header, payload, crc])
      .toString("hex")
      .replace(/../g, (byte) => ({ c0: "dbdc", db: "dbdd" })[byte] ?? byte);
    return raw(hex(`c0${escaped}c0`));
  };
  return { bootloader, raw, packet, heard: () => heard };
}

const start = (bytes: number) => hex(`03000000 04000000 00000000 00000000 ${hex2(bytes & 255)}${hex2(bytes >> 8)}0000`);
/** Device type 0x52, revision and version free, one SoftDevice, the image's CRC, padded to a word. */
const init = (crc: number, softDevice = "b600", type = "5200") =>
  hex(`01000000 ${type} ffff ffffffff 0100 ${softDevice} ${hex2(crc & 255)}${hex2(crc >> 8)} 0000`);
const image = Buffer.from("123456789\0\0\0");
const imageCrc = crc16(image);

describe("the Adafruit bootloader's counterpart", () => {
  it("has the published CRC-16", () => expect(crc16(Buffer.from("123456789"))).toBe(0x29b1));

  it("takes an image and starts it, byte for byte", () => {
    const { bootloader, raw, packet } = talk();
    let activated = 0;
    bootloader.onActivated = () => activated++;
    // START of 12 bytes, laid out by hand: seq 1, ack 2, integrity, reliable = d1; 20 bytes, type 14 = 4e 01; checksum e0.
    const body = hex("d14e01e0 03000000 04000000 00000000 00000000 0c000000");
    const crc = crc16(body);
    expect(raw(hex(`c0${body.toString("hex")}${hex2(crc & 255)}${hex2(crc >> 8)}c0`))).toBe("c0100000f0c0");
    expect(bootloader.target.application).toBe("invalid");
    expect(packet(2, init(imageCrc))).toBe(due(3));
    expect(packet(3, Buffer.concat([hex("04000000"), image]))).toBe(due(4));
    expect(packet(4, hex("05000000"))).toBe(due(5));
    expect([activated, bootloader.target.application]).toEqual([1, "valid"]);
    expect(bootloader.target.flash.read(0x26000, 12)).toEqual(image);
    expect(packet(5, hex("05000000"))).toBe("");
    expect(bootloader.violations).toEqual([]);
  });

  it("answers a repeated or early packet with the number that is due, and a broken one not at all", () => {
    const { bootloader, packet, raw } = talk();
    packet(1, start(12));
    expect(packet(1, start(12))).toBe(due(2));
    expect(packet(3, init(0))).toBe(due(2));
    expect(bootloader.violations).toEqual([]);
    expect(raw(hex("c0d24e01df0300000004000000000000000000000000000000 0000 c0"))).toBe("");
    expect(raw(hex("c0d24e01dd0300000004000000000000000000000000000000 0000 c0"))).toBe("");
    expect(bootloader.violations).toEqual(["a wrong CRC-16", "a wrong header checksum"]);
  });

  it("does not start an image whose CRC is wrong, nor one that is short", () => {
    for (const [crc, size] of [
      [imageCrc ^ 1, 12],
      [imageCrc, 16],
    ] as const) {
      const { bootloader, packet } = talk();
      packet(1, start(size));
      packet(2, init(crc));
      packet(3, Buffer.concat([hex("04000000"), image]));
      expect(packet(4, hex("05000000"))).toBe(due(5));
      expect(bootloader.target.application).toBe("invalid");
      expect(bootloader.violations.length).toBe(size === 12 ? 0 : 1);
    }
  });

  it("starts again at an INIT for another chip or SoftDevice, and at a size that is not whole words", () => {
    for (const wrong of [init(imageCrc, "b700"), init(imageCrc, "b600", "5100")]) {
      const { bootloader, packet } = talk();
      packet(1, start(12));
      packet(2, wrong);
      expect(bootloader.resets).toBe(1);
      expect(packet(1, start(12))).toBe(due(2));
    }
    const { bootloader, packet } = talk();
    packet(1, start(13));
    expect(bootloader.resets).toBe(1);
    expect(talk().packet(2, start(12))).toBe(due(1));
  });

  it("notices worn flash only by the CRC", () => {
    const { bootloader, packet } = talk({ faults: { flash: [{ operation: "program", address: 0x26000 }] } });
    packet(1, start(12));
    packet(2, init(imageCrc));
    packet(3, Buffer.concat([hex("04000000"), image]));
    expect(packet(4, hex("05000000"))).toBe(due(5));
    expect(bootloader.target.application).toBe("invalid");
  });

  it("lets packets wait over USB and loses them on pins while it erases", async () => {
    for (const link of ["usb", "uart"] as const) {
      const { packet, heard } = talk({ link, erasePageMs: 5 });
      expect(packet(1, start(12))).toBe(due(2));
      expect(packet(2, init(imageCrc))).toBe("");
      if (link === "usb") await vi.waitFor(() => expect(heard()).toBe(due(3)), { timeout: 30_000 });
      else await vi.waitFor(() => expect(packet(1, start(12))).toBe(due(2)), { timeout: 30_000 });
    }
  });

  it("comes by a 1200-baud touch and goes when the image runs", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ftte-touch-"));
    const link = join(folder, "board");
    const { bootloader, packet } = talk();
    const board = new TouchBoard({ link, bootloader, awayMs: 5 });
    await board.start();
    expect(board.behind).toBe("application");
    const port = new SerialPort({ path: link, baudRate: 1200 });
    await new Promise((done) => port.once("open", done));
    port.close();
    await vi.waitFor(() => expect(board.behind).toBe("bootloader"), { timeout: 30_000 });
    expect(board.touches).toBe(1);
    bootloader.onSend = () => {};
    packet(1, start(12));
    packet(2, init(imageCrc));
    packet(3, Buffer.concat([hex("04000000"), image]));
    packet(4, hex("05000000"));
    await vi.waitFor(() => expect(board.behind).toBe("application"), { timeout: 30_000 });
    await board.end();
    rmSync(folder, { recursive: true });
  });
});

// The ROM loader's counterpart against bytes written by hand from Espressif's "Serial Protocol": the two traces that the page prints, and
// packets laid out by its tables. The stub's upload here is four bytes that nobody runs.
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { EspRom, type EspRomOptions } from "./esp_rom.ts";
import type { FaultPlan } from "./faults.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const syncRequest = hex(`c0 00082400 00000000 07071220 ${"55".repeat(32)} c0`);

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value >>> 0, 4 * i);
  });
  return bytes;
}

/** A client that is only a byte buffer; SLIP is by hand, for data without c0 and db. */
function talk(options: EspRomOptions = {}) {
  const rom = new EspRom(options);
  let heard = Buffer.alloc(0);
  rom.onSend = (bytes) => {
    heard = Buffer.concat([heard, bytes]);
  };
  const raw = (bytes: Buffer): string => {
    heard = Buffer.alloc(0);
    rom.receive(bytes);
    return heard.toString("hex");
  };
  const slip = (bytes: Buffer) =>
    bytes.toString("hex").replace(/../g, (byte) => ({ c0: "dbdc", db: "dbdd" })[byte] ?? byte);
  const ask = (command: number, data: Buffer, checksum = 0): string => {
    const header = Buffer.from([0, command, data.length & 255, data.length >> 8, checksum, 0, 0, 0]);
    return raw(hex(`c0${slip(Buffer.concat([header, data]))}c0`));
  };
  const xor = (data: Buffer) => data.reduce((sum, byte) => sum ^ byte, 0xef);
  const data = (command: number, sequence: number, body: Buffer) =>
    ask(command, Buffer.concat([words(body.length, sequence, 0, 0), body]), xor(body));
  const startStub = () => {
    ask(0x05, words(4, 1, 4, 0x40080400));
    data(0x07, 0, Buffer.from([1, 2, 3, 4]));
    return ask(0x06, words(0, 0x40080400));
  };
  return { rom, raw, ask, data, startStub };
}

/** A response of the ROM without data: status, error and two reserved bytes. */
const answer = (command: string, error = "00") =>
  `c001${command}040000000000${error === "00" ? "00" : "01"}${error}0000c0`;

describe("the ROM loader's counterpart", () => {
  it("answers SYNC with the eight packets of the page's trace", () => {
    const { rom, raw } = talk();
    expect(raw(syncRequest)).toBe("c0010804000707122000000000c0".repeat(8));
    expect(rom.violations).toEqual([]);
  });

  it("answers SYNC in the stub, too, by zero, so that a client knows that the stub runs", () => {
    const { raw, startStub } = talk();
    startStub();
    expect(raw(syncRequest)).toBe("c001080200000000000000c0".repeat(8));
  });

  it("gives the page's READ_REG answer in the stub, whose status has two bytes", () => {
    const { ask, raw, startStub } = talk();
    ask(0x09, words(0x3ff40014, 0x162, 0xffffffff, 0));
    expect(startStub()).toMatch(/c04f484149c0$/);
    expect(raw(hex("c0000a0400000000001400f43fc0"))).toBe("c0010a0200620100000000c0");
  });

  it("tells its chip, its MAC and its flash's id", () => {
    const { ask } = talk({ mac: "aabbccddeeff" });
    const read = (address: number) =>
      hex(ask(0x0a, words(address)))
        .readUInt32LE(5)
        .toString(16);
    expect([read(0x40001000), read(0x3ff5a008), read(0x3ff5a004)]).toEqual(["f01d83", "aabb", "ccddeeff"]);
    ask(0x09, words(0x3ff4202c, 23, 0xffffffff, 0));
    ask(0x09, words(0x3ff4201c, 0x90000000, 0xffffffff, 0));
    ask(0x09, words(0x3ff42024, 0x7000009f, 0xffffffff, 0));
    ask(0x09, words(0x3ff42000, 1 << 18, 0xffffffff, 0));
    expect([read(0x3ff42000), read(0x3ff42080)]).toEqual(["0", "1640ef"]);
  });

  it("knows GET_SECURITY_INFO on the chips whose ROM does", () => {
    expect(talk({ chip: "esp32c3" }).ask(0x14, Buffer.alloc(0))).toBe(
      `c00114180000000000${"00".repeat(12)}050000000000000000000000c0`,
    );
    expect(talk().ask(0x14, Buffer.alloc(0))).toBe(answer("14", "05"));
  });

  it("writes in order, erases first, and hashes in hexadecimal", () => {
    const { rom, ask, data } = talk();
    rom.flash.program(0x1000, Buffer.alloc(4096));
    expect(ask(0x02, words(2048, 2, 1024, 0x1000))).toBe(answer("02", "06"));
    expect(ask(0x0d, words(0, 0))).toBe(answer("0d"));
    expect(ask(0x0b, words(0, 4 << 20, 65536, 4096, 256, 0xffff))).toBe(answer("0b"));
    expect(ask(0x02, words(2048, 2, 1024, 0x1000))).toBe(answer("02"));
    const image = Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 7) & 0x7f));
    expect(data(0x03, 0, image.subarray(0, 1024))).toBe(answer("03"));
    expect(data(0x03, 0, image.subarray(0, 1024))).toBe(answer("03", "05"));
    expect(ask(0x03, Buffer.concat([words(1024, 1, 0, 0), image.subarray(1024)]), 1)).toBe(answer("03", "07"));
    expect(data(0x03, 1, image.subarray(1024))).toBe(answer("03"));
    expect(rom.flash.equals(0x1000, image)).toBe(true);
    const digest = createHash("md5").update(image).digest("hex");
    expect(ask(0x13, words(0x1000, 2048, 0, 0))).toBe(
      `c00113240000000000${Buffer.from(digest).toString("hex")}00000000c0`,
    );
    expect(rom.violations).toHaveLength(3);
    ask(0x04, words(0));
    expect(rom.left).toBe("reboot");
  });

  it("refuses what it must: DATA before BEGIN, half a sector, a fifth word, a packet too long", () => {
    const { rom, ask, data } = talk();
    ask(0x0d, words(0, 0));
    expect(data(0x03, 0, Buffer.alloc(4))).toBe(answer("03", "06"));
    expect(ask(0x02, words(1024, 1, 1024, 0x1100))).toBe(answer("02", "05"));
    expect(ask(0x02, words(1024, 1, 1024, 0x1000, 0))).toBe(answer("02", "05"));
    expect(ask(0x02, words(4096, 1, 4096, 0x1000))).toBe(answer("02", "05"));
    expect(ask(0x02, words(4096, 4, 1024, 4 << 20))).toBe(answer("02", "05"));
    expect(rom.violations).toHaveLength(5);
  });

  it("inflates, and says 0b at a broken stream", () => {
    const { rom, ask, data } = talk({ chip: "esp32c3" });
    const image = Buffer.alloc(5000, 0x21);
    const packed = deflateSync(image);
    ask(0x0d, words(0, 0));
    expect(ask(0x10, words(8192, 1, 1024, 0, 0))).toBe(answer("10"));
    expect(data(0x11, 0, packed)).toBe(answer("11"));
    expect(rom.flash.equals(0, image)).toBe(true);
    ask(0x10, words(8192, 1, 1024, 0, 0));
    expect(data(0x11, 0, packed.subarray(1))).toBe(answer("11", "0b"));
  });

  it("says in the stub what its flash did in answer to the command after the data, which is not done", () => {
    const { rom, ask, data, startStub } = talk();
    startStub();
    expect(ask(0x10, words(5000, 1, 0x4000, 0x1000))).toBe("c001100200000000000000c0");
    expect(data(0x11, 0, deflateSync(Buffer.alloc(5000, 0x21)).subarray(1))).toBe("c001110200000000000000c0");
    rom.flash.program(0, Buffer.alloc(4));
    expect(ask(0xd0, Buffer.alloc(0))).toBe("c001d0020000000000c700c0");
    expect(rom.flash.read(0, 4)).toEqual(Buffer.alloc(4));
    expect(ask(0xd0, Buffer.alloc(0))).toBe("c001d00200000000000000c0");
    expect(rom.flash.read(0, 4)).toEqual(Buffer.alloc(4, 0xff));
  });

  it("reads flash out through the stub, within the window, with the digest at the end", () => {
    const { rom, ask, raw, startStub } = talk();
    startStub();
    rom.flash.program(0, Buffer.from("0123456789"));
    expect(ask(0x0d, words(0))).toBe("c0010d0200000000000000c0");
    expect(ask(0xd2, words(0, 10, 4, 2))).toBe("c001d20200000000000000c0c030313233c0c034353637c0");
    expect(raw(hex("c004000000c0"))).toBe("c03839c0");
    expect(raw(hex("c008000000c0"))).toBe("");
    expect(raw(hex("c00a000000c0"))).toBe(`c0${createHash("md5").update("0123456789").digest("hex")}c0`);
    expect(ask(0xd1, words(0, 100))).toBe("c001d1020000000000dbdc00c0");
    expect(rom.violations).toHaveLength(1);
  });

  it("reads flash out through the ROM, 64 bytes at a time whatever was asked", () => {
    const { rom, ask } = talk();
    rom.flash.program(0x20, Buffer.from("0123"));
    ask(0x0d, words(0, 0));
    expect(ask(0x0e, words(0x20, 3))).toBe(`c0010e440000000000303132${"00".repeat(61)}00000000c0`);
    expect(ask(0x0e, words(0x20, 65))).toBe(answer("0e", "05"));
    expect(rom.violations).toHaveLength(1);
  });

  it("refuses the stub when told to", () => {
    expect(talk({ stub: "refused" }).ask(0x05, words(4, 1, 4, 0x40080400))).toBe(answer("05", "06"));
  });

  it("hears nothing at the wrong baud rate, and everything at the one it was told", () => {
    const { rom, ask, raw } = talk({ chip: "esp32c3" });
    rom.lineRate(115_200);
    raw(syncRequest);
    expect(ask(0x0f, words(460_800, 0))).toBe(answer("0f"));
    expect(raw(syncRequest)).toBe("");
    rom.lineRate(460_800);
    expect(raw(syncRequest)).not.toBe("");
  });

  it("is 2.5 % off the rate that an ESP32's ROM was told, by its wrong idea of the crystal", () => {
    for (const [told, heard] of [
      [460_800, false],
      [Math.floor((460_800 * 41_012_500) / 40e6), true],
    ] as const) {
      const { rom, ask, raw } = talk();
      rom.lineRate(115_200);
      raw(syncRequest);
      ask(0x0f, words(told, 0));
      rom.lineRate(460_800);
      expect(raw(syncRequest) !== "").toBe(heard);
    }
  });
});

describe("planned faults", () => {
  const withFaults = (faults: FaultPlan) => talk({ faults });

  it("refuse or ignore a baud rate", () => {
    expect(withFaults({ baudRate: "refused" }).ask(0x0f, words(921_600, 0))).toBe(answer("0f", "06"));
    const { rom, ask, raw } = withFaults({ baudRate: "ignored" });
    rom.lineRate(115_200);
    raw(syncRequest);
    ask(0x0f, words(921_600, 0));
    rom.lineRate(921_600);
    expect(raw(syncRequest)).toBe("");
  });

  it("wear flash out", () => {
    const { ask, data } = withFaults({
      flash: [
        { operation: "erase", address: 0x2000 },
        { operation: "program", address: 0x10 },
      ],
    });
    ask(0x0d, words(0, 0));
    expect(ask(0x02, words(4096, 4, 1024, 0x2000))).toBe(answer("02", "06"));
    expect(ask(0x02, words(1024, 1, 1024, 0))).toBe(answer("02"));
    expect(data(0x03, 0, Buffer.alloc(1024))).toBe(answer("03", "08"));
  });

  it("drop, double, corrupt and unplug the packet that is named, in its direction, and blame nobody", () => {
    const one = (harm: "drop" | "double" | "corrupt" | "unplug", direction: "in" | "out") =>
      withFaults({ seed: 3, packets: [{ harm, direction, packet: 1 }] });
    const read = words(0x40001000);
    const good = talk().ask(0x0a, read);
    for (const direction of ["in", "out"] as const) {
      const dropped = one("drop", direction);
      expect([1, 2, 3].map(() => dropped.ask(0x0a, read))).toEqual([good, "", good]);
      const doubled = one("double", direction);
      expect([1, 2].map(() => doubled.ask(0x0a, read))).toEqual([good, good + good]);
      const corrupted = one("corrupt", direction);
      const heard = [1, 2, 3].map(() => corrupted.ask(0x0a, read));
      expect([heard[0], heard[1] === good, heard[2]]).toEqual([good, false, good]);
      const unplugged = one("unplug", direction);
      expect([1, 2, 3].map(() => unplugged.ask(0x0a, read))).toEqual([good, "", ""]);
      expect([dropped, doubled, corrupted, unplugged].flatMap(({ rom }) => rom.violations)).toEqual([]);
    }
  });

  it("delay a packet and keep the order behind it", async () => {
    const rom = new EspRom({ faults: { packets: [{ harm: "delay", direction: "out", packet: 0, delayMs: 20 }] } });
    const heard: Buffer[] = [];
    const all = new Promise<void>((done) => {
      rom.onSend = (bytes) => {
        heard.push(bytes);
        if (heard.length === 9) done();
      };
    });
    rom.receive(syncRequest);
    rom.receive(hex("c0000a04000000000000100040c0"));
    expect(heard).toHaveLength(0);
    await all;
    expect(heard.map((bytes) => bytes[2])).toEqual([8, 8, 8, 8, 8, 8, 8, 8, 0x0a]);
  });
});

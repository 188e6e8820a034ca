// Nordic's bootloader's counterpart against bytes written by hand: requests and responses by the SDK's serial transport page, init packets
// by dfu-cc.proto, CRC-32 and SHA-256 by their published check values ("123456789", "abc").
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NordicBootloader, type NordicOptions } from "./nordic_bootloader.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const hex2 = (byte: number) => byte.toString(16).padStart(2, "0");
const le32 = (value: number) =>
  hex2(value & 255) + hex2((value >> 8) & 255) + hex2((value >> 16) & 255) + hex2(value >>> 24);

function talk(options: NordicOptions = {}) {
  const bootloader = new NordicBootloader(options);
  let heard = "";
  bootloader.onSend = (bytes) => {
    heard += bytes.toString("hex");
  };
  /** Requests and answers without the closing c0; answers without their first byte, 60. */
  const ask = (request: string): string => {
    heard = "";
    const escaped = request.replace(/\s/g, "").replace(/../g, (byte) => ({ c0: "dbdc", db: "dbdd" })[byte] ?? byte);
    bootloader.receive(hex(`${escaped}c0`));
    return heard.replace(/^60/, "").replace(/c0$/, "");
  };
  const sendInit = (packet: Buffer): string => {
    ask(`01 01 ${le32(packet.length)}`);
    ask(`08 ${packet.toString("hex")}`);
    return ask("04");
  };
  return { bootloader, ask, sendInit };
}

/** SHA-256 of "abc" (FIPS 180-2, appendix B.1), bytes reversed as Nordic stores it. */
const abcHash = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").reverse().toString("hex");
/** Fields by number: 1 version 1, 2 hardware 52, 3 SoftDevice none, 4 application, 5 and 6 no sizes, 7 three bytes, 8 SHA-256. */
const initCommand = (size: string, hash: string, hardware = "34", sd = "00") =>
  `0801 10${hardware} 1a01${sd} 2000 2800 3000 38${size} 4224 0803 1220 ${hash} 4800`.replace(/\s/g, "");
const lengthOf = (text: string) => hex2(text.length / 2);
const command = (init: string) => `0801 12${lengthOf(init)} ${init}`.replace(/\s/g, "");
const unsigned = (init: string) => hex(`0a${lengthOf(command(init))}${command(init)}`);
const abcPacket = unsigned(initCommand("03", abcHash));

describe("the Nordic bootloader's counterpart", () => {
  it("answers ping, MTU, PRN and an opcode that it does not know", () => {
    const { bootloader, ask } = talk();
    expect([ask("09 2a"), ask("07"), ask("02 0000"), ask("00")]).toEqual(["09012a", "07010308", "0201", "000101"]);
    expect(bootloader.violations).toEqual([]);
    expect(ask("55")).toBe("5502");
    expect(ask("09")).toBe("0903");
    expect(bootloader.violations).toHaveLength(2);
  });

  it("takes an init packet and an image, and starts it", () => {
    const { bootloader, ask } = talk();
    let activated = 0;
    bootloader.onActivated = () => activated++;
    expect(ask("06 01")).toBe("0601 00020000 00000000 00000000".replace(/\s/g, ""));
    expect(ask(`01 01 ${le32(abcPacket.length)}`)).toBe("0101");
    expect(ask(`08 ${abcPacket.toString("hex")}`)).toBe("");
    expect(ask("03").slice(0, 12)).toBe(`0301${le32(abcPacket.length)}`);
    expect(ask("04")).toBe("0401");
    expect(ask("06 02")).toBe("0601 00100000 00000000 00000000".replace(/\s/g, ""));
    expect(ask("01 02 03000000")).toBe("0101");
    expect(ask("08 616263")).toBe("");
    expect(ask("03")).toBe("0301 03000000 c2412435".replace(/\s/g, "")); // CRC-32 of "abc" is 352441c2
    expect(ask("04")).toBe("0401");
    expect(bootloader.flash.read(0x1000, 3).toString()).toBe("abc");
    expect([activated, bootloader.violations]).toEqual([1, []]);
    expect(ask("07")).toBe("");
  });

  it("sends receipts with the CRC of all that came", () => {
    const { ask } = talk();
    ask("02 0200");
    ask("01 01 09000000");
    expect([ask("08 3132"), ask("08 33343536373839")]).toEqual(["", "0301 09000000 2639f4cb".replace(/\s/g, "")]);
  });

  it("says why it refuses an init packet", () => {
    const cases: [Buffer, string][] = [
      [unsigned(initCommand("03", abcHash, "35")), "040b06"],
      [unsigned(initCommand("03", abcHash, "34", "01")), "040b07"],
      [unsigned(initCommand("00", abcHash)), "040b04"],
      [unsigned(initCommand("03", abcHash).replace("0803", "0802")), "040b09"],
      [hex("ffff"), "0405"],
    ];
    for (const [packet, answer] of cases) expect(talk().sendInit(packet)).toBe(answer);
    expect(talk({ identity: { appVersion: 2 } }).sendInit(abcPacket)).toBe("040b05");
    expect(talk().ask("04")).toBe("0405");
  });

  it("looks for its own SoftDevice in the list, which no number stands for, and lets itself be overwritten by 0", () => {
    const packet = (ids: string) => {
      const init = initCommand("03", abcHash).replace("1a0100", `1a${lengthOf(ids)}${ids}`);
      return unsigned(init);
    };
    const s140 = { identity: { softDevice: 0x100 } };
    const answers = (options: NordicOptions) =>
      ["00", "8002", "b6018002", "b601", "feff03", "008002", "00b601"].map((ids) =>
        talk(options).sendInit(packet(ids)),
      );
    expect(answers(s140)).toEqual(["0401", "0401", "0401", "040b07", "040b07", "0401", "040b07"]);
    expect(answers({})).toEqual(["0401", ...Array(4).fill("040b07"), "0401", "0401"]);
  });

  it("takes signed firmware only where it has a key", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const inner = hex(command(initCommand("03", abcHash)));
    const signature = sign("sha256", inner, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const stored = Buffer.concat([signature.subarray(0, 32).reverse(), signature.subarray(32).reverse()]);
    const signed = (bytes: Buffer) => {
      const body = `0a${hex2(inner.length)}${inner.toString("hex")} 1000 1a40${bytes.toString("hex")}`.replace(
        /\s/g,
        "",
      );
      const length = body.length / 2;
      return hex(`12${hex2((length & 127) | 128)}${hex2(length >> 7)}${body}`);
    };
    const options = { identity: { publicKey } };
    expect(talk(options).sendInit(abcPacket)).toBe("040b08");
    expect(talk(options).sendInit(signed(stored))).toBe("0401");
    stored[0]! ^= 1;
    expect(talk(options).sendInit(signed(stored))).toBe("0405");
  });

  it("refuses data before an init packet, beyond its size, and executed half", () => {
    const { bootloader, ask, sendInit } = talk();
    expect(ask("01 02 03000000")).toBe("0108");
    sendInit(abcPacket);
    expect(ask("01 02 04000000")).toBe("0103");
    expect(ask("01 02 00100000")).toBe("0108");
    expect(ask("01 02 03000000")).toBe("0101");
    ask("08 6162");
    expect(ask("04")).toBe("0408");
    ask("08 6364");
    expect(bootloader.violations).toEqual([
      "CREATE: operationNotPermitted",
      "CREATE: invalidParameter",
      "CREATE: operationNotPermitted",
      "EXECUTE: operationNotPermitted",
      "WRITE: invalidParameter",
    ]);
  });

  it("refuses an image with another hash, and begins anew", () => {
    const { bootloader, ask, sendInit } = talk();
    sendInit(abcPacket);
    ask("01 02 03000000");
    ask("08 616264");
    expect(ask("04")).toBe("040b0c");
    expect([bootloader.objects.activated, ask("06 02").slice(12, 20)]).toEqual([false, "00000000"]);
  });

  it("goes on after a power cut where the last executed object ended", () => {
    const image = Buffer.alloc(4096 + 10, 0x61);
    const hash = createHash("sha256").update(image).digest().reverse().toString("hex");
    const packet = unsigned(initCommand("8a20", hash));
    for (const savesProgress of [true, false]) {
      const { bootloader, ask, sendInit } = talk({ savesProgress });
      sendInit(packet);
      ask("01 02 00100000");
      for (let i = 0; i < 4; i++) ask(`08 ${"61".repeat(1000)}`);
      ask(`08 ${"61".repeat(96)}`);
      expect(ask("04")).toBe("0401");
      ask("01 02 0a000000");
      ask("08 6161");
      bootloader.powerCycle();
      expect(ask("06 02").slice(4, 20)).toBe(`00100000${savesProgress ? "00100000" : "00000000"}`);
      if (!savesProgress) continue;
      ask("01 02 0a000000");
      ask(`08 ${"61".repeat(10)}`);
      expect(ask("04")).toBe("0401");
      expect(bootloader.flash.read(0x1000, image.length)).toEqual(image);
    }
  });

  it("is there again when it is plugged in, with half a packet forgotten", () => {
    const faults = { packets: [{ harm: "unplug", direction: "in", packet: 4 }] } as const;
    const { bootloader, ask, sendInit } = talk({ faults });
    sendInit(abcPacket);
    expect([ask("01 02 03000000"), ask("08 616263"), ask("04")]).toEqual(["0101", "", ""]);
    bootloader.receive(hex("0861"));
    bootloader.replug();
    expect(ask("06 02")).toBe("0601 00100000 00000000 00000000".replace(/\s/g, ""));
    ask("01 02 03000000");
    ask("08 616263");
    expect(ask("04")).toBe("0401");
  });

  it("shows worn flash at CREATE, or in the CRC", () => {
    const erase = talk({ faults: { flash: [{ operation: "erase", address: 0x1000 }] } });
    erase.sendInit(abcPacket);
    expect(erase.ask("01 02 03000000")).toBe("0105");
    const program = talk({ faults: { flash: [{ operation: "program", address: 0x1001 }] } });
    program.sendInit(abcPacket);
    program.ask("01 02 03000000");
    program.ask("08 616263");
    expect(program.ask("03")).toBe("03010000000000000000");
    expect([...erase.bootloader.violations, ...program.bootloader.violations]).toEqual([]);
  });

  it("holds the client to its MTU", () => {
    const { bootloader, ask } = talk({ mtu: 131 });
    expect(ask("07")).toBe("07018300");
    ask("01 01 00010000");
    ask(`08 ${"00".repeat(64)}`);
    expect(bootloader.violations).toEqual([]);
    ask(`08 ${"00".repeat(65)}`);
    expect(bootloader.violations).toHaveLength(1);
  });
});

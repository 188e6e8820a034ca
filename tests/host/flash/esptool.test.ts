// Flashing an ESP32 against an independent ROM loader and stub (tests/counterparts): what is in flash afterwards, what the board is told to
// be when something failed, and every packet lost, doubled, corrupted, late, or the last before the plug is pulled.

import { describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { esptool } from "../../../host/flash/esptool.ts";
import type { FlashJob, FlashStage } from "../../../host/flash/method.ts";
import { EspRom, type EspRomOptions } from "../../counterparts/esp_rom.ts";
import type { PacketFault } from "../../counterparts/faults.ts";
import { lineTo, usbSerialJtag } from "./counterpart_line.ts";

const address = 0x1000;
/** Neither all compressible nor all noise, of an odd length. */
const firmware = Uint8Array.from({ length: 30_001 }, (_, i) => (i % 3 ? i >> 8 : Math.imul(i, 2654435761) >>> 24));

/**
 * A chip, and the method whose line leads to it; `resets` tells of each whether the boot pin was low.
 * @param wired false: DTR and RTS lead nowhere, as on boards that are sent into their loader by hand
 */
function chip(options: EspRomOptions = {}, wired = true) {
  const rom = new EspRom(options);
  const resets: boolean[] = [];
  const openLine = lineTo(rom, (boot) => {
    if (!wired) return;
    resets.push(boot);
    if (boot) rom.reset();
  });
  const stages: FlashStage[] = [];
  const job = (more: Partial<FlashJob> = {}): FlashJob => ({
    board: loadBoardConfig("esp32-devkitc"),
    name: "wrist",
    address: "/dev/ttyUSB7",
    segments: [{ address, bytes: firmware }],
    recover: false,
    onProgress: (stage) => {
      if (stages.at(-1) !== stage) stages.push(stage);
    },
    ...more,
  });
  const flash = (more?: Partial<FlashJob>) => esptool({ openLine, patienceMs: 400 })(job(more));
  const written = () => rom.flash.bytes.subarray(address, address + firmware.length);
  return { rom, flash, stages, resets, written };
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe.concurrent("flashing by esptool", { timeout: 120_000 }, () => {
  it("writes by the stub, compares hashes and starts the firmware", async () => {
    const { rom, flash, stages, resets, written } = chip();
    expect(await flash()).toEqual({ bytes: firmware.length, verified: "hash" });
    expect(same(written(), firmware)).toBe(true);
    expect(stages).toEqual(["connecting", "writing", "verifying", "restarting"]);
    expect(rom.mode).toBe("stub");
    expect(rom.baudRate).toBe(921_600);
    expect(resets.at(-1)).toBe(false);
    expect(rom.violations).toEqual([]);
  });

  it("leaves everything else in flash as it is, and with recover nothing", async () => {
    const { rom, flash } = chip();
    rom.flash.bytes[0x100000] = 7;
    await flash();
    expect(rom.flash.bytes[0x100000]).toBe(7);
    await flash({ recover: true });
    expect(rom.flash.bytes[0x100000]).toBe(0xff);
  });

  it("reads back what it wrote when asked to", async () => {
    const { rom, flash } = chip();
    expect(await flash({ verify: true })).toEqual({ bytes: firmware.length, verified: "read-back" });
    expect(rom.violations).toEqual([]);
  });

  it.each([
    ["esp32", "esp32-devkitc"],
    ["esp32c3", "esp32-c3-devkitm"],
    ["esp32s3", "esp32-s3-devkitc"],
  ] as const)("erases, writes and reads back by the ROM of an %s that takes no stub", async (name, board) => {
    const { rom, flash, resets, written } = chip({
      chip: name,
      stub: "refused",
      flashBytes: 8 << 20,
      flashId: 0x1740ef,
    });
    rom.flash.bytes[0x100000] = 7;
    await flash({ board: loadBoardConfig(board), recover: true, verify: true });
    expect(rom.mode).toBe("rom");
    expect(rom.flash.bytes[0x100000]).toBe(0xff);
    expect(resets).toEqual([true, false]); // into the loader once, into the firmware once
    expect(same(written(), firmware)).toBe(true);
    expect(rom.violations).toEqual([]);
  });

  it("tells an ESP32's ROM the pins of the flash in its package", async () => {
    const { rom, flash, resets, written } = chip({ stub: "refused", flashInside: true });
    await flash();
    expect(resets).toEqual([true, false]);
    expect(same(written(), firmware)).toBe(true);
    expect(rom.violations).toEqual([]);
  });

  it("needs no second try when the stub starts before the ROM has said that it will", async () => {
    const { rom, flash, resets, written } = chip({ stub: "hasty" });
    await flash();
    expect(rom.mode).toBe("stub");
    expect(resets).toEqual([true, false]);
    expect(same(written(), firmware)).toBe(true);
  });

  it("goes on with the stub that runs already, on a board that nothing resets", async () => {
    const { rom, flash, written } = chip({ faults: { baudRate: "refused" } }, false);
    await flash();
    rom.flash.erase(address, firmware.length);
    expect(rom.mode).toBe("stub");
    await flash();
    expect(same(written(), firmware)).toBe(true);
    expect(rom.violations).toEqual([]);
  });

  it("resets a chip by its own USB port, and stops the watchdogs that such a reset leaves running", async () => {
    const rom = new EspRom({ chip: "esp32s3", flashBytes: 8 << 20, flashId: 0x1740ef });
    rom.left = "user code"; // it runs its firmware
    const resets: boolean[] = [];
    const onReset = (boot: boolean) => {
      resets.push(boot);
      if (boot) rom.reset();
    };
    const listPorts = async () => [
      { address: "/dev/ttyACM7", kind: "serial" as const, usb: { vendor: "303a", product: "1001" } },
    ];
    const segments = [{ address: 0, bytes: firmware }];
    const s3 = { board: loadBoardConfig("esp32-s3-devkitc"), address: "/dev/ttyACM7", segments };
    const job: FlashJob = { ...s3, name: "wrist", recover: false, onProgress: () => {} };
    await esptool({ openLine: lineTo(rom, onReset, usbSerialJtag()), listPorts, patienceMs: 400 })(job);
    expect(resets).toEqual([true, false]);
    expect(same(rom.flash.read(0, firmware.length), firmware)).toBe(true);
    expect([0x60008098, 0x600080b4].map((at) => rom.register(at))).toEqual([0, 2 ** 31]);
    expect(rom.violations).toEqual([]);
  });

  it("refuses another chip by name, before anything is erased, and lets it go on", async () => {
    const { rom, flash, resets } = chip({ chip: "esp32c3" });
    await expect(flash()).rejects.toMatchObject({
      code: "board-wrong",
      message: expect.stringMatching(
        /wrist: the chip at \/dev\/ttyUSB7 is an ESP32-C3, esp32-devkitc has an ESP32; the board still has its old firmware/,
      ),
    });
    expect(rom.flash.erasedPages).toBe(0);
    expect(resets.at(-1)).toBe(false);
  });

  it.each([0x1540ef, 0x3525c2])("refuses a flash that is too small for the board, of id %i", async (flashId) => {
    const { rom, flash } = chip({ flashBytes: 2 << 20, flashId });
    await expect(flash()).rejects.toMatchObject({
      code: "board-wrong",
      message: expect.stringMatching(/2097152 bytes/),
    });
    expect(rom.flash.erasedPages).toBe(0);
  });

  it.each(["refused", "ignored"] as const)("goes on at 115200 baud when the faster rate is %s", async (baudRate) => {
    const { rom, flash, written } = chip({ faults: { baudRate } });
    await flash();
    expect(rom.baudRate).toBe(115_200);
    expect(same(written(), firmware)).toBe(true);
  });

  it.each(["erase", "program"] as const)("says that flash failed to %s", async (operation) => {
    const { flash } = chip({ faults: { flash: [{ operation, address: address + 5000 }] } });
    await expect(flash()).rejects.toMatchObject({
      message: expect.stringMatching(/wrist: .*; the board has its firmware partly overwritten; .*flash it again/),
    });
  });

  it("ends at once when it is given up", async () => {
    const { flash } = chip();
    const controller = new AbortController();
    const onProgress = (stage: FlashStage) => {
      if (stage === "writing") controller.abort();
    };
    await expect(flash({ signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringMatching(/interrupted; the board has its firmware partly overwritten/),
    });
  });
});

/** Every packet of one undisturbed job, by direction. */
async function everyPacket(): Promise<Pick<PacketFault, "direction" | "packet">[]> {
  const { rom, flash } = chip();
  await flash();
  const { packets } = rom;
  return (["in", "out"] as const).flatMap((direction) =>
    Array.from({ length: packets[direction] }, (_, packet) => ({ direction, packet })),
  );
}

const harms = ["drop", "double", "corrupt", "delay"] as const;

describe.concurrent("flashing by esptool over a bad line", { timeout: 240_000 }, () => {
  it("ends with the right bytes in flash, whichever packet is lost, doubled, corrupted or late", async () => {
    const packets = await everyPacket();
    const outcomes = await Promise.all(
      packets.map(async (place, i) => {
        const fault = { ...place, harm: harms[i % harms.length]!, delayMs: 300 };
        const { flash, written } = chip({ faults: { packets: [fault] } });
        const error = await flash().then(
          () => undefined,
          (thrown: Error) => thrown.message,
        );
        return { fault, error, right: same(written(), firmware) };
      }),
    );
    expect(outcomes.filter(({ error, right }) => error !== undefined || !right)).toEqual([]);
  });

  it("says what the board is when its plug is pulled, at whichever packet", async () => {
    const packets = await everyPacket();
    const seen = new Set<string>();
    for (const outcome of await Promise.all(
      packets.map(async (place) => {
        const { rom, flash, written } = chip({ faults: { packets: [{ ...place, harm: "unplug" }] } });
        const { code, message } = await flash().then(
          () => Promise.reject(new Error("went on")),
          (e) => e,
        );
        return { code, message, erased: rom.flash.erasedPages > 0, whole: same(written(), firmware) };
      }),
    )) {
      const { code, message, erased, whole } = outcome;
      expect(code).toBe("flash-failed");
      expect(message).toMatch(/^wrist: \/dev\/ttyUSB7 is gone/);
      const state = /still has its old|partly overwritten|holds the new/.exec(message)![0];
      if (state === "still has its old") expect(erased).toBe(false);
      expect(state === "holds the new" && !whole).toBe(false);
      seen.add(state);
    }
    expect(seen).toEqual(new Set(["still has its old", "partly overwritten"]));
  });
});

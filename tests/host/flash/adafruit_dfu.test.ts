// Flashing through Adafruit's bootloader against an independent one (tests/counterparts): what is in flash afterwards, every packet lost,
// doubled, corrupted or late, the plug pulled at each, refusals, and the 1200-baud touch on a real pty.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type AdafruitTiming, adafruitDfu } from "../../../host/flash/adafruit_dfu.ts";
import { crc16 } from "../../../host/flash/adafruit_packets.ts";
import type { FlashJob } from "../../../host/flash/method.ts";
import { AdafruitBootloader, type AdafruitOptions } from "../../counterparts/adafruit_bootloader.ts";
import { type PacketFault, type PacketHarm, randomPlan } from "../../counterparts/faults.ts";
import { TouchBoard } from "../../counterparts/touch.ts";
import { lineTo } from "./counterpart_line.ts";
import { firmware, jobFor } from "./job.ts";

const applicationAt = 0x26000;
const address = "/dev/ttyACM3";
const image = firmware(2501);
const timing: AdafruitTiming = {
  touchMs: 5,
  bootMs: 5,
  comeBackMs: 20_000,
  acknowledgeMs: 60,
  erasePageMs: 0,
  leastEraseMs: 0,
  writePageMs: 0,
  leaveMs: 60,
};
const listPorts = async () => [
  { address, kind: "serial" as const, usb: { vendor: "239a", product: "0029", serial: "A1" } },
];

/** A board in its bootloader; when the application starts a USB port goes, a UART's stays. */
function board(options: AdafruitOptions = {}) {
  const bootloader = new AdafruitBootloader(options);
  let activated = false;
  bootloader.onActivated = () => {
    activated = true;
    if (options.link !== "uart") setImmediate(() => bootloader.onUnplug());
  };
  const job = jobFor("feather-nrf52840", address, [{ address: applicationAt, bytes: image }]);
  const flash = (changes: Partial<FlashJob> = {}) =>
    adafruitDfu({ openLine: lineTo(bootloader), listPorts, timing })({ ...job, ...changes });
  const written = () => bootloader.target.flash.bytes.subarray(applicationAt, applicationAt + image.length);
  return { bootloader, job, flash, written, isActivated: () => activated };
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

it("sums as CRC-16/CCITT-FALSE: its check value in the CRC catalogue (reveng) is 0x29b1", () => {
  expect(crc16(new TextEncoder().encode("123456789"))).toBe(0x29b1);
});

describe("Adafruit's bootloader", () => {
  it("gets the image behind the SoftDevice, starts it, and finds nothing against the protocol", async () => {
    const { bootloader, job, flash, written, isActivated } = board();
    expect(await flash()).toEqual({ bytes: 2504, verified: "bootloader" });
    expect(same(written(), image)).toBe(true);
    expect(isActivated()).toBe(true);
    expect(job.stages).toEqual(["connecting", "erasing", "writing", "restarting"]);
    expect(bootloader.violations).toEqual([]);
  });

  const harms: PacketHarm[] = ["drop", "double", "corrupt", "delay"];
  it.each(harms)("gets the image over a UART whichever packet fares ill: %s", async (harm) => {
    const runs = (["in", "out"] as const).flatMap((direction) =>
      Array.from({ length: 8 }, (_, packet): PacketFault => ({ harm, direction, packet, delayMs: 150 })),
    );
    await Promise.all(
      runs.map(async (fault) => {
        const { bootloader, flash, written, isActivated } = board({ link: "uart", faults: { packets: [fault] } });
        await expect(flash(), JSON.stringify(fault)).resolves.toMatchObject({ verified: "bootloader" });
        expect(same(written(), image), JSON.stringify(fault)).toBe(true);
        expect(isActivated(), JSON.stringify(fault)).toBe(true);
        expect(bootloader.violations).toEqual([]);
      }),
    );
  });

  it("never takes wrong bytes for flashed, and seldom gives up: many packets at once, by chance", async () => {
    const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
    const outcomes = await Promise.all(
      seeds.map(async (seed) => {
        const { flash, written } = board({ link: "uart", faults: randomPlan(seed, 10, 6) });
        const said = await flash().catch((error: Error) => error.message);
        if (typeof said === "string") expect(said, `seed ${seed}`).toMatch(/^wrist-07: .+; the board .+; .+/);
        else expect(same(written(), image), `seed ${seed}`).toBe(true);
        return typeof said === "string" ? said : undefined;
      }),
    );
    expect(outcomes.filter((one) => one !== undefined).length).toBeLessThan(5);
  });

  it("leaves a state that is named when the plug is pulled, at whichever packet", async () => {
    const directions = ["in", "out"] as const;
    const runs = directions.flatMap((direction) => Array.from({ length: 8 }, (_, packet) => ({ direction, packet })));
    await Promise.all(
      runs.map(async ({ direction, packet }) => {
        const { flash } = board({ faults: { packets: [{ harm: "unplug", direction, packet }] } });
        const state =
          packet === 0 ? "may be erased already" : packet === 7 ? "has the whole image" : "is erased and in";
        await expect(flash(), `${direction} ${packet}`).rejects.toMatchObject({
          code: "flash-failed",
          message: expect.stringMatching(
            new RegExp(
              `^wrist-07: the port went away at the .*; the board ${state}.*; see that it is plugged in, then .*press its reset`,
            ),
          ),
        });
      }),
    );
  });

  it("is asked again when a board is flashed that an earlier attempt left erased", async () => {
    const { bootloader, flash, written } = board({
      faults: { packets: [{ harm: "corrupt", direction: "in", packet: 3 }] },
    });
    const stop = new AbortController();
    const interrupted = flash({
      signal: stop.signal,
      onProgress: (stage, done) => stage === "writing" && done > 1000 && stop.abort(),
    });
    await expect(interrupted).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringContaining("the board is erased and in its bootloader; press its reset button twice"),
    });
    await expect(flash()).rejects.toThrow(
      /in the middle of another transfer; the board is erased.*press its reset button twice/,
    );
    bootloader.restart();
    await flash();
    expect(same(written(), image)).toBe(true);
  });

  it("is told from a port behind which there is none", async () => {
    const packets = Array.from({ length: 5 }, (_, packet): PacketFault => ({ harm: "drop", direction: "in", packet }));
    const { flash } = board({ faults: { packets } });
    await expect(flash()).rejects.toThrow(
      /no bootloader answers at .*the board still has its old firmware; press its reset button twice/,
    );
  });

  it("keeps an image that does not agree with its sum from being taken for flashed: flash that fails to program", async () => {
    const faults = { flash: [{ operation: "program" as const, address: applicationAt + 1024 }] };
    const { flash, isActivated } = board({ faults });
    await expect(flash()).rejects.toMatchObject({
      code: "flash-verify",
      message: expect.stringMatching(
        /did not accept the image.*the board has the whole image, but has not confirmed it; press/,
      ),
    });
    expect(isActivated()).toBe(false);
  });

  it("keeps firmware of an impossible size from being taken for flashed", async () => {
    const { bootloader, flash } = board();
    const huge = { address: applicationAt, bytes: new Uint8Array(0xf0000) };
    await expect(flash({ segments: [huge] })).rejects.toMatchObject({
      code: "flash-failed",
      message: expect.stringMatching(/its bootloader began anew at the init packet.*; press its reset/),
    });
    expect(bootloader.resets).toBe(1);
  });

  it("is not even opened for firmware that begins elsewhere", async () => {
    const { flash } = board();
    await expect(flash({ segments: [{ address: 0, bytes: image }] })).rejects.toThrow(
      /puts applications at 0x26000, the firmware begins at 0x0; the board still has its old firmware; build it for feather-nrf52840/,
    );
  });
});

describe("the 1200-baud touch", () => {
  const folder = mkdtempSync(join(tmpdir(), "ftte-touch-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("brings a running board into its bootloader, through a port that vanishes and comes back", async () => {
    const link = join(folder, "tty");
    const bootloader = new AdafruitBootloader();
    const touched = new TouchBoard({ link, bootloader });
    await touched.start();
    try {
      const job = jobFor("feather-nrf52840", link, [{ address: applicationAt, bytes: image }]);
      const slow = { ...timing, bootMs: 100, acknowledgeMs: 2000, leaveMs: 20_000 };
      await adafruitDfu({ listPorts: async () => [], timing: slow })(job);
      expect(touched.touches).toBe(1);
      expect(same(bootloader.target.flash.bytes.subarray(applicationAt, applicationAt + image.length), image)).toBe(
        true,
      );
    } finally {
      await touched.end();
    }
  });
});

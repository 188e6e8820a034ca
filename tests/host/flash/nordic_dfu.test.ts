// Flashing through Nordic's Secure DFU against an independent bootloader (tests/counterparts): what is in flash afterwards, every packet
// lost, doubled, corrupted or late, the plug pulled at each and the transfer gone on with, and what a bootloader may refuse.
import { describe, expect, it } from "vitest";
import type { FlashJob } from "../../../host/flash/method.ts";
import { nordicDfu } from "../../../host/flash/nordic_dfu.ts";
import { type FaultPlan, type PacketFault, type PacketHarm, randomPlan } from "../../counterparts/faults.ts";
import { NordicBootloader, type NordicOptions } from "../../counterparts/nordic_bootloader.ts";
import { attachToPty } from "../../counterparts/pty_line.ts";
import { lineTo } from "./counterpart_line.ts";
import { firmware, jobFor } from "./job.ts";

const applicationAt = 0x1000;
/** Three objects of 4096 bytes at most, the last one not whole. */
const image = firmware(9001);
/** Long for a busy machine, on which fifty transfers run at once: a late packet comes in good time before the second attempt's end. */
const patienceMs = 300;
const lateMs = 1.25 * patienceMs;

function board(options: NordicOptions = {}) {
  const bootloader = new NordicBootloader(options);
  let activated = false;
  bootloader.onActivated = () => {
    activated = true;
  };
  const job = jobFor("nrf52840-dongle", "/dev/ttyACM0", [{ address: applicationAt, bytes: image }]);
  const flash = (changes: Partial<FlashJob> = {}) =>
    nordicDfu({ openLine: lineTo(bootloader), patienceMs })({ ...job, ...changes });
  const written = () => bootloader.flash.bytes.subarray(applicationAt, applicationAt + image.length);
  return { bootloader, job, flash, written, isActivated: () => activated };
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** How many packets a transfer without faults takes. */
async function packetsOfOne(mtu: number) {
  const { bootloader, flash } = board({ mtu });
  await flash();
  return bootloader.packets;
}

describe("Nordic's bootloader", () => {
  it.each([131, 2051])("gets the image and its hash, with an MTU of %i", async (mtu) => {
    const { bootloader, job, flash, written, isActivated } = board({ mtu });
    expect(await flash()).toEqual({ bytes: 9004, verified: "hash" });
    expect(same(written(), image)).toBe(true);
    expect(isActivated()).toBe(true);
    expect(job.stages).toEqual(["connecting", "writing", "verifying", "restarting"]);
    expect(bootloader.violations).toEqual([]);
  });

  it("gets the image over a real pty", async () => {
    const bootloader = new NordicBootloader({ mtu: 131 });
    const pty = await attachToPty(bootloader);
    try {
      const job = jobFor("nrf52840-dk", pty.path, [{ address: applicationAt, bytes: image }]);
      expect(await nordicDfu({ patienceMs: 5000 })(job)).toEqual({ bytes: 9004, verified: "hash" });
      const written = bootloader.flash.bytes.subarray(applicationAt, applicationAt + image.length);
      expect(same(written, image)).toBe(true);
    } finally {
      await pty.unplug();
    }
  });

  it.each([
    [0, "where the master boot record is"],
    [0x27000, "behind a SoftDevice"],
  ])("is not even opened for firmware at %i, %s", async (at) => {
    const { bootloader, flash } = board();
    await expect(flash({ segments: [{ address: at, bytes: image }] })).rejects.toThrow(
      `puts applications without a SoftDevice at 0x1000, the firmware begins at 0x${at.toString(16)}; the board still has its old firmware; flash it by`,
    );
    expect(bootloader.packets.in).toBe(0);
  });

  const harms: PacketHarm[] = ["drop", "double", "corrupt", "delay"];
  it.each(harms)("gets the image whichever packet fares ill: %s", async (harm) => {
    const total = await packetsOfOne(2051);
    const runs = (["in", "out"] as const).flatMap((direction) =>
      Array.from(
        { length: total[direction] },
        (_, packet): PacketFault => ({ harm, direction, packet, delayMs: lateMs }),
      ),
    );
    expect(runs.length).toBeGreaterThan(40);
    const one = async (fault: PacketFault) => {
      const { flash, written, isActivated } = board({ faults: { packets: [fault] } });
      const isLastWord =
        fault.direction === "out" && fault.packet === total.out - 1 && (harm === "drop" || harm === "corrupt");
      const outcome = await flash().catch((error: Error) => error.message);
      expect([outcome, isActivated()], JSON.stringify(fault)).toEqual([expect.anything(), true]);
      expect(same(written(), image), JSON.stringify(fault)).toBe(true);
      // Whether the last packet of all arrived is known to nobody.
      if (isLastWord) expect(outcome).toMatch(/has the whole image|verified/);
      else expect(outcome, JSON.stringify(fault)).toMatchObject({ verified: "hash" });
    };
    await Promise.all(runs.map(one));
  });

  it("never takes wrong bytes for flashed, and seldom gives up: many packets at once, by chance", async () => {
    const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
    const outcomes = await Promise.all(
      seeds.map(async (seed) => {
        const { flash, written } = board({ faults: randomPlan(seed, 40, 6) });
        const said = await flash().catch((error: Error) => error.message);
        if (typeof said === "string") expect(said, `seed ${seed}`).toMatch(/^wrist-07: .+; the board .+; .+/);
        else expect(same(written(), image), `seed ${seed}`).toBe(true);
        return typeof said === "string" ? said : undefined;
      }),
    );
    expect(outcomes.filter((one) => one !== undefined).length).toBeLessThan(5);
  });

  it("leaves a state that is named when the plug is pulled, at whichever packet", async () => {
    const total = await packetsOfOne(2051);
    for (let packet = 0; packet < total.in - 1; packet++) {
      const { bootloader, flash } = board({ faults: { packets: [{ harm: "unplug", direction: "in", packet }] } });
      await expect(flash(), `packet ${packet}`).rejects.toMatchObject({
        code: "flash-failed",
        message: expect.stringMatching(
          /^wrist-07: the port went away; the board (still has its old firmware|is in its bootloader, its firmware partly overwritten|has the whole image, but has not confirmed it); see that it is plugged in, then press/,
        ),
      });
      expect(bootloader.unplugged).toBe(true);
    }
  });

  it("refuses firmware for other hardware, in its own words", async () => {
    const { flash, written } = board({ identity: { hwVersion: 51 } });
    await expect(flash()).rejects.toMatchObject({
      code: "flash-failed",
      message: expect.stringMatching(
        /the firmware is for other hardware; the board still has its old firmware; press its reset/,
      ),
    });
    expect(written().every((byte) => byte === 0xff)).toBe(true);
  });

  it.each(["erase", "program"] as const)("does not take flash that fails to %s for flashed", async (operation) => {
    const { flash, isActivated } = board({ faults: { flash: [{ operation, address: applicationAt + 5000 }] } });
    await expect(flash()).rejects.toMatchObject({
      message: expect.stringMatching(
        /; the board (is in its bootloader, its firmware partly overwritten|has the whole image.*); press its reset/,
      ),
    });
    expect(isActivated()).toBe(false);
  });

  it("is told from a port behind which there is none", async () => {
    const packets = Array.from(
      { length: 100 },
      (_, packet): PacketFault => ({ harm: "drop", direction: "in", packet }),
    );
    await expect(board({ faults: { packets } }).flash()).rejects.toThrow(
      /no Nordic bootloader answers at \/dev\/ttyACM0 .*; the board still has its old firmware; press its reset/,
    );
  });
});

describe("a transfer that was cut", () => {
  /** Interrupted after its first object, then begun anew with the same bootloader; returns how many writes that took. */
  async function resumed(changeBetween: (bootloader: NordicBootloader) => void, segments?: FlashJob["segments"]) {
    const plan: FaultPlan = {};
    const { bootloader, flash, written } = board({ faults: plan });
    const stop = new AbortController();
    const first = flash({ signal: stop.signal, onProgress: (stage) => stage === "writing" && stop.abort() });
    await expect(first).rejects.toMatchObject({ code: "interrupted" });
    changeBetween(bootloader);
    const before = bootloader.packets.in;
    await flash(segments ? { segments } : {});
    return { packets: bootloader.packets.in - before, written: written() };
  }

  it("is gone on with where it stopped, also after a power cut", async () => {
    const whole = (await packetsOfOne(2051)).in;
    const here = await resumed(() => {});
    const afterCut = await resumed((bootloader) => bootloader.powerCycle());
    expect(here.packets).toBeLessThan(whole);
    expect(afterCut.packets).toBeLessThan(whole);
    expect(same(here.written, image) && same(afterCut.written, image)).toBe(true);
  });

  it("is begun anew with other firmware", async () => {
    const other = firmware(image.length, 9);
    const { written } = await resumed(() => {}, [{ address: applicationAt, bytes: other }]);
    expect(same(written, other)).toBe(true);
  });
});

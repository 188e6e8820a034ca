// Flashing an nRF52840 through a CMSIS-DAP probe, both independent (tests/counterparts): what is in flash and UICR afterwards, protection,
// the wrong chip, worn flash, and every packet lost, doubled, corrupted or the last before the plug is pulled.
import type { Transport } from "dapjs";
import { describe, expect, it } from "vitest";
import { cmsisDap } from "../../../host/flash/cmsis_dap.ts";
import type { FlashJob } from "../../../host/flash/method.ts";
import { type CmsisDapOptions, CmsisDapProbe, packetBytes } from "../../counterparts/cmsis_dap_probe.ts";
import type { PacketFault, PacketHarm } from "../../counterparts/faults.ts";
import { firmware, jobFor } from "./job.ts";

/** The probe's two endpoints; a read ends when nothing came for a while, as a USB transfer does. */
function endpoints(probe: CmsisDapProbe): Transport {
  const answers: Buffer[] = [];
  let wake = () => {};
  probe.onSend = (bytes) => {
    answers.push(bytes);
    wake();
  };
  return {
    packetSize: packetBytes,
    open: async () => {},
    close: async () => {},
    write: async (data) => {
      if (probe.unplugged) throw new Error("LIBUSB_ERROR_NO_DEVICE");
      probe.receive(new Uint8Array(ArrayBuffer.isView(data) ? data.buffer : data));
    },
    read: async () => {
      if (answers.length === 0)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 40);
          wake = () => resolve(clearTimeout(timer));
        });
      const answer = answers.shift();
      if (!answer) throw new Error("the probe did not answer");
      return new DataView(new Uint8Array(answer).buffer);
    },
  };
}

/** Two segments with a gap, of odd lengths, in three pages; one word in it is that of erased flash. */
const segments = [
  { address: 0, bytes: firmware(4099) },
  { address: 0x3010, bytes: firmware(333, 2).fill(0xff, 16, 24) },
];

/** For sweeps. */
const small = [{ address: 0, bytes: segments[0]!.bytes.subarray(0, 60) }];

function bench(options: CmsisDapOptions = {}) {
  const probe = new CmsisDapProbe({ serial: "A1", ...options });
  const job = jobFor("nrf52840-dk", "A1", segments);
  const flash = (changes: Partial<FlashJob> = {}) =>
    cmsisDap({ openProbe: async () => endpoints(probe) })({ ...job, ...changes });
  const written = (expected: FlashJob["segments"] = segments) =>
    expected.every(
      ({ address, bytes }) =>
        Buffer.compare(probe.target.nvmc.flash.bytes.subarray(address, address + bytes.length), bytes) === 0,
    );
  return { probe, job, flash, written };
}

describe("a CMSIS-DAP probe", () => {
  it("writes the pages that the firmware touches, leaves the others, and lets the chip run", async () => {
    const { probe, job, flash, written } = bench();
    probe.target.nvmc.flash.bytes.fill(0x55);
    expect(await flash()).toEqual({ bytes: 4099 + 333, verified: "read-back" });
    expect(written()).toBe(true);
    expect(probe.target.nvmc.flash.bytes[0x2fff]).toBe(0x55);
    expect(probe.target.nvmc.flash.bytes[0x4000]).toBe(0x55);
    expect(probe.target.nvmc.flash.bytes[0x1fff]).toBe(0xff);
    expect(probe.target.core.running).toBe(true);
    expect(job.stages).toEqual(["connecting", "erasing", "writing", "verifying", "restarting"]);
    expect(probe.violations).toEqual([]);
  });

  it("asks before it lifts protection, and says what that erases", async () => {
    const { probe, flash } = bench({ approtect: 0, protection: "hardware" });
    probe.target.nvmc.flash.bytes.fill(0x55);
    await expect(flash()).rejects.toMatchObject({
      code: "flash-protected",
      message: expect.stringMatching(
        /^wrist-07: .*APPROTECT.*; the board still has its old firmware; .*--recover, which erases everything: .*UICR/,
      ),
    });
    expect(probe.target.locked).toBe(true);
    expect(probe.target.nvmc.flash.bytes[0]).toBe(0x55);
  });

  it.each(["hardware", "improved"] as const)(
    "erases everything and flashes when told to recover: %s protection",
    async (protection) => {
      const { probe, job, flash, written } = bench({ approtect: 0, protection });
      probe.target.nvmc.flash.bytes.fill(0x55);
      probe.target.nvmc.uicr.bytes[0x14] = 0;
      expect(await flash({ recover: true })).toMatchObject({ verified: "read-back" });
      expect(written()).toBe(true);
      expect(probe.target.nvmc.flash.bytes[0x80000]).toBe(0xff);
      expect(probe.target.nvmc.uicr.bytes[0x14]).toBe(0xff);
      expect(job.stages[1]).toBe("erasing");
      probe.target.powerOn();
      expect(probe.target.locked).toBe(false); // and firmware can be written again
      expect(probe.violations).toEqual([]);
    },
  );

  it("does not recover a chip that is open, though it may", async () => {
    const { probe, flash } = bench();
    probe.target.nvmc.flash.bytes[0x80000] = 7;
    await flash({ recover: true });
    expect(probe.target.nvmc.flash.bytes[0x80000]).toBe(7);
  });

  it("refuses another chip before it erases anything", async () => {
    const { probe, flash } = bench({ part: 0x52832 });
    probe.target.nvmc.flash.bytes.fill(0x55);
    await expect(flash()).rejects.toMatchObject({
      code: "board-wrong",
      message: expect.stringMatching(
        /is an nRF52832, nrf52840-dk has an nRF52840; the board still has its old firmware/,
      ),
    });
    expect(probe.target.nvmc.flash.bytes.every((byte) => byte === 0x55)).toBe(true);
  });

  it.each(["erase", "program"] as const)("finds flash that fails to %s, by its address", async (operation) => {
    const { probe, flash } = bench({ faults: { flash: [{ operation, address: 0x3010 }] } });
    probe.target.nvmc.flash.bytes.fill(0x55);
    await expect(flash()).rejects.toMatchObject({
      code: "flash-verify",
      message: expect.stringMatching(
        /flash at 0x30[01]. reads 0x[0-9a-f]+, not the .*; the board has its firmware partly overwritten/,
      ),
    });
  });

  it("stops when it is interrupted", async () => {
    const stop = new AbortController();
    const { flash } = bench();
    const onProgress: FlashJob["onProgress"] = (stage) => stage === "writing" && stop.abort();
    await expect(flash({ signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringContaining("the board has its firmware partly overwritten"),
    });
  });

  it("ends with a state that is named, or with the right bytes, whichever packet fares ill", async () => {
    const tried = bench();
    await tried.flash({ segments: small });
    const { packets } = tried.probe;
    const harms: PacketHarm[] = ["drop", "double", "corrupt", "unplug"];
    const numbers = [...range(0, 25), ...range(25, packets.in - 8, 29), ...range(packets.in - 8, packets.in)];
    const faults = harms.flatMap((harm) =>
      (["in", "out"] as const).flatMap((direction) =>
        numbers.map((packet): PacketFault => ({ harm, direction, packet })),
      ),
    );
    const outcomes = await Promise.all(faults.map((fault) => outcome(fault)));
    expect(outcomes.filter((one) => one !== undefined)).toEqual([]);
  });
});

/** Undefined if all is well: flashed right, or failed with a state and a next step. */
async function outcome(fault: PacketFault): Promise<string | undefined> {
  const { flash, written } = bench({ faults: { packets: [fault] } });
  const said = await flash({ segments: small }).catch(
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
  if (typeof said !== "string") return written(small) ? undefined : `${JSON.stringify(fault)}: not flashed`;
  const named = /^(flash-failed|flash-verify|flash-protected|board-wrong): wrist-07: .+; the board .+; .+/.test(said);
  return named ? undefined : `${JSON.stringify(fault)}: ${said}`;
}

function range(from: number, to: number, step = 1): number[] {
  const numbers: number[] = [];
  for (let at = from; at < to; at += step) numbers.push(at);
  return numbers;
}

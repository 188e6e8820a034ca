// Flashes through Adafruit's nRF52 serial bootloader (Feather, XIAO): sends one application, and sees the board leave. The
// packets are adafruit_packets.ts, the way into the bootloader touch.ts. Updates neither SoftDevice nor bootloader, and reads nothing back: the bootloader offers no way to.
//
// Sources: adafruit-nrfutil, nordicsemi/dfu/dfu_transport_serial.py (order, waits), and Adafruit_nRF52_Bootloader: hci_transport.c (what is
// acknowledged: each sound packet in sequence, on arrival; one out of sequence is answered with the number that was expected),
// dfu_single_bank.c (START erases; a refused INIT resets; STOP starts the image only if its CRC-16 is right).
// Unlike adafruit-nrfutil, packets that are not acknowledged are sent again.

import { setTimeout as sleep } from "node:timers/promises";
import { listPorts, type PortCandidate } from "../link/ports.ts";
import {
  acknowledged,
  dataBytes,
  dataPacket,
  hciPacket,
  initPacket,
  startPacket,
  stopPacket,
} from "./adafruit_packets.ts";
import { type Failure, flashFailure } from "./failure.ts";
import { flatten, hex } from "./image.ts";
import { type OpenLine, openLine } from "./line.ts";
import type { FlashJob, FlashMethod } from "./method.ts";
import { LineGone, SlipLine } from "./slip_line.ts";
import { openBootloader, type TouchTiming } from "./touch.ts";

/** In milliseconds, adafruit-nrfutil's where it has one. */
export interface AdafruitTiming extends TouchTiming {
  acknowledgeMs: number;
  erasePageMs: number;
  leastEraseMs: number;
  /** 1024 words of 41 µs each, tWRITE of the nRF52840 (product specification, NVMC). */
  writePageMs: number;
  /** From STOP until the board must have left its bootloader: a page of settings, and USB's goodbye. */
  leaveMs: number;
}

const vendorTiming: AdafruitTiming = {
  touchMs: 100,
  bootMs: 1500,
  comeBackMs: 10_000,
  acknowledgeMs: 1000,
  erasePageMs: 89.7,
  leastEraseMs: 500,
  writePageMs: 42,
  leaveMs: 3000,
};

export interface AdafruitOptions {
  openLine?: OpenLine;
  listPorts?: () => Promise<PortCandidate[]>;
  timing?: Partial<AdafruitTiming>;
}

const baudRate = 115_200;
const pageBytes = 4096;
const tries = 5;
/** What a bootloader expects after its reset: INITIAL_ACK_NUMBER_EXPECTED. */
const firstSequence = 1;
const again = "press its reset button twice and flash it again";
const unchanged = "still has its old firmware";
const erased = "is erased and in its bootloader";
const wholeImage = "has the whole image, but has not confirmed it";

/** `address` of the job is the board's serial port, of its application or of its bootloader. Verified by the bootloader's CRC-16. */
export function adafruitDfu(options: AdafruitOptions = {}): FlashMethod {
  const timing = { ...vendorTiming, ...options.timing };
  const open = options.openLine ?? openLine;
  return async (job) => {
    const image = applicationImage(job);
    job.onProgress("connecting", 0, 0);
    const line = await openBootloader(job, baudRate, { open, list: options.listPorts ?? listPorts, timing });
    try {
      await line.setSignals({ dtr: true, rts: true });
      await new Transfer(job, new SlipLine(line), image, timing).run();
    } finally {
      await line.close();
    }
    return { bytes: image.length, verified: "bootloader" };
  };
}

/** The bootloader writes the file behind the SoftDevice, whatever address it was linked for. */
function applicationImage(job: FlashJob): Uint8Array {
  const { address, bytes } = flatten(job.segments);
  const expected = Number(job.board.flashing.applicationAt);
  if (address === expected) return bytes;
  throw flashFailure(job, {
    what: `this bootloader puts applications at ${hex(expected)}, the firmware begins at ${hex(address)}`,
    state: unchanged,
    next: `build it for ${job.board.id}`,
  });
}

/** One application's way through an open bootloader. */
class Transfer {
  private sequence = firstSequence;
  private answer: number | undefined;
  private state = "may be erased already";

  constructor(
    private readonly job: FlashJob,
    private readonly line: SlipLine,
    private readonly image: Uint8Array,
    private readonly timing: AdafruitTiming,
  ) {}

  async run(): Promise<void> {
    const { job, image, timing } = this;
    job.onProgress("erasing", 0, image.length);
    await this.send("the start packet", startPacket(image.length));
    this.state = erased;
    const pages = Math.floor(image.length / pageBytes) + 1;
    await sleep(Math.max(timing.leastEraseMs, pages * timing.erasePageMs));
    await this.send("the init packet", initPacket(image));
    await this.sendImage();
    job.onProgress("restarting", 0, 0);
    this.state = wholeImage;
    // Where there is silence the bootloader is gone: it acknowledges whatever it gets.
    if (await this.deliver("the stop packet", stopPacket())) await this.seeItLeave();
  }

  private async sendImage(): Promise<void> {
    const { job, image, timing } = this;
    for (let at = 0; at < image.length; at += dataBytes) {
      job.onProgress("writing", at, image.length);
      await this.send(`the packet at byte ${at} of ${image.length}`, dataPacket(image.subarray(at, at + dataBytes)));
      if (at > 0 && at % pageBytes === 0) await sleep(timing.writePageMs); // it writes a page when the next one begins
    }
    job.onProgress("writing", image.length, image.length);
    await sleep(timing.writePageMs);
  }

  private async send(what: string, payload: Uint8Array): Promise<void> {
    if (!(await this.deliver(what, payload))) throw this.failure(this.silence(what));
  }

  /** Until the bootloader expects the packet after it; false if it never does. */
  private async deliver(what: string, payload: Uint8Array): Promise<boolean> {
    if (this.job.signal?.aborted) throw this.interrupted();
    const packet = hciPacket(this.sequence, payload);
    const next = (this.sequence + 1) & 7;
    try {
      for (let sent = 0; sent < tries; sent++) {
        await this.line.write(packet);
        if (!(await this.isExpected(next))) continue;
        this.sequence = next;
        return true;
      }
      return false;
    } catch (error) {
      if (!(error instanceof LineGone)) throw error;
      const remedy = this.state === wholeImage ? `ask it (ftte boards), and if it is silent ${again}` : again;
      throw this.failure({
        what: `the port went away at ${what}`,
        next: `see that it is plugged in, then ${remedy}`,
        cause: error,
      });
    }
  }

  private interrupted() {
    const state = this.sequence === firstSequence && this.state !== erased ? unchanged : this.state;
    return this.failure({ code: "interrupted", what: "interrupted", state, next: again });
  }

  private silence(what: string): Omit<Failure, "state"> & { state?: string } {
    if (this.answer === undefined)
      return { what: `no bootloader answers at ${this.job.address}`, state: unchanged, next: again };
    if (this.sequence === firstSequence)
      return { what: "its bootloader is in the middle of another transfer", state: erased, next: again };
    if (this.answer === firstSequence)
      return { what: `its bootloader began anew at ${what}: it takes no firmware like this one`, next: again };
    return { what: `${what} was not acknowledged, sent ${tries} times`, next: again };
  }

  /** Acknowledgements of earlier packets, which a repeated one brings, are passed over. */
  private async isExpected(next: number): Promise<boolean> {
    const until = performance.now() + this.timing.acknowledgeMs;
    for (;;) {
      const frame = await this.line.next(until - performance.now());
      if (!frame) return false;
      this.answer = acknowledged(frame) ?? this.answer;
      if (acknowledged(frame) === next) return true;
    }
  }

  /**
   * A bootloader that refuses the image says nothing and stays; on a USB port one that starts it takes the port away. Where the port is a
   * UART's, the last packet is repeated: only a bootloader acknowledges it.
   */
  private async seeItLeave(): Promise<void> {
    if (await this.line.leaves(this.timing.leaveMs)) return;
    const stop = hciPacket((this.sequence + 7) & 7, stopPacket());
    try {
      this.line.discard();
      await this.line.write(stop);
      if (!(await this.isExpected(this.sequence))) return;
    } catch (error) {
      if (error instanceof LineGone) return;
      throw error;
    }
    throw this.failure({
      code: "flash-verify",
      what: "the bootloader did not accept the image: its CRC-16, or the device it is for, differs from what was announced",
      next: again,
    });
  }

  private failure(failure: Omit<Failure, "state"> & { state?: string }) {
    return flashFailure(this.job, { state: this.state, ...failure });
  }
}

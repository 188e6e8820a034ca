// Flashes through Nordic's Secure DFU bootloader over a USB CDC port: one application, unsigned. Goes on where an earlier attempt ended, if
// that was the same firmware. Does not bring the board into its bootloader: that is a button's work. On UART pins Nordic's own tool needs
// RTS and CTS, which this has not: what gets lost there is sent again.
//
// Sources: nRF5 SDK 17.1, "Device Firmware Update process" (object by object: select, create, write, CRC, execute; the offset and the CRC
// of data objects run over the whole image) and nrf_dfu_req_handler.c (execute may be repeated; the last one checks the image's SHA-256);
// pc-nrfutil, nordicsemi/dfu/dfu_transport_serial.py (order, resumption). Unlike pc-nrfutil, an object that got lost is sent again.

import { crc32 } from "node:zlib";
import { flashFailure } from "./failure.ts";
import { flatten, hex, type Image } from "./image.ts";
import { type OpenLine, openLine } from "./line.ts";
import type { FlashJob, FlashMethod } from "./method.ts";
import { afterMbr, initPacket } from "./nordic_init_packet.ts";
import { isFinal, isHashMismatch, isNotPermitted, objectType } from "./nordic_messages.ts";
import { NordicSession, Setback } from "./nordic_session.ts";
import { LineGone, SlipLine } from "./slip_line.ts";

export interface NordicOptions {
  openLine?: OpenLine;
  /** How long a response may take, in milliseconds; 3000 by default. */
  patienceMs?: number;
}

const baudRate = 115_200;
/** Setbacks in a row, of the same object. */
const mostSetbacks = 5;
/** Before anything answered: a port without a bootloader is to be told soon. */
const fewestSetbacks = 2;
const setbacksBeforeAnew = 3;
const again = "press its reset button (on a dongle, RESET) and flash it again: it goes on where it stopped";
const untouched = "still has its old firmware";
const withoutFirmware = "is in its bootloader, its firmware partly overwritten";

/** `address` of the job is the bootloader's serial port. Verified by the bootloader, against the init packet's SHA-256. */
export function nordicDfu(options: NordicOptions = {}): FlashMethod {
  return async (job) => {
    const image = applicationImage(job);
    job.onProgress("connecting", 0, 0);
    const line = await (options.openLine ?? openLine)(job.address, baudRate);
    try {
      await line.setSignals({ dtr: true, rts: true });
      await new Transfer(job, new SlipLine(line), image, options.patienceMs ?? 3000).run();
    } finally {
      await line.close();
    }
    return { bytes: image.bytes.length, verified: "hash" };
  };
}

/** The bootloader writes a file that needs no SoftDevice behind the master boot record, whatever address it was linked for. */
function applicationImage(job: FlashJob): Image {
  const image = flatten(job.segments);
  if (image.address === afterMbr) return image;
  throw flashFailure(job, {
    what: `this bootloader puts applications without a SoftDevice at ${hex(afterMbr)}, the firmware begins at ${hex(image.address)}`,
    state: untouched,
    next: `flash it by another method, or build it for a board whose applicationAt is ${hex(afterMbr)}`,
  });
}

/** One application's way through an open bootloader. */
class Transfer {
  private readonly session: NordicSession;
  private state = untouched;
  private setbacks = 0;
  private startedAnew = false;

  constructor(
    private readonly job: FlashJob,
    line: SlipLine,
    private readonly image: Image,
    patienceMs: number,
  ) {
    this.session = new NordicSession(line, patienceMs);
  }

  async run(): Promise<void> {
    await this.persist(() => this.session.prepare(), fewestSetbacks);
    await this.persist(async () => {
      await this.sendInit();
      await this.sendImage();
    });
    this.job.onProgress("restarting", 0, 0);
  }

  /** Repeats `work` after setbacks, as long as objects get done between them. */
  private async persist(work: () => Promise<void>, most = mostSetbacks): Promise<void> {
    for (;;) {
      try {
        if (this.setbacks > 0) await this.session.prepare();
        return await work();
      } catch (error) {
        if (error instanceof LineGone) throw this.lost(error);
        if (!(error instanceof Setback)) throw error;
        if (++this.setbacks >= most || (error.refusal && isFinal(error.refusal))) throw this.refused(error);
      }
    }
  }

  /** A new init object makes the bootloader forget all that it has, which is what is left to try when nothing else helps: once. */
  private async sendInit(): Promise<void> {
    const packet = initPacket(this.image);
    const { offset, crc } = await this.session.select(objectType.command);
    const anew = this.setbacks >= setbacksBeforeAnew && !this.startedAnew;
    this.startedAnew ||= anew;
    const resumes = !anew && offset > 0 && offset <= packet.length && crc === crc32(packet.subarray(0, offset));
    if (!resumes) await this.session.create(objectType.command, packet.length);
    await this.session.write(packet, resumes ? offset : 0, packet.length);
    await this.session.execute();
  }

  private async sendImage(): Promise<void> {
    const { bytes } = this.image;
    const { maxSize, offset, crc } = await this.session.select(objectType.data);
    if (maxSize === 0 || offset > bytes.length) throw new Setback(`the bootloader has ${offset} bytes already`);
    this.state = withoutFirmware;
    let at = await this.completeObject(offset, crc, maxSize);
    while (at < bytes.length) {
      const end = Math.min(at + maxSize, bytes.length);
      await this.session.create(objectType.data, end - at);
      await this.session.write(bytes, at, end);
      await this.executeTo(end);
      at = end;
    }
  }

  /**
   * Of an earlier attempt, the object that it was in; returns where the next one begins. What does not agree is made anew. At an object's
   * end nobody knows whether it was executed or the next one made: executing is refused then, and making the next one again is right.
   */
  private async completeObject(offset: number, crc: number, maxSize: number): Promise<number> {
    const { bytes } = this.image;
    if (offset === 0) return 0;
    const begin = Math.floor((offset - 1) / maxSize) * maxSize;
    if (crc !== crc32(bytes.subarray(0, offset))) return begin;
    const end = Math.min(begin + maxSize, bytes.length);
    await this.session.write(bytes, offset, end);
    try {
      await this.executeTo(end);
    } catch (error) {
      const wasExecuted = offset === end && end < bytes.length;
      if (!(wasExecuted && error instanceof Setback && error.refusal && isNotPermitted(error.refusal))) throw error;
    }
    return end;
  }

  private async executeTo(end: number): Promise<void> {
    const { job, image } = this;
    if (job.signal?.aborted)
      throw flashFailure(job, { code: "interrupted", what: "interrupted", state: this.state, next: again });
    const isLast = end === image.bytes.length;
    if (isLast) {
      job.onProgress("verifying", 0, 0);
      this.state = "has the whole image, but has not confirmed it";
    }
    await this.session.execute(isLast);
    if (!isLast) job.onProgress("writing", end, image.bytes.length);
    this.setbacks = 0;
  }

  private lost(cause: LineGone) {
    const next = `see that it is plugged in, then ${again}`;
    return flashFailure(this.job, { what: "the port went away", state: this.state, next, cause });
  }

  private refused(setback: Setback) {
    const { refusal } = setback;
    const silent = !refusal && this.state === untouched;
    return flashFailure(this.job, {
      code: refusal && isHashMismatch(refusal) ? "flash-verify" : "flash-failed",
      what: silent ? `no Nordic bootloader answers at ${this.job.address} (${setback.message})` : setback.message,
      state: this.state,
      next: again,
      cause: setback,
    });
  }
}

// Brings a running board into its bootloader by the "1200-baud touch": an application's USB port that is opened at 1200 baud and let go
// resets into the bootloader, whose port may get another name. Sends nothing to either.
//
// Sources: adafruit-nrfutil, nordicsemi/dfu/dfu_transport_serial.py, open() (its waits); Adafruit_TinyUSB_Arduino,
// src/arduino/Adafruit_USBD_CDC.cpp, `tud_cdc_line_state_cb` (DTR let go at 1200 baud resets). That the bootloader's port is found by the
// USB serial number, which both take from the chip's id, is ours.

import { setTimeout as sleep } from "node:timers/promises";
import { FtteError } from "../errors.ts";
import type { PortCandidate } from "../link/ports.ts";
import type { Line, OpenLine } from "./line.ts";
import type { FlashJob } from "./method.ts";

/** In milliseconds. */
export interface TouchTiming {
  /** How long the port is held open at 1200 baud. */
  touchMs: number;
  /** From the touch until the bootloader's port is there, usually. */
  bootMs: number;
  /** Until it must be there. */
  comeBackMs: number;
}

export interface TouchOptions {
  open: OpenLine;
  list: () => Promise<PortCandidate[]>;
  timing: TouchTiming;
}

const touchBaudRate = 1200;

/**
 * The bootloader's line at `baudRate`; a board whose port is its bootloader's already is not touched.
 * @throws FtteError of the port, when it cannot be opened or does not come back
 */
export async function openBootloader(job: FlashJob, baudRate: number, options: TouchOptions): Promise<Line> {
  const { open, list, timing } = options;
  const before = (await list()).find(({ address }) => address === job.address);
  if (isBootloader(job, before)) return open(job.address, baudRate);
  await touch(job.address, open, timing.touchMs);
  await sleep(timing.bootMs);
  const until = performance.now() + timing.comeBackMs;
  for (;;) {
    try {
      return await open(await addressNow(job.address, before, list), baudRate);
    } catch (error) {
      if (!(error instanceof FtteError) || error.code === "port-forbidden" || performance.now() > until) throw error;
      await sleep(timing.touchMs);
    }
  }
}

async function addressNow(address: string, before: PortCandidate | undefined, list: TouchOptions["list"]) {
  const serial = before?.usb?.serial;
  if (serial === undefined) return address;
  return (await list()).find(({ usb }) => usb?.serial === serial)?.address ?? address;
}

const isBootloader = (job: FlashJob, port: PortCandidate | undefined) =>
  job.board.usb.some(
    ({ vendor, product, note }) =>
      note === "bootloader" && port?.usb?.vendor === vendor && port.usb.product === product,
  );

async function touch(address: string, open: OpenLine, touchMs: number): Promise<void> {
  const line = await open(address, touchBaudRate);
  await line.setSignals({ dtr: true });
  await sleep(touchMs);
  await line.setSignals({ dtr: false }).catch(() => {}); // the board may have left already
  await line.close();
}

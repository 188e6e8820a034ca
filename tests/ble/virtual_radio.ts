// A virtual controller on a pty, as FTTE_HCI_UART wants it, and the peripherals that tests put behind it.

import { openSerial } from "../../host/link/serial.ts";
import type { SerialDevice } from "../counterparts/counterpart.ts";
import { attachToPty } from "../counterparts/pty_line.ts";
import { type ControllerOptions, VirtualController } from "./controller.ts";
import type { Peripheral } from "./peripheral.ts";

export interface VirtualRadio {
  /** The pty: what FTTE_HCI_UART says. */
  path: string;
  controller: VirtualController;
  /** How long whatever passes between host and controller takes, each way, in ms; 0 at first. More: a slow central. */
  lineMs: number;
  /** Ends the controller; its line goes with it. */
  end(): Promise<void>;
}

export async function virtualRadio(peripherals: Peripheral[], options: ControllerOptions = {}): Promise<VirtualRadio> {
  const slowly = () => delayed(() => radio.lineMs);
  const [toController, toHost] = [slowly(), slowly()];
  const device: SerialDevice = {
    receive: (bytes) => toController(() => controller.take(bytes)),
    onSend: () => {},
    onUnplug: () => {},
  };
  const controller = new VirtualController(peripherals, (bytes) => toHost(() => device.onSend(bytes)), options);
  const line = await attachToPty(device);
  const radio: VirtualRadio = {
    path: line.path,
    controller,
    lineMs: 0,
    async end() {
      controller.end();
      await line.unplug();
    },
  };
  return radio;
}

/** Does what it is given so much later, in order, also when the delay changes meanwhile. */
function delayed(delayMs: () => number): (work: () => void) => void {
  const waiting: { dueMs: number; work: () => void }[] = [];
  const run = () => {
    while (waiting.length > 0 && waiting[0]!.dueMs <= performance.now()) waiting.shift()!.work();
    if (waiting.length > 0) setTimeout(run, waiting[0]!.dueMs - performance.now());
  };
  return (work) => {
    waiting.push({ dueMs: performance.now() + delayMs(), work });
    if (waiting.length === 1) run();
  };
}

/** Returns every byte. */
export function echo(peripheral: Peripheral): Peripheral {
  peripheral.onData((bytes) => peripheral.send(bytes));
  return peripheral;
}

/** Puts the board on this port behind the peripheral, as if the radio were a part of it; returns what takes it off. */
export async function behind(peripheral: Peripheral, port: string): Promise<() => Promise<void>> {
  const line = await openSerial(port);
  line.onData((bytes) => peripheral.send(bytes));
  const ignore = peripheral.onData((bytes) => void line.write(bytes).catch(() => {})); // its power was cut
  return async () => {
    ignore();
    await line.close();
  };
}

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
  /** Ends the controller; its line goes with it. */
  end(): Promise<void>;
}

export async function virtualRadio(peripherals: Peripheral[], options: ControllerOptions = {}): Promise<VirtualRadio> {
  const device: SerialDevice = { receive: (bytes) => controller.take(bytes), onSend: () => {}, onUnplug: () => {} };
  const controller = new VirtualController(peripherals, (bytes) => device.onSend(bytes), options);
  const line = await attachToPty(device);
  return {
    path: line.path,
    controller,
    async end() {
      controller.end();
      await line.unplug();
    },
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

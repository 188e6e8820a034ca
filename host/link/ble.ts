// A Pipe over BLE: the Nordic UART Service as a byte stream (Nordic Semiconductor, "Nordic UART Service": RX characteristic ...0002, write or
// write without response; TX characteristic ...0003, notify). Cuts what is written into packets as long as the link takes, and paces them.
// Knows nothing of frames, and reconnects nothing: a pipe that is gone stays gone, and transfers resume on the next one.

import type { Characteristic, DisconnectReason, Peripheral } from "@stoprocent/noble";
import { FtteError } from "../errors.ts";
import { Arriving } from "./arriving.ts";
import { bleId } from "./ble_address.ts";
import { acquireRadio, uartService } from "./ble_radio.ts";
import type { OpenPipe, Pipe } from "./pipe.ts";
import { within } from "./within.ts";

const receiveUuid = "6e400002b5a3f393e0a9e50e24dcca9e"; // the board receives
const transmitUuid = "6e400003b5a3f393e0a9e50e24dcca9e"; // the board transmits

export interface BlePatience {
  /** For a board to be heard, and for it to take the connection. */
  findMs: number;
  dialMs: number;
  /** For one exchange over the air while it is opened: noble's own never end when the board refuses. */
  exchangeMs: number;
  /** For the response to a write, behind all the writes before it. */
  answerMs: number;
}
/** The last is the specification's (Bluetooth Core 5.4, volume 3, part F, 3.3.3). */
const defaultPatience: BlePatience = { findMs: 10_000, dialMs: 5_000, exchangeMs: 10_000, answerMs: 30_000 };

/** Of ATT. A packet of 247 fits one of the link layer (251, with 4 of L2CAP's); noble tells no smaller of the two ends' wishes. */
const longestMtu = 247;
const shortestMtu = 23;
const commandHeader = 3; // opcode, handle

/**
 * Writes without response are not held back by anything below, and some systems drop what is too much; so after so many packets one asks for
 * a response, and the next ones wait for it. It costs a connection event.
 */
const unansweredMost = 256;
/** A write resolves when no more than this waits to be cut. */
const backlogBytes = 4096;

interface Uart {
  receive: Characteristic;
  transmit: Characteristic;
}

/**
 * An opener of boards by address (ble_address.ts).
 * @throws FtteError "port-absent", "port-busy", "board-wrong", "board-silent", "link-gone"; of the adapter, "radio-absent", "radio-off" and
 * "port-forbidden"
 */
export function bleOpener(patience: BlePatience): OpenPipe {
  return async (address) => {
    const id = bleId(address);
    const radio = await acquireRadio();
    const air = new Exchanges(address, patience.exchangeMs);
    let peripheral: Peripheral | undefined;
    try {
      peripheral = await radio.connect(id, patience.findMs, patience.dialMs);
      const uart = await findUart(peripheral, air);
      const pipe = new BlePipe(peripheral, uart, new Exchanges(address, patience.answerMs));
      await air.exchange(uart.transmit.subscribeAsync());
      void pipe.closed.then(() => radio.release());
      return pipe;
    } catch (error) {
      if (peripheral) await hangUp(peripheral, air);
      radio.release();
      throw error;
    }
  };
}

export const openBle = bleOpener(defaultPatience);

/** Steps over the air to one board, each bounded; noble's errors as ours. */
class Exchanges {
  constructor(
    readonly address: string,
    private readonly limitMs: number,
  ) {}

  async exchange<T>(step: Promise<T>): Promise<T> {
    const { address, limitMs } = this;
    const silent = `${address}: no answer over BLE in ${limitMs} ms; is it busy, or does it ask for pairing?`;
    try {
      return await within(limitMs, step, () => new FtteError("board-silent", silent));
    } catch (error) {
      if (!(error instanceof Error) || error instanceof FtteError) throw error;
      throw new FtteError("link-gone", `${address}: ${error.message}`, { cause: error });
    }
  }
}

/** The two characteristics; noble's own are new with each connection. */
async function findUart(peripheral: Peripheral, air: Exchanges): Promise<Uart> {
  const noUart = () =>
    new FtteError("board-wrong", `${air.address}: has no Nordic UART Service; is it a board with ftte's firmware?`);
  const asked = peripheral.discoverSomeServicesAndCharacteristicsAsync([uartService], [receiveUuid, transmitUuid]);
  const { characteristics } = await air.exchange(asked).catch((error) => {
    throw typeof error === "string" ? noUart() : error; // noble's "Could not find all requested services"
  });
  const [receive, transmit] = [receiveUuid, transmitUuid].map((uuid) => characteristics.find((c) => c.uuid === uuid));
  if (!receive || !transmit) throw noUart();
  return { receive, transmit };
}

/** A connection that does not end in time times out by itself. */
async function hangUp(peripheral: Peripheral, air: Exchanges): Promise<void> {
  if (peripheral.state === "connected") await air.exchange(peripheral.disconnectAsync()).catch(() => {});
}

class BlePipe implements Pipe {
  readonly closed: Promise<string>;
  private end: (reason: string) => void = () => {};
  private gone: string | undefined;
  private readonly arriving = new Arriving();
  private backlog: Uint8Array = new Uint8Array(0);
  private drained: (() => void)[] = []; // writes that wait
  private pumping = false;
  private closing = false;
  private unanswered = 0;

  constructor(
    private readonly peripheral: Peripheral,
    private readonly uart: Uart,
    private readonly air: Exchanges,
  ) {
    this.closed = new Promise((resolve) => {
      this.end = (reason) => {
        if (this.gone !== undefined) return;
        this.gone = reason;
        this.wakeWrites();
        resolve(reason);
      };
    });
    peripheral.once("disconnect", (reason: DisconnectReason) =>
      this.end(this.closing ? "closed" : `the board is gone: ${reasonText(reason)}`),
    );
    uart.transmit.on("data", (bytes: Buffer) => this.arriving.take(bytes));
  }

  get address(): string {
    return this.air.address;
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.arriving.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.gone !== undefined || this.closing) throw this.lost();
    this.backlog = this.backlog.length === 0 ? bytes.slice() : Buffer.concat([this.backlog, bytes]);
    void this.pump();
    while (this.backlog.length > backlogBytes && this.gone === undefined)
      await new Promise<void>((resolve) => this.drained.push(resolve));
    if (this.gone !== undefined) throw this.lost();
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.gone === undefined) await hangUp(this.peripheral, this.air);
    this.end("closed");
  }

  /** Sends the backlog, packet by packet. It begins when this turn of the event loop is over, so that what is written in one goes in few packets. */
  private async pump(): Promise<void> {
    if (this.pumping) return;
    this.pumping = true;
    try {
      await new Promise((resolve) => setImmediate(resolve));
      while (this.backlog.length > 0 && this.gone === undefined) {
        await this.send(this.takePacket());
        this.wakeWrites();
      }
    } catch (error) {
      this.end(`the board is gone: ${(error as Error).message}`);
      void hangUp(this.peripheral, this.air);
    } finally {
      this.pumping = false;
    }
  }

  private takePacket(): Buffer {
    const mtu = Math.min(this.peripheral.mtu ?? shortestMtu, longestMtu);
    const packet = Buffer.from(this.backlog.subarray(0, mtu - commandHeader));
    this.backlog = this.backlog.subarray(packet.length);
    return packet;
  }

  private async send(packet: Buffer): Promise<void> {
    const { properties } = this.uart.receive;
    const ask = properties.includes("write") && this.unanswered + 1 >= unansweredMost;
    const answered = ask || !properties.includes("writeWithoutResponse");
    await this.air.exchange(this.uart.receive.writeAsync(packet, !answered));
    this.unanswered = answered ? 0 : this.unanswered + 1;
  }

  private wakeWrites(): void {
    for (const wake of this.drained.splice(0)) wake();
  }

  private lost(): FtteError {
    return new FtteError("link-gone", `${this.address}: ${this.gone ?? "closed"}`);
  }
}

/** HCI's error codes (Bluetooth Core 5.4, volume 1, part F, 1.3), where they say something to a person. */
const reasons: Record<number, string> = {
  8: "nothing heard of it for the supervision time-out",
  19: "it hung up",
  22: "this host hung up",
  62: "the connection could not be established",
};

const reasonText = (reason: DisconnectReason) =>
  typeof reason === "string" ? reason : (reasons[reason] ?? `HCI error ${reason}`);

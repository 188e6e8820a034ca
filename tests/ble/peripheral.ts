// A BLE peripheral that is a byte stream: advertises the Nordic UART Service, takes one connection, and carries what is written to it to
// whoever listens, and what it is given to send as notifications (Nordic's "Nordic UART Service (NUS)" page: uuids, RX is written, TX
// notifies). Behind it in tests: a posix board, or an echo.

import { AttServer, type CharacteristicDefinition, property, type ServiceDefinition } from "./att.ts";

export const uart = {
  service: "6e400001b5a3f393e0a9e50e24dcca9e",
  receive: "6e400002b5a3f393e0a9e50e24dcca9e",
  transmit: "6e400003b5a3f393e0a9e50e24dcca9e",
};
const notificationHeader = 3;

export interface PeripheralOptions {
  address: string; // "c0:00:00:00:00:01"
  name: string;
  maxMtu?: number;
  /** False: it advertises the service and does not have it. */
  hasUart?: boolean;
  /** False: it advertises, and takes no connection. */
  connectable?: boolean;
  /** Requests by opcode (att.ts) that it never answers, or refuses with an error. */
  ignores?: readonly number[];
  refuses?: Readonly<Record<number, number>>;
}

export class Peripheral {
  /** Off: not heard, does not take connections. */
  powered = true;
  readonly violations: string[] = [];
  private att: AttServer | undefined;
  private subscribed = false;
  private outbox: Buffer = Buffer.alloc(0);
  private readonly listeners = new Set<(bytes: Buffer) => void>();
  private wake: () => void = () => {};

  constructor(readonly options: PeripheralOptions) {}

  get address(): string {
    return this.options.address;
  }

  get isConnected(): boolean {
    return this.att !== undefined;
  }

  /** What advertisements (31 bytes at most) and scan responses carry (Core Supplement, part A, 1: flags, 128-bit services, name). */
  get advertisement(): Buffer {
    const flags = Buffer.of(2, 0x01, 0x06); // discoverable, no classic Bluetooth
    return Buffer.concat([flags, Buffer.of(17, 0x07), Buffer.from(uart.service, "hex").reverse()]);
  }

  get scanResponse(): Buffer {
    const name = Buffer.from(this.options.name);
    return Buffer.concat([Buffer.of(name.length + 1, 0x09), name]);
  }

  /** Tells of what is written to it, until the returned function is called. */
  onData(listener: (bytes: Buffer) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Dropped while nobody has subscribed, as a board's bytes on an open line. */
  send(bytes: Uint8Array): void {
    if (!this.subscribed) return;
    this.outbox = Buffer.concat([this.outbox, bytes]);
    this.wake();
  }

  /** @param send takes PDUs of the attribute protocol; @param wake asks for a connection event */
  connect(send: (pdu: Buffer) => void, wake: () => void): void {
    const { maxMtu = 247, ignores, refuses } = this.options;
    const services = this.services();
    this.att = new AttServer({ services, maxMtu, send, ...(ignores && { ignores }), ...(refuses && { refuses }) });
    this.wake = wake;
  }

  take(pdu: Buffer): void {
    this.att?.handle(pdu);
  }

  /** Puts up to so many notifications on the way, each as full as can be. */
  notify(count: number): void {
    for (let i = 0; i < count && this.att && this.outbox.length > 0; i++) {
      const value = this.outbox.subarray(0, this.att.mtu - notificationHeader);
      this.outbox = this.outbox.subarray(value.length);
      this.att.notify(uart.transmit, value);
    }
  }

  disconnect(): void {
    this.violations.push(...(this.att?.violations ?? []));
    this.att = undefined;
    this.subscribed = false;
    this.outbox = Buffer.alloc(0);
  }

  private services(): ServiceDefinition[] {
    const access = { uuid: genericAccess, characteristics: [] };
    const receive: CharacteristicDefinition = {
      uuid: uart.receive,
      properties: property.write | property.writeCommand,
      written: (value) => {
        for (const listener of this.listeners) listener(Buffer.from(value));
      },
    };
    const transmit: CharacteristicDefinition = {
      uuid: uart.transmit,
      properties: property.notify,
      subscribed: (on) => {
        this.subscribed = on;
      },
    };
    const own = { uuid: uart.service, characteristics: [receive, transmit] };
    return this.options.hasUart === false ? [access] : [access, own];
  }
}

/** Generic Access, as every peripheral has it; in its 128-bit form. */
const genericAccess = "0000180000001000800000805f9b34fb";

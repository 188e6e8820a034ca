// HCI packets on a serial line, as the controller sees them (Bluetooth Core 5.4: volume 4, part A, "UART transport layer"; part E, 5.4
// "exchange of HCI-specific information", 7.7 "events"; the numbers and layouts as BlueZ has them in monitor/bt.h). Bytes only; what
// commands do is controller.ts's.

export interface HciCommand {
  kind: "command";
  opcode: number; // OGF << 10 | OCF
  parameters: Buffer;
}
export interface HciAcl {
  kind: "acl";
  handle: number;
  /** PB flag: 0 begins an L2CAP PDU, 1 goes on with it (part E, 5.4.2, host to controller). */
  boundary: number;
  data: Buffer;
}

const indicator = { command: 1, acl: 2, event: 4 };

/** Cuts the line's bytes into packets. */
export class H4Parser {
  private rest: Buffer = Buffer.alloc(0);

  /** @throws Error when the host sends what is no packet: it is out of step, and a real controller would say "hardware error" */
  *push(bytes: Uint8Array): Generator<HciCommand | HciAcl> {
    this.rest = Buffer.concat([this.rest, bytes]);
    for (let packet = this.next(); packet; packet = this.next()) yield packet;
  }

  private next(): HciCommand | HciAcl | undefined {
    const { rest } = this;
    if (rest.length === 0) return undefined;
    if (rest[0] === indicator.command && rest.length >= 4) return this.take(4 + rest[3]!, asCommand);
    if (rest[0] === indicator.acl && rest.length >= 5) return this.take(5 + rest.readUInt16LE(3), asAcl);
    if (rest[0] !== indicator.command && rest[0] !== indicator.acl)
      throw new Error(`the host sends a packet of kind ${rest[0]}`);
    return undefined;
  }

  private take<T>(bytes: number, as: (packet: Buffer) => T): T | undefined {
    if (this.rest.length < bytes) return undefined;
    const packet = this.rest.subarray(0, bytes);
    this.rest = this.rest.subarray(bytes);
    return as(packet);
  }
}

const asCommand = (packet: Buffer): HciCommand => ({
  kind: "command",
  opcode: packet.readUInt16LE(1),
  parameters: packet.subarray(4),
});

const asAcl = (packet: Buffer): HciAcl => {
  const word = packet.readUInt16LE(1);
  return { kind: "acl", handle: word & 0xfff, boundary: (word >> 12) & 3, data: packet.subarray(5) };
};

export const opcode = (group: number, command: number) => (group << 10) | command;

export const u16 = (value: number) => Buffer.of(value & 0xff, value >> 8);

/** "c0:ff:ee:00:00:01" as it goes over the line, and back. */
export const addressBytes = (address: string) => Buffer.from(address.replaceAll(":", ""), "hex").reverse();
export const addressText = (bytes: Buffer) => Buffer.from(bytes).reverse().toString("hex").match(/../g)!.join(":");

const event = (code: number, ...parts: Uint8Array[]) => {
  const parameters = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(indicator.event, code, parameters.length), parameters]);
};
const leEvent = (code: number, ...parts: Uint8Array[]) => event(0x3e, Buffer.of(code), ...parts);
const commandsAllowed = 1;

export const commandComplete = (opcode: number, status: number, ...results: Uint8Array[]) =>
  event(0x0e, Buffer.of(commandsAllowed), u16(opcode), Buffer.of(status), ...results);
export const commandStatus = (opcode: number, status: number) =>
  event(0x0f, Buffer.of(status, commandsAllowed), u16(opcode));
export const disconnectionComplete = (handle: number, reason: number) =>
  event(0x05, Buffer.of(0), u16(handle), Buffer.of(reason));
export const packetsCompleted = (handle: number, count: number) => event(0x13, Buffer.of(1), u16(handle), u16(count));

/** A failed connection carries zeros only. */
export const connectionFailed = (status: number) => leEvent(0x01, Buffer.of(status), Buffer.alloc(17));
export const connected = (handle: number, address: string, interval: number, timeout: number) =>
  leEvent(
    0x01,
    Buffer.of(0),
    u16(handle),
    Buffer.of(0, randomAddress), // we are central
    addressBytes(address),
    ...[interval, 0, timeout].map(u16), // latency 0
    Buffer.of(0), // clock accuracy
  );

export const advertisement = { connectable: 0x00, scanResponse: 0x04 } as const;
export const randomAddress = 1; // of the types of addresses
const rssi = 0xc4; // -60 dBm

export const advertisingReport = (kind: number, address: string, data: Buffer) =>
  leEvent(
    0x02,
    Buffer.of(1, kind, randomAddress),
    addressBytes(address),
    Buffer.of(data.length),
    data,
    Buffer.of(rssi),
  );

/** Controller to host: PB flag 2 begins a PDU that the controller may flush. */
export const aclToHost = (handle: number, begins: boolean, data: Buffer) =>
  Buffer.concat([Buffer.of(indicator.acl), u16(handle | ((begins ? 2 : 1) << 12)), u16(data.length), data]);

// A peripheral's attribute server (Bluetooth Core 5.4, volume 3: part F, 3.4 "attribute protocol PDUs"; part G, 3 "service interoperability
// requirements"; the numbers as BlueZ has them in src/shared/att-types.h), as much of it as discovery, the exchange of the MTU, writes and
// notifications need. Strict: what breaks a rule is dropped and noted. Signed and prepared writes, indications and 16-bit uuids of our own
// are left out.

import { u16 } from "./hci.ts";

const error = { invalidHandle: 0x01, writeNotPermitted: 0x03, notSupported: 0x06, notFound: 0x0a } as const;
export const op = {
  error: 0x01,
  mtu: 0x02,
  findInformation: 0x04,
  readByType: 0x08,
  read: 0x0a,
  readByGroup: 0x10,
  write: 0x12,
  notification: 0x1b,
  writeCommand: 0x52,
} as const;
const type = { primaryService: 0x2800, characteristic: 0x2803, configuration: 0x2902 } as const;
export const property = { read: 0x02, writeCommand: 0x04, write: 0x08, notify: 0x10 } as const;

export const shortestMtu = 23;

/** Requests that name a range of handles, the first of which is not 0 (3.4.3.1, 3.4.4.1, 3.4.4.9). */
const rangeRequests: ReadonlySet<number> = new Set([op.findInformation, op.readByType, op.readByGroup]);
const isRange = (pdu: Buffer) => pdu.readUInt16LE(1) > 0 && pdu.readUInt16LE(1) <= pdu.readUInt16LE(3);

export interface CharacteristicDefinition {
  uuid: string; // 32 hexadecimal digits
  properties: number;
  value?: Buffer;
  written?: (value: Buffer) => void;
  subscribed?: (on: boolean) => void;
}
export interface ServiceDefinition {
  uuid: string;
  characteristics: CharacteristicDefinition[];
}

interface Attribute {
  handle: number;
  type: Buffer;
  value: () => Buffer;
  /** Of a service: its last handle. */
  groupEnd?: number;
  write?: (value: Buffer) => void;
}

export interface AttOptions {
  services: readonly ServiceDefinition[];
  /** The longest that the peripheral takes, 23 at least. */
  maxMtu: number;
  send: (pdu: Buffer) => void;
  /** Requests that the peripheral never answers. */
  ignores?: readonly number[];
  /** Requests that it refuses, with which error. */
  refuses?: Readonly<Record<number, number>>;
}

const uuidBytes = (uuid: string) => Buffer.from(uuid, "hex").reverse();

export class AttServer {
  mtu = shortestMtu;
  /** What the central did that the specification forbids. */
  readonly violations: string[] = [];
  private readonly attributes: Attribute[] = [];

  constructor(private readonly options: AttOptions) {
    for (const service of options.services) this.addService(service);
  }

  /** Sends a value of the characteristic with this uuid, at most mtu - 3 bytes. */
  notify(uuid: string, value: Buffer): void {
    const { handle } = this.attributes.find((attribute) => attribute.type.equals(uuidBytes(uuid)))!;
    this.options.send(Buffer.concat([Buffer.of(op.notification), u16(handle), value]));
  }

  handle(pdu: Buffer): void {
    const code = pdu[0]!;
    if (pdu.length > this.mtu) this.violations.push(`a PDU of ${pdu.length} bytes, where the MTU is ${this.mtu}`);
    if (pdu.length > this.mtu || this.options.ignores?.includes(code)) return;
    const refusal = this.options.refuses?.[code];
    if (refusal !== undefined) return this.refuse(code, pdu.readUInt16LE(1), refusal);
    if (code === op.mtu) return this.exchangeMtu(pdu.readUInt16LE(1));
    if (rangeRequests.has(code) && !isRange(pdu)) return this.refuse(code, pdu.readUInt16LE(1), error.invalidHandle);
    if (code === op.findInformation) return this.findInformation(pdu.readUInt16LE(1), pdu.readUInt16LE(3));
    if (code === op.readByType || code === op.readByGroup) return this.readMany(code, pdu);
    if (code === op.read) return this.read(pdu.readUInt16LE(1));
    if (code === op.write || code === op.writeCommand) return this.write(code, pdu.readUInt16LE(1), pdu.subarray(3));
    if ((code & 0x40) === 0) this.refuse(code, 0, error.notSupported); // commands are never answered
  }

  private addService({ uuid, characteristics }: ServiceDefinition): void {
    const service: Attribute = this.add(u16(type.primaryService), () => uuidBytes(uuid));
    for (const each of characteristics) this.addCharacteristic(each);
    service.groupEnd = this.attributes.length;
  }

  private addCharacteristic({ uuid, properties, value, written, subscribed }: CharacteristicDefinition): void {
    const valueHandle = this.attributes.length + 2;
    const declaration = Buffer.concat([Buffer.of(properties), u16(valueHandle), uuidBytes(uuid)]);
    this.add(u16(type.characteristic), () => declaration);
    this.add(uuidBytes(uuid), () => value ?? Buffer.alloc(0), written);
    if ((properties & property.notify) === 0) return;
    let configuration: Buffer = u16(0);
    this.add(
      u16(type.configuration),
      () => configuration,
      (bits) => {
        configuration = Buffer.from(bits);
        subscribed?.((bits[0]! & 1) === 1);
      },
    );
  }

  private add(kind: Buffer, value: () => Buffer, write?: (value: Buffer) => void): Attribute {
    const attribute: Attribute = { handle: this.attributes.length + 1, type: kind, value, ...(write && { write }) };
    this.attributes.push(attribute);
    return attribute;
  }

  /** Each side tells what it takes; the smaller one holds from then on (3.4.2). */
  private exchangeMtu(central: number): void {
    const { maxMtu, send } = this.options;
    send(Buffer.concat([Buffer.of(op.mtu + 1), u16(maxMtu)]));
    this.mtu = Math.max(shortestMtu, Math.min(central, maxMtu));
  }

  private findInformation(from: number, to: number): void {
    const found = this.between(from, to);
    if (!found[0]) return this.refuse(op.findInformation, from, error.notFound);
    const format = found[0].type.length === 2 ? 1 : 2;
    const rows = found.map((each) => Buffer.concat([u16(each.handle), each.type]));
    this.options.send(Buffer.concat([Buffer.of(op.findInformation + 1, format), ...this.alike(rows)]));
  }

  /** Read By Type, Read By Group Type (3.4.4.1, 3.4.4.9). */
  private readMany(code: number, pdu: Buffer): void {
    const from = pdu.readUInt16LE(1);
    const wanted = pdu.subarray(5);
    const found = this.between(from, pdu.readUInt16LE(3)).filter((each) => each.type.equals(wanted));
    if (found.length === 0) return this.refuse(code, from, error.notFound);
    const rows = found.map(({ handle, groupEnd, value }) =>
      Buffer.concat([u16(handle), ...(code === op.readByGroup ? [u16(groupEnd!)] : []), value()]),
    );
    this.options.send(Buffer.concat([Buffer.of(code + 1, rows[0]!.length), ...this.alike(rows)]));
  }

  /** As many of the rows as fit; all of them as long as the first. */
  private alike(rows: Buffer[]): Buffer[] {
    const bytes = rows[0]!.length;
    const different = rows.findIndex((row) => row.length !== bytes);
    return rows.slice(0, Math.min(different < 0 ? rows.length : different, Math.floor((this.mtu - 2) / bytes)));
  }

  private read(handle: number): void {
    const attribute = this.attributes[handle - 1];
    if (!attribute) return this.refuse(op.read, handle, error.invalidHandle);
    this.options.send(Buffer.concat([Buffer.of(op.read + 1), attribute.value().subarray(0, this.mtu - 1)]));
  }

  private write(code: number, handle: number, value: Buffer): void {
    const write = this.attributes[handle - 1]?.write;
    if (!write && code === op.write) return this.refuse(code, handle, error.writeNotPermitted);
    write?.(value);
    if (code === op.write) this.options.send(Buffer.of(op.write + 1));
  }

  private between(from: number, to: number): Attribute[] {
    return this.attributes.filter(({ handle }) => handle >= from && handle <= to);
  }

  private refuse(code: number, handle: number, reason: number): void {
    this.options.send(Buffer.concat([Buffer.of(op.error, code), u16(handle), Buffer.of(reason)]));
  }
}

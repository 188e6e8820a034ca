// A virtual Bluetooth controller: what a host says in HCI (Bluetooth Core 5.4, volume 4, part E, 7) happens to peripherals of this process, over an
// air that loses packets and takes its time. Central role, legacy advertising, no encryption, no privacy: commands for those are unknown to
// it, as they are to a small chip.

import { seeded } from "../../host/data/random.ts";
import { Air, type Packet } from "./air.ts";
import {
  aclToHost,
  addressText,
  advertisement,
  advertisingReport,
  commandComplete,
  commandStatus,
  connected,
  connectionFailed,
  disconnectionComplete,
  H4Parser,
  type HciAcl,
  type HciCommand,
  opcode,
  packetsCompleted,
  randomAddress,
} from "./hci.ts";
import { channel, fragments, Reassembly } from "./l2cap.ts";
import type { Peripheral } from "./peripheral.ts";
import { propertiesOf } from "./properties.ts";

export interface ControllerOptions {
  /** Of every connection; by default what the host asks for at most, in ms. */
  intervalMs?: number;
  /** Each way and connection; 6 by default, what 15 ms hold at 1 Mbit/s. */
  packetsPerEvent?: number;
  /** Chance that an exchange on the air is not heard. */
  loss?: number;
  /** How many times as fast as the clock the air is; 1 by default. */
  pace?: number;
  /** The link layer's longest packet: 251, or 27 without the data length extension. */
  packetBytes?: number;
  seed?: number;
}

const status = { ok: 0x00, unknownCommand: 0x01, unknownConnection: 0x02, disallowed: 0x0c } as const;
export const reason = { timeout: 0x08, remoteUser: 0x13, localHost: 0x16 } as const;

const disconnectCommand = opcode(0x01, 0x006);
const createConnection = opcode(0x08, 0x00d);
const cancelConnection = opcode(0x08, 0x00e);
const updateConnection = opcode(0x08, 0x013);

const advertisingMs = 30;
const intervalUnitMs = 1.25;
const timeoutUnitMs = 10;

interface Link {
  handle: number;
  peripheral: Peripheral;
  air: Air;
  in: Reassembly;
}

export class VirtualController {
  /** Commands that it does not know, for tests of what a host may ask. */
  readonly unknown: number[] = [];
  /** Exchanges on the air that were not heard. */
  lost = 0;
  private readonly parser = new H4Parser();
  private readonly links = new Map<number, Link>();
  private readonly random: () => number;
  private readonly packetBytes: number;
  private readonly properties: Readonly<Record<number, Buffer>>;
  private readonly pace: number;
  private lastHandle = 0x3f;
  private scan: { timer: NodeJS.Timeout; told: Set<Peripheral> | undefined } | undefined;
  private dialling: { peer: string; interval: number; timeout: number; timer: NodeJS.Timeout } | undefined;

  /** @param toHost takes what goes over the line to the host */
  constructor(
    readonly peripherals: Peripheral[],
    private readonly toHost: (bytes: Buffer) => void,
    private readonly options: ControllerOptions = {},
  ) {
    this.random = seeded(options.seed ?? 1);
    this.packetBytes = options.packetBytes ?? 251;
    this.properties = propertiesOf(this.packetBytes);
    this.pace = options.pace ?? 1;
  }

  /** What came over the line from the host. */
  take(bytes: Uint8Array): void {
    for (const packet of this.parser.push(bytes))
      if (packet.kind === "command") this.command(packet);
      else this.acl(packet);
  }

  /** Nothing of this peripheral's connection is heard for so long, in the air's time; if that is too long, both ends give it up. */
  fade(peripheral: Peripheral, ms: number): void {
    this.linkOf(peripheral)?.air.fadeFor(ms);
  }

  /** The peripheral ends the connection, or is switched off. */
  hangUp(peripheral: Peripheral): void {
    const link = this.linkOf(peripheral);
    if (link) this.drop(link, reason.remoteUser);
  }

  end(): void {
    this.stopScan();
    clearInterval(this.dialling?.timer);
    for (const link of this.links.values()) this.release(link);
  }

  private linkOf(peripheral: Peripheral): Link | undefined {
    return [...this.links.values()].find((link) => link.peripheral === peripheral);
  }

  private command({ opcode: code, parameters }: HciCommand): void {
    const fixed = this.properties[code];
    if (fixed) return this.toHost(commandComplete(code, status.ok, fixed));
    const known = this.commands[code];
    if (known) return known(parameters, code);
    this.unknown.push(code);
    this.toHost(commandStatus(code, status.unknownCommand)); // as BlueZ's emulator/btdev.c has it
  }

  private readonly commands: Record<number, (parameters: Buffer, code: number) => void> = {
    [opcode(0x03, 0x003)]: (_, code) => this.reset(code),
    [opcode(0x08, 0x00b)]: (_, code) => this.answer(code, this.scan ? status.disallowed : status.ok), // LE Set Scan Parameters
    [opcode(0x08, 0x00c)]: (parameters, code) => this.setScan(parameters, code),
    [opcode(0x08, 0x022)]: (parameters, code) =>
      this.toHost(commandComplete(code, status.ok, parameters.subarray(0, 2))), // LE Set Data Length
    [createConnection]: (parameters) => this.dial(parameters),
    [cancelConnection]: () => this.cancel(),
    [updateConnection]: () => this.toHost(commandStatus(updateConnection, status.disallowed)),
    [disconnectCommand]: (parameters) => this.disconnect(parameters.readUInt16LE(0)),
  };

  private answer(code: number, result: number): void {
    this.toHost(commandComplete(code, result));
  }

  /** All connections end without a word (7.3.2). */
  private reset(code: number): void {
    this.end();
    this.links.clear();
    this.dialling = undefined;
    this.answer(code, status.ok);
  }

  private setScan(parameters: Buffer, code: number): void {
    this.stopScan();
    this.answer(code, status.ok);
    if (parameters[0] !== 1) return;
    const told = parameters[1] === 1 ? new Set<Peripheral>() : undefined;
    this.scan = { timer: setInterval(() => this.advertise(), advertisingMs / this.pace), told };
  }

  private stopScan(): void {
    clearInterval(this.scan?.timer);
    this.scan = undefined;
  }

  private advertise(): void {
    for (const each of this.peripherals) {
      if (!isHeard(each) || this.scan?.told?.has(each)) continue;
      this.scan?.told?.add(each);
      this.toHost(advertisingReport(advertisement.connectable, each.address, each.advertisement));
      this.toHost(advertisingReport(advertisement.scanResponse, each.address, each.scanResponse));
    }
  }

  /** LE Create Connection (7.8.12): pending until the peripheral is heard or the host gives up. */
  private dial(parameters: Buffer): void {
    this.toHost(commandStatus(createConnection, this.dialling ? status.disallowed : status.ok));
    if (this.dialling) return;
    const timer = setInterval(() => this.tryConnect(), advertisingMs / this.pace);
    const peer = `${parameters[5]} ${addressText(parameters.subarray(6, 12))}`;
    const { intervalMs = parameters.readUInt16LE(15) * intervalUnitMs } = this.options;
    const interval = Math.round(intervalMs / intervalUnitMs);
    this.dialling = { peer, interval, timeout: parameters.readUInt16LE(19), timer };
  }

  private cancel(): void {
    this.answer(cancelConnection, this.dialling ? status.ok : status.disallowed);
    if (!this.dialling) return;
    this.endDial();
    this.toHost(connectionFailed(status.unknownConnection));
  }

  private endDial(): void {
    clearInterval(this.dialling?.timer);
    this.dialling = undefined;
  }

  private tryConnect(): void {
    const { peer, interval, timeout } = this.dialling!;
    const peripheral = this.peripherals.find(({ address }) => peer === `${randomAddress} ${address}`);
    if (!peripheral || !isHeard(peripheral) || peripheral.options.connectable === false) return;
    this.endDial();
    const handle = ++this.lastHandle;
    const link: Link = { handle, peripheral, in: new Reassembly(), air: this.airOf(handle, interval, timeout) };
    this.links.set(handle, link);
    this.toHost(connected(handle, peripheral.address, interval, timeout));
    const send = (pdu: Buffer) => link.air.send("central", this.packets(pdu));
    peripheral.connect(send, () => link.air.wake());
  }

  private airOf(handle: number, interval: number, timeout: number): Air {
    const { packetsPerEvent = 6, loss = 0 } = this.options;
    const times = { intervalMs: interval * intervalUnitMs, timeoutMs: timeout * timeoutUnitMs, pace: this.pace };
    const options = { ...times, packetsPerEvent, loss, random: this.random };
    const link = () => this.links.get(handle)!;
    const air: Air = new Air(options, {
      toPeripheral: (packet) => this.arrived(link(), packet),
      toCentral: ({ begins, data }) => this.toHost(aclToHost(handle, begins, data)),
      heard: (count) => this.toHost(packetsCompleted(handle, count)),
      unheard: () => this.lost++,
      beforeEvent: (room) => link().peripheral.notify(room),
      timedOut: () => this.drop(link(), reason.timeout),
    });
    return air;
  }

  private packets(pdu: Buffer): Packet[] {
    return fragments(channel.att, pdu, this.packetBytes).map((data, i) => ({ begins: i === 0, data }));
  }

  private arrived(link: Link, { begins, data }: Packet): void {
    const whole = link.in.push(begins, data);
    if (whole?.cid === channel.att) link.peripheral.take(whole.pdu);
  }

  private acl({ handle, boundary, data }: HciAcl): void {
    const link = this.links.get(handle);
    if (data.length > this.packetBytes)
      throw new Error(`the host sends ${data.length} bytes where ${this.packetBytes} fit`);
    link?.air.send("peripheral", [{ begins: boundary !== 1, data }]);
  }

  private disconnect(handle: number): void {
    const link = this.links.get(handle);
    this.toHost(commandStatus(disconnectCommand, link ? status.ok : status.unknownConnection));
    if (link) this.drop(link, reason.localHost);
  }

  private drop(link: Link, why: number): void {
    this.release(link);
    this.links.delete(link.handle);
    this.toHost(disconnectionComplete(link.handle, why));
  }

  private release(link: Link): void {
    link.air.end();
    link.peripheral.disconnect();
  }
}

const isHeard = (peripheral: Peripheral) => peripheral.powered && !peripheral.isConnected;

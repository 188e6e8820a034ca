// The Adafruit nRF52 bootloader's serial DFU as bytes in and out: SLIP, the four-byte header of the HCI three-wire transport, CRC-16, and an
// acknowledgement for each packet. Source: adafruit/Adafruit_nRF52_Bootloader, hci_transport.c and hci_slip.c (Nordic SDK, "HCI transport"),
// and Bluetooth Core, Volume 4 Part D, for the header. What the packets do is adafruit_dfu.ts. The first packet has sequence number 1. A
// packet out of sequence is answered with the number that is due, a broken one not at all; the real one never sends anything else.
//
// While it erases it answers nothing: over USB packets wait, on UART pins they are lost. `erasePageMs` says how long a page takes (89.7 ms on
// the chip; 0 when left out). After STOP the application runs: `onActivated` is called and nothing is heard any more.
import { AdafruitDfu, type DfuTarget } from "./adafruit_dfu.ts";
import { Counterpart, type SerialDevice } from "./counterpart.ts";
import { crc16 } from "./crc16.ts";
import type { FaultPlan } from "./faults.ts";
import { NorFlash } from "./nor_flash.ts";
import { slipFraming } from "./slip.ts";

export interface AdafruitOptions {
  link?: "usb" | "uart";
  /** 0x26000 (S140 6.1.1) when left out; 0x27000 for S140 7, 0x1000 without a SoftDevice. */
  appStart?: number;
  /** The SoftDevice's firmware id: 0xb6 (S140 6.1.1) when left out. */
  softDevice?: number;
  erasePageMs?: number;
  faults?: FaultPlan;
}

const flashBytes = 1 << 20;
const pageBytes = 4096;
const bootloaderStart = 0xf4000;
const appDataReserved = 10 * pageBytes;
const uartBaudRate = 115_200;
const headerBytes = 4;
const crcBytes = 2;
const bufferBytes = 600; // HCI_RX_BUF_SIZE
const vendorSpecific = 14;
const firstSequence = 1;

export class AdafruitBootloader extends Counterpart implements SerialDevice {
  readonly target: DfuTarget;
  /** How often it has asserted and started again. */
  resets = 0;
  onActivated: () => void = () => {};
  private readonly options: AdafruitOptions;
  private clientRate: number | undefined;
  private expected = firstSequence;
  private dfu!: AdafruitDfu;
  private busy = false;
  private waiting: Buffer[] = [];
  private running: "bootloader" | "application" = "bootloader";

  constructor(options: AdafruitOptions = {}) {
    super(options.faults ?? {}, slipFraming);
    this.options = options;
    this.target = {
      flash: new NorFlash(flashBytes, pageBytes, this.plan.flash),
      appStart: options.appStart ?? 0x26000,
      appEnd: bootloaderStart - appDataReserved,
      softDevice: options.softDevice ?? 0xb6,
      application: "valid",
    };
    this.restart();
  }

  /** Reset button, power or an assertion: the transport and the update begin anew, the flash stays as it is. */
  restart(): void {
    this.expected = firstSequence;
    this.waiting = [];
    this.running = "bootloader";
    this.dfu = new AdafruitDfu(this.target, (text) => this.violation(text));
  }

  lineRate(baudRate: number): void {
    this.clientRate = baudRate;
  }

  override receive(bytes: Uint8Array): void {
    const deaf = this.options.link === "uart" && this.clientRate !== undefined && this.clientRate !== uartBaudRate;
    if (!deaf) super.receive(bytes);
  }

  protected powerUp(): void {
    this.restart();
  }

  protected handle(packet: Buffer): void {
    if (this.running === "application") return;
    if (this.busy && this.options.link === "uart") return;
    if (this.busy) this.waiting.push(packet);
    else this.take(packet);
  }

  private take(packet: Buffer): void {
    const wrong = wrongWith(packet);
    if (wrong) return this.violation(wrong);
    const sequence = packet[0]! & 7;
    if (sequence !== this.expected) return this.acknowledge(); // a repeated packet is no violation
    this.expected = (this.expected + 1) & 7;
    this.acknowledge();
    const outcome = this.dfu.packet(packet.subarray(headerBytes, -crcBytes));
    if (outcome === "reset") {
      this.resets++;
      this.restart();
    } else if (outcome === "activated") {
      this.running = "application";
      this.onActivated();
    } else if (typeof outcome === "object") this.beBusy(outcome.erasedPages * (this.options.erasePageMs ?? 0));
  }

  /** Unreliable, no payload; the number that is due next in bits 3 to 5. */
  private acknowledge(): void {
    const first = this.expected << 3;
    this.send(Buffer.from([first, 0, 0, -first & 0xff]));
  }

  private beBusy(ms: number): void {
    if (ms === 0) return;
    this.busy = true;
    setTimeout(() => {
      this.busy = false;
      const waiting = this.waiting;
      this.waiting = [];
      for (const packet of waiting) this.handle(packet);
    }, ms);
  }
}

/** What hci_transport.c checks, and the length field, which it does not. */
function wrongWith(packet: Buffer): string | undefined {
  if (packet.length < headerBytes + crcBytes || packet.length > bufferBytes)
    return `a packet of ${packet.length} bytes`;
  const [first, second, third, checksum] = packet as unknown as [number, number, number, number];
  if ((first & 0xc0) !== 0xc0) return "a packet without data integrity or not reliable";
  if ((second & 0x0f) !== vendorSpecific) return `HCI packet type ${second & 0x0f}`;
  if (((first + second + third + checksum) & 0xff) !== 0) return "a wrong header checksum";
  const body = packet.subarray(0, -crcBytes);
  if (packet.readUInt16LE(body.length) !== crc16(body)) return "a wrong CRC-16";
  const length = (second >> 4) | (third << 4);
  if (length !== body.length - headerBytes)
    return `a length field of ${length} over ${body.length - headerBytes} bytes`;
  return undefined;
}

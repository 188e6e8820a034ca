// Nordic's Secure DFU bootloader over a serial line as bytes in and out: SLIP packets of an opcode and its parameters, answered by 0x60, the
// opcode, a result and what belongs to it. Source: nRF5 SDK 17, "Serial (UART/USB CDC) transport" (opcodes, results, MTU, packet receipt
// notifications) and nrf_dfu_serial.c. The objects behind it are nordic_objects.ts. A write is not answered, but every so many are by the
// CRC, as the client asked with "set PRN". After the last object is executed the application runs and nothing is heard any more.
import { Counterpart, type SerialDevice } from "./counterpart.ts";
import type { FaultPlan } from "./faults.ts";
import { NorFlash } from "./nor_flash.ts";
import type { NordicIdentity } from "./nordic_init_packet.ts";
import {
  commandMaxBytes,
  dataMaxBytes,
  NordicObjects,
  type Outcome,
  type Progress,
  results,
} from "./nordic_objects.ts";
import { slipFraming } from "./slip.ts";

export interface NordicOptions {
  identity?: Partial<NordicIdentity>;
  /** Of a packet as it stands on the line, with all its escapes: 131 on a UART, 2051 over USB. */
  mtu?: number;
  /** Behind the MBR when left out. */
  appStart?: number;
  /** NRF_DFU_SAVE_PROGRESS_IN_FLASH: executed data objects outlive a power cut. True when left out. */
  savesProgress?: boolean;
  faults?: FaultPlan;
}

const flashBytes = 1 << 20;
const pageBytes = 4096;
const bootloaderStart = 0xe0000;
const op = {
  protocolVersion: 0x00,
  create: 0x01,
  setPrn: 0x02,
  crc: 0x03,
  execute: 0x04,
  select: 0x06,
  mtu: 0x07,
  write: 0x08,
  ping: 0x09,
  hardware: 0x0a,
  firmware: 0x0b,
  abort: 0x0c,
  response: 0x60,
} as const;
/** Bytes of parameters; write takes any. */
const parameterBytes = new Map<number, number>([
  [op.protocolVersion, 0],
  [op.create, 5],
  [op.setPrn, 2],
  [op.crc, 0],
  [op.execute, 0],
  [op.select, 1],
  [op.mtu, 0],
  [op.ping, 1],
  [op.hardware, 0],
  [op.firmware, 1],
  [op.abort, 0],
]);

type Answer = Outcome & { data?: Buffer };

export class NordicBootloader extends Counterpart implements SerialDevice {
  readonly flash: NorFlash;
  readonly appStart: number;
  readonly objects: NordicObjects;
  aborted = false;
  onActivated: () => void = () => {};
  private readonly mtu: number;
  private readonly identity: NordicIdentity;
  private selected: "command" | "data" | "none" = "command";
  private prn = 0;
  private untilReceipt = 0;

  constructor(options: NordicOptions = {}) {
    super(options.faults ?? {}, (violation) => slipFraming(violation, { opening: false }));
    this.mtu = options.mtu ?? 2051;
    this.appStart = options.appStart ?? 0x1000;
    this.flash = new NorFlash(flashBytes, pageBytes, this.plan.flash);
    this.identity = { hwVersion: 52, softDevice: 0, appVersion: 0, ...options.identity };
    const appBytes = bootloaderStart - this.appStart;
    const saves = options.savesProgress ?? true;
    this.objects = new NordicObjects(this.flash, this.appStart, appBytes, this.identity, saves);
  }

  /** Power is lost and comes back: the bootloader is there again, with what its settings page kept. */
  powerCycle(): void {
    this.objects.powerCycle();
    this.selected = "command";
    this.prn = this.untilReceipt = 0;
  }

  protected powerUp(): void {
    this.powerCycle();
  }

  protected handle(packet: Buffer): void {
    if (this.objects.activated) return;
    const opcode = packet[0]!;
    const parameters = packet.subarray(1);
    if (packet.length > (this.mtu - 1) / 2)
      this.violation(`a packet of ${packet.length} bytes, for an MTU of ${this.mtu}`);
    const expected = parameterBytes.get(opcode);
    if (expected !== undefined && expected !== parameters.length) {
      this.violation(`opcode ${opcode} with ${parameters.length} bytes of parameters`);
      return this.answer(opcode, { result: "invalidParameter" });
    }
    if (opcode === op.write) return this.write(parameters);
    this.answer(opcode, this.request(opcode, parameters));
    if (this.objects.activated) this.onActivated();
  }

  private request(opcode: number, parameters: Buffer): Answer {
    switch (opcode) {
      case op.protocolVersion:
        return { result: "success", data: Buffer.of(1) };
      case op.create:
        return this.create(parameters[0]!, parameters.readUInt32LE(1));
      case op.setPrn:
        this.prn = this.untilReceipt = parameters.readUInt16LE(0);
        return { result: "success" };
      case op.crc:
        return { result: "success", data: progressBytes(this.progress()) };
      case op.execute:
        return this.noted("EXECUTE", this.selected === "command" ? this.objects.executeCommand() : this.executeData());
      case op.select:
        return this.select(parameters[0]!);
      case op.mtu:
        return { result: "success", data: words16(this.mtu) };
      case op.ping:
        return { result: "success", data: parameters };
      case op.hardware:
        return { result: "success", data: words32(0x52840, 0x41414430, flashBytes, 256 << 10, pageBytes) };
      case op.firmware:
        return { result: "success", data: this.firmware(parameters[0]!) };
      case op.abort:
        this.aborted = true;
        return { result: "success" };
      default:
        return this.noted(`opcode ${opcode}`, { result: "opCodeNotSupported" });
    }
  }

  private create(type: number, size: number): Answer {
    this.untilReceipt = this.prn;
    this.selected = type === 1 ? "command" : type === 2 ? "data" : "none";
    if (this.selected === "none") return this.noted("CREATE", { result: "invalidObject" });
    const create = this.selected === "command" ? this.objects.createCommand(size) : this.objects.createData(size);
    return this.noted("CREATE", create);
  }

  private select(type: number): Answer {
    this.selected = type === 1 ? "command" : type === 2 ? "data" : "none";
    if (this.selected === "none") return this.noted("SELECT", { result: "invalidObject" });
    const maximum = this.selected === "command" ? commandMaxBytes : dataMaxBytes;
    return { result: "success", data: Buffer.concat([words32(maximum), progressBytes(this.progress())]) };
  }

  private executeData(): Outcome {
    return this.selected === "data" ? this.objects.executeData() : { result: "invalidObject" };
  }

  private write(bytes: Buffer): void {
    const { objects, selected } = this;
    const outcome: Outcome =
      selected === "none"
        ? { result: "invalidObject" }
        : selected === "command"
          ? objects.writeCommand(bytes)
          : objects.writeData(bytes);
    this.noted("WRITE", outcome);
    if (this.prn === 0 || --this.untilReceipt > 0) return;
    this.untilReceipt = this.prn;
    this.answer(op.crc, { ...outcome, data: progressBytes(this.progress()) });
  }

  private progress(): Progress {
    return this.selected === "data" ? this.objects.dataProgress() : this.objects.commandProgress();
  }

  /** Type 2 is the bootloader, image 0; 0xff says that there is no such image. */
  private firmware(image: number): Buffer {
    const [type, version, address, length] = image === 0 ? [2, 1, bootloaderStart, 0x18000] : [0xff, 0, 0, 0];
    return Buffer.concat([Buffer.of(type!), words32(version!, address!, length!)]);
  }

  /** What is not permitted or out of range is the client's doing; what the packet's content brings is not. */
  private noted(what: string, outcome: Outcome): Outcome {
    const innocent = ["success", "extendedError", "insufficientResources"].includes(outcome.result);
    const worn = what === "CREATE" && outcome.result === "invalidObject" && this.selected === "data";
    if (!innocent && !worn) this.violation(`${what}: ${outcome.result}`);
    return outcome;
  }

  private answer(opcode: number, { result, extended, data }: Answer): void {
    const head = Buffer.of(op.response, opcode, results[result]);
    const body =
      result === "success" ? (data ?? Buffer.alloc(0)) : Buffer.from(extended === undefined ? [] : [extended]);
    this.send(Buffer.concat([head, body]));
  }
}

function progressBytes({ offset, crc }: Progress): Buffer {
  return words32(offset, crc);
}

function words16(value: number): Buffer {
  return Buffer.of(value & 255, value >> 8);
}

function words32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, 4 * i);
  });
  return bytes;
}

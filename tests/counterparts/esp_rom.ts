// The ROM loader of an ESP32, ESP32-C3 or ESP32-S3, and the stub that a client may upload into it, as bytes in and out: packets, status,
// SYNC, baud rates, and which of the two answers. Sources: Espressif, "Serial Protocol" (esptool,
// docs/en/advanced-topics/serial-protocol.rst), Packet Description and Initial Synchronisation; for the stub its own source,
// esp-flasher-stub, src/command_handler.c, `s_send_response` and `s_sync`. The commands are in esp_loader.ts. Status is four bytes from the
// ROM: 1 and the error; and two from the stub: the error and 0.
//
// It runs no code: whatever is uploaded and started answers as the stub. Compressed data is written at its last packet. A pty has no DTR
// and RTS, so a chip that left its loader is back in it at the next SYNC: a reset that should have kept it out cannot be seen. Left out:
// encryption, secure boot.
import { Counterpart, type SerialDevice } from "./counterpart.ts";
import { believedCrystalHz, type EspChipName, espChips } from "./esp_chips.ts";
import type { Afterwards, EspDevice, EspMode, Reply } from "./esp_device.ts";
import { EspLoader } from "./esp_loader.ts";
import { FlashReadout } from "./esp_read_flash.ts";
import { EspRegisters } from "./esp_registers.ts";
import type { FaultPlan } from "./faults.ts";
import { NorFlash } from "./nor_flash.ts";
import { slipFraming } from "./slip.ts";

export interface EspRomOptions {
  chip?: EspChipName;
  /** 12 hexadecimal digits. */
  mac?: string;
  flashBytes?: number;
  /** As RDID gives it: manufacturer in the low byte, type, capacity. A Winbond of 4 MiB when left out. */
  flashId?: number;
  /** The flash is in an ESP32's package, on pins that its eFuses name: the ROM must be told them (esptool, cmds.py, `attach_flash`). */
  flashInside?: boolean;
  /**
   * "refused": MEM_BEGIN fails, as on a chip in secure download mode. "hasty": it starts before MEM_END's answer is out, as happens with the
   * ROM (esptool, loader.py, `mem_finish`).
   */
  stub?: "accepted" | "refused" | "hasty";
  faults?: FaultPlan;
}

const sectorBytes = 4096;
const firstBaudRate = 115_200;
const sync = 0x08;
const syncAnswers = 8;
/** How far two UARTs may be apart and still understand each other. */
const rateTolerance = 0.02;
/** The ROM's is what the page's trace shows; the stub's is 0, by which esptool (loader.py, `sync`) knows that a stub runs already. */
const syncValue: Record<EspMode, number> = { rom: 0x20120707, stub: 0 };
/** CLK 6, Q 17, D 8, CS 16, HD 11, as in the ESP32-PICO-D4: eFuse words 5 and 3, five bits each, and as SPI_ATTACH takes them. */
const insidePins = {
  fuses: [
    { at: 0x3ff5a014, value: 6 | (17 << 5) | (8 << 10) | (16 << 15) },
    { at: 0x3ff5a00c, value: 11 << 4 },
  ],
  packed: 6 | (17 << 6) | (8 << 12) | (16 << 18) | (11 << 24),
};
const bootLog = Buffer.from(
  "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n",
);
const syncData = Buffer.concat([Buffer.from([0x07, 0x07, 0x12, 0x20]), Buffer.alloc(32, 0x55)]);

export class EspRom extends Counterpart implements SerialDevice {
  readonly flash: NorFlash;
  /** How the loader was left; undefined while it runs. */
  left: "reboot" | "user code" | undefined;
  /** UART0's rate; undefined until SYNC, which the ROM measures it by. */
  baudRate: number | undefined;
  private clientRate: number | undefined;
  private readonly device: EspDevice;
  private loader!: EspLoader;
  private readout: FlashReadout | undefined;

  constructor(options: EspRomOptions = {}) {
    super(options.faults ?? {}, slipFraming);
    const chip = espChips[options.chip ?? "esp32"];
    this.flash = new NorFlash(options.flashBytes ?? 4 << 20, sectorBytes, this.plan.flash);
    this.device = {
      chip,
      flash: this.flash,
      registers: new EspRegisters(chip, options.mac ?? "240ac4010203", options.flashId ?? 0x1640ef),
      flashPins: options.flashInside ? insidePins.packed : 0,
      refusesStub: options.stub === "refused",
      startsHastily: options.stub === "hasty",
      refusesRate: this.plan.baudRate === "refused",
      violation: (text) => this.violation(text),
    };
    if (options.flashInside)
      for (const { at, value } of insidePins.fuses) this.device.registers.write(at, value, value);
    this.enterLoader();
  }

  /** The chip is reset with its boot pin low: its ROM logs that (esptool, "Boot Mode Selection", Boot Log) and waits for SYNC. */
  reset(): void {
    this.enterLoader();
    this.onSend(bootLog);
  }

  protected enterLoader(): void {
    this.left = this.readout = this.baudRate = undefined;
    this.device.registers.setBaudRate(firstBaudRate);
    this.loader = new EspLoader("rom", this.device);
  }

  /** What a register holds. */
  register(address: number): number {
    return this.device.registers.read(address);
  }

  get mode(): EspMode {
    return this.loader.mode;
  }

  lineRate(baudRate: number): void {
    this.clientRate = baudRate;
  }

  override receive(bytes: Uint8Array): void {
    const { baudRate, clientRate } = this;
    const isDeaf =
      baudRate !== undefined && clientRate !== undefined && Math.abs(clientRate / baudRate - 1) > rateTolerance;
    if (!isDeaf) super.receive(bytes);
  }

  protected powerUp(): void {
    this.enterLoader();
  }

  protected handle(packet: Buffer): void {
    if (this.readout) return this.acknowledged(this.readout, packet);
    if (packet.length < 8 || packet[0] !== 0) return this.violation(`not a request: ${packet.toString("hex", 0, 8)}`);
    const command = packet[1]!;
    if (this.left && command !== sync) return;
    if (this.left) this.enterLoader();
    const data = packet.subarray(8);
    if (command === sync && data.equals(syncData)) return this.synchronise();
    this.answer(command, this.loader.command(command, packet.readUInt16LE(2), data, packet.readUInt32LE(4)));
  }

  private synchronise(): void {
    this.baudRate ??= this.clientRate;
    for (let i = 0; i < syncAnswers; i++) this.answer(sync, { value: syncValue[this.mode] });
  }

  private answer(command: number, reply: Reply): void {
    if (!reply.lost) this.send(this.response(command, reply));
    if (reply.after) this.afterwards(reply.after);
  }

  private response(command: number, { error, value = 0, data = Buffer.alloc(0) }: Reply): Buffer {
    const status = Buffer.alloc(this.mode === "rom" ? 4 : 2);
    if (error !== undefined) status.set(this.mode === "rom" ? [1, error] : [error, 0]);
    const header = Buffer.alloc(8);
    header.set([1, command]);
    header.writeUInt16LE(data.length + status.length, 2);
    header.writeUInt32LE(value, 4);
    return Buffer.concat([header, data, status]);
  }

  private afterwards(after: Afterwards): void {
    switch (after.kind) {
      case "leave":
        this.left = after.how;
        this.baudRate = undefined;
        return;
      case "start-stub":
        this.loader = new EspLoader("stub", this.device);
        return this.send(Buffer.from("OHAI"));
      case "change-rate":
        return this.changeRate(after.baudRate, after.old);
      case "read-flash":
        return this.startReadout(after);
    }
  }

  /** The stub is told the rate that it runs at; with another one it would set its divider wrong. */
  private changeRate(baudRate: number, old: number): void {
    if (this.mode === "stub" && this.baudRate !== undefined && old !== this.baudRate)
      this.violation(`CHANGE_BAUDRATE: the stub runs at ${this.baudRate}, not at ${old}`);
    if (this.plan.baudRate === "ignored") return;
    const rate = this.mode === "stub" ? baudRate : this.romRate(baudRate);
    if (this.clientRate !== undefined) this.baudRate = rate;
    this.device.registers.setBaudRate(rate);
  }

  /** What comes of a rate that the ROM sets by a wrong idea of its crystal. */
  private romRate(baudRate: number): number {
    const { chip } = this.device;
    return Math.round((baudRate * chip.uartClockHz) / believedCrystalHz(chip));
  }

  private startReadout({ data, packetBytes, maxInFlight }: Afterwards & { kind: "read-flash" }): void {
    const violation = (text: string) => this.violation(text);
    const readout = new FlashReadout(data, packetBytes, maxInFlight, (packet) => this.send(packet), violation);
    this.readout = readout;
    readout.advance();
    if (readout.done) this.readout = undefined;
  }

  private acknowledged(readout: FlashReadout, packet: Buffer): void {
    readout.acknowledge(packet);
    if (readout.done) this.readout = undefined;
  }
}

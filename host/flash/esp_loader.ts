// esptool-js 0.7, mended where it does not do what Espressif's documents say (esptool, docs/en/advanced-topics/serial-protocol.rst, for each
// chip, and esptool itself, which is that page's reference):
//
// 1. It writes by the chip's ROM as by its flasher stub. The ROM takes blocks of 1 KiB, two words with SPI_ATTACH and the flash's size by
//    SPI_SET_PARAMS before anything else, and answers SPI_FLASH_MD5 in hexadecimal digits.
//    FLASH_BEGIN has a fifth word for every chip's ROM but the ESP32's (esptool, loader.py, `flash_begin`).
// 2. The ROM reads flash by another command, 64 bytes at a time (0x0e, READ_FLASH_SLOW in esptool's loader.py, which is its reference).
// 3. A baud rate that is refused costs a reset and a new stub; here both rates are tried. The ESP32's ROM gets it wrong (esp_rom_clock.ts).
// 4. Its writer inflates what it sends, byte by byte, to know how long to wait, which costs as much time as the line; here the wait is the
//    longest that the whole may take.
// 5. It asks every chip by a command that the ESP32's ROM does not know, and after the refusal waits for quiet or resets the chip again; here
//    an ESP32 is known by the word at its ROM's beginning, and not asked.
// 6. It prints, waits on when the line is gone (esp_transport.ts), and lets Node 20 warn of JSON modules (esp_stub.ts).

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import { ESPError, ESPLoader, UnsupportedCommandError } from "esptool-js";
import { calibrationRegister, esp32RomRate, oscillatorFuses } from "./esp_rom_clock.ts";
import { stubOf } from "./esp_stub.ts";
import { type Interruption, LineTransport } from "./esp_transport.ts";
import { stopWatchdogs } from "./esp_usb.ts";
import type { WebSerialLine } from "./web_serial.ts";

export const romBaudRate = 115_200;
const romBlockBytes = 0x400;
const romReadBytes = 64;
const spiSetParams = 0x0b;
const readFlashSlow = 0x0e;
/** BLK0's words 5 and 3: SPI_PAD_CONFIG_CLK, Q, D, CS; and HD (targets/esp32.py, `get_chip_spi_pads`). */
const padFuses = 0x3ff5a014;
const holdFuses = 0x3ff5a00c;
/** MAGIC_VALUE in esptool's targets/esp32.py. */
const esp32Word = 0x00f01d83;
const silent = { clean() {}, write() {}, writeLine() {} };
const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);

export class EspLoader extends ESPLoader {
  private stubRuns = false;

  /** @param patienceMs the longest wait for an answer, whatever esptool-js would wait */
  constructor(port: WebSerialLine, interruption: Interruption, patienceMs = Number.POSITIVE_INFINITY) {
    const transport = new LineTransport(port, patienceMs, interruption);
    super({ transport, baudrate: romBaudRate, romBaudrate: romBaudRate, terminal: silent });
  }

  override async sync(): ReturnType<ESPLoader["sync"]> {
    const answer = await super.sync();
    this.stubRuns = answer[0] === 0; // any ROM's is another
    return answer;
  }

  override async getSecurityInfo(cache?: boolean): ReturnType<ESPLoader["getSecurityInfo"]> {
    const word = await this.readReg(this.CHIP_DETECT_MAGIC_REG_ADDR).catch(() => 0); // refused where downloads are secure
    if (word >>> 0 === esp32Word) throw new UnsupportedCommandError();
    return super.getSecurityInfo(cache);
  }

  /** After a reset over USB, which leaves the watchdogs running, and before anything that takes long. */
  async stopWatchdogs(): Promise<void> {
    if (this.stubRuns) return;
    for (const { address, value, mask } of stopWatchdogs(this.chip.CHIP_NAME))
      await this.writeReg(address, value, mask);
  }

  /**
   * Loads the flasher stub into RAM and starts it, unless it runs already: a chip whose reset lines are not connected keeps it, and says so
   * in its answer to SYNC (esptool, loader.py, `run_stub`).
   * @returns false when there is none, or the chip says that it takes none: its ROM goes on
   * @throws ESPError when it got lost on the way, or does not start
   */
  async startStub(): Promise<boolean> {
    if (this.stubRuns) {
      this.IS_STUB = true;
      return true;
    }
    const stub = stubOf(this.chip.CHIP_NAME);
    if (!stub) return false;
    for (const [bytes, address] of [
      [stub.text, stub.text_start],
      [stub.data, stub.data_start],
    ] as const)
      if (!(await this.load(Buffer.from(bytes, "base64"), address))) return false;
    await this.command(this.ESP_MEM_END, words(0, stub.entry), 0, false);
    await this.stubSpeaks();
    this.IS_STUB = true;
    return true;
  }

  /** The stub may start before the ROM's answer to MEM_END is out (esptool, loader.py, `mem_finish`): what counts is its own first word. */
  private async stubSpeaks(): Promise<void> {
    const isFirstWord = (packet: Uint8Array) => Buffer.from(packet).toString("latin1") === "OHAI";
    for (let packets = 0; packets < 2; packets++)
      if (isFirstWord(await this.transport.read(this.DEFAULT_TIMEOUT))) return;
    throw new ESPError("the flasher stub does not start");
  }

  private async load(bytes: Uint8Array, address: number): Promise<boolean> {
    const block = this.ESP_RAM_BLOCK;
    const blocks = Math.ceil(bytes.length / block);
    if (!(await this.mayLoad(words(bytes.length, blocks, block, address)))) return false;
    for (let i = 0; i < blocks; i++) await this.memBlock(bytes.subarray(i * block, (i + 1) * block), i);
    return true;
  }

  /** Asked twice: a request that was harmed on the line is refused, too. */
  private async mayLoad(begin: Uint8Array): Promise<boolean> {
    for (let asked = 0; asked < 2; asked++) {
      const [, status] = await this.command(this.ESP_MEM_BEGIN, begin);
      if (status[0] === 0) return true;
    }
    return false;
  }

  /** Connects the flash to the loader, stub or ROM. @returns the flash's size in bytes; `otherwise` when its id does not tell */
  async attachFlash(otherwise: number): Promise<number> {
    if (!this.IS_STUB) this.FLASH_WRITE_SIZE = romBlockBytes;
    const pins = this.IS_STUB ? words(0) : words(await this.flashPins(), 0);
    await this.checkCommand("attach the flash", this.ESP_SPI_ATTACH, pins);
    const bytes = flashBytes((await this.readFlashId()) >> 16) ?? otherwise;
    const geometry = words(0, bytes, 65_536, 4096, 256, 0xffff); // as esptool's flash_set_parameters: block, sector, page, status mask
    await this.checkCommand("set the flash's size", spiSetParams, geometry);
    return bytes;
  }

  /** For the ROM: an ESP32's finds no flash inside its package by itself (esptool, cmds.py, `attach_flash`); 0 is the usual pins. */
  private async flashPins(): Promise<number> {
    if (this.chip.CHIP_NAME !== "ESP32") return 0;
    const [pads, hold] = [await this.readReg(padFuses), await this.readReg(holdFuses)];
    const [clock, out, into, select] = [0, 5, 10, 15].map((bit) => (pads >> bit) & 0x1f) as [
      number,
      number,
      number,
      number,
    ];
    return clock | (out << 6) | (into << 12) | (select << 18) | (((hold >> 4) & 0x1f) << 24);
  }

  /** @returns the rate at which both go on: `baudRate`, or the ROM's. @throws ESPError when the chip answers at neither */
  async tryBaudRate(baudRate: number): Promise<number> {
    const from = this.IS_STUB ? romBaudRate : 0;
    const asked = await this.rateToAsk(baudRate);
    const request = this.checkCommand("change the baud rate", this.ESP_CHANGE_BAUDRATE, words(asked, from));
    const accepted = await request.then(
      () => true,
      () => false,
    );
    for (const rate of accepted ? [baudRate, romBaudRate] : [romBaudRate, baudRate]) {
      await sleep(50); // esptool's, until the chip's UART runs at its rate
      await this.transport.changeBaudrate(rate);
      this.transport.flushInput();
      if (await this.answers()) return rate;
    }
    throw new ESPError(`no answer at ${romBaudRate} and ${baudRate} baud`);
  }

  private async rateToAsk(baudRate: number): Promise<number> {
    if (this.IS_STUB || this.chip.CHIP_NAME !== "ESP32") return baudRate;
    const calibration = await this.readReg(calibrationRegister);
    return esp32RomRate(baudRate, calibration, await this.readReg(oscillatorFuses));
  }

  private async answers(): Promise<boolean> {
    for (let tries = 0; tries < 2; tries++)
      try {
        await this.readReg(this.CHIP_DETECT_MAGIC_REG_ADDR, 500);
        return true;
      } catch {
        this.transport.flushInput();
      }
    return false;
  }

  /**
   * Erases what the bytes take, in whole sectors, and writes them. They are in flash when it returns, right or wrong: see `hashDiffers`.
   * @param onSent told the compressed bytes sent, of how many
   */
  async writeCompressed(
    address: number,
    bytes: Uint8Array,
    onSent: (done: number, total: number) => void,
  ): Promise<void> {
    const packed = deflateSync(bytes, { level: 9 });
    const waitMs = this.timeoutPerMb(this.ERASE_WRITE_TIMEOUT_PER_MB, bytes.length);
    await this.flashDeflBegin(bytes.length, packed.length, address);
    for (let at = 0; at < packed.length; at += this.FLASH_WRITE_SIZE) {
      onSent(at, packed.length);
      const block = packed.subarray(at, at + this.FLASH_WRITE_SIZE);
      await this.flashDeflBlock(block, at / this.FLASH_WRITE_SIZE, waitMs);
    }
    onSent(packed.length, packed.length);
    if (this.IS_STUB) await this.flashDeflFinish(false, waitMs); // the stub answers before it has written; the ROM would leave its loader
  }

  /** Compares MD5s, the flash's own and ours. */
  async hashDiffers(address: number, bytes: Uint8Array): Promise<boolean> {
    return (await this.flashMd5sum(address, bytes.length)) !== createHash("md5").update(bytes).digest("hex");
  }

  override async flashMd5sum(address: number, bytes: number): Promise<string> {
    const sum = await super.flashMd5sum(address, bytes);
    return this.IS_STUB ? sum : Buffer.from(sum, "hex").toString("latin1").toLowerCase();
  }

  /** The ROM erases what FLASH_BEGIN names; no data need follow. */
  async eraseAll(bytes: number): Promise<void> {
    if (this.IS_STUB) {
      await this.eraseFlash();
      return;
    }
    const isEncrypted = this.chip.CHIP_NAME === "ESP32" ? [] : [0];
    const begin = words(bytes, bytes / romBlockBytes, romBlockBytes, 0, ...isEncrypted);
    const waitMs = this.timeoutPerMb(this.ERASE_REGION_TIMEOUT_PER_MB, bytes);
    await this.checkCommand("erase the flash", this.ESP_FLASH_BEGIN, begin, 0, 0, waitMs);
  }

  /** @param onRead told the bytes read so far */
  async readBack(address: number, bytes: number, onRead: (done: number) => void): Promise<Uint8Array> {
    if (this.IS_STUB) return this.readStub(address, bytes, onRead);
    const read = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += romReadBytes) {
      const count = Math.min(romReadBytes, bytes - at);
      const request = words(address + at, count);
      const reply = await this.checkCommand("read flash", readFlashSlow, request, 0, romReadBytes); // always answers 64 bytes
      read.set((reply as unknown as Uint8Array).subarray(0, count), at);
      onRead(at + count);
    }
    return read;
  }

  /** The stub ends what it sends with an MD5 that esptool-js leaves in the line. */
  private async readStub(address: number, bytes: number, onRead: (done: number) => void): Promise<Uint8Array> {
    const read = await this.readFlash(address, bytes, (_packet, done) => onRead(done));
    await this.transport.read(this.DEFAULT_TIMEOUT);
    return read;
  }
}

/**
 * By the third byte of its JEDEC id: a power of two, which some makers count anew from 64 MiB, or in a range of their own for 1.8 V
 * (esptool, cmds.py, DETECTED_FLASH_SIZES).
 */
function flashBytes(capacity: number): number | undefined {
  if (capacity >= 0x12 && capacity <= 0x1c) return 2 ** capacity;
  if (capacity >= 0x20 && capacity <= 0x22) return 2 ** (capacity + 6);
  return capacity >= 0x32 && capacity <= 0x3a ? 2 ** (capacity - 0x20) : undefined;
}

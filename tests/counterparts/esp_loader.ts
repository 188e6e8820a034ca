// The commands of one ESP32 loader, the ROM's or the stub's, on bytes of data: what each takes, does and gives back. Packets, baud rates
// and who runs when are esp_rom.ts. Sources: Espressif, "Serial Protocol", Commands, in the chips' own versions of that page: the newer
// ROMs take a fifth word with FLASH_BEGIN, which the ESP32's does not (esptool, loader.py, `flash_begin`); the stub takes four or five, and
// needs no SPI_ATTACH (esp-flasher-stub, src/command_handler.c, `s_init_flash_operation`, and src/main.c). The stub acknowledges data
// before it writes them, and says what became of them in answer to the next command, which it does not do (`handle_command`). Left out:
// RUN_USER_CODE.
import { createHash } from "node:crypto";
import type { EspDevice, EspMode, Reply } from "./esp_device.ts";
import { type DownloadError, espChecksum, FlashDownload } from "./esp_download.ts";
import { type EspError, romErrors, stubErrors } from "./esp_errors.ts";
import { RamDownload } from "./esp_memory.ts";

type Handler = (data: Buffer, checksum: number) => Reply;
type Words = (words: number[]) => Reply;

const maxPacketBytes = { rom: 0x400, stub: 0x4000 };
const maxRamPacketBytes = 0x1800;
const firstStubCommand = 0xd0;
const readFlashSlow = 0x0e;
const slowBytes = 64;
/** What the stub finds out only after it has answered. */
const lateErrors: ReadonlySet<DownloadError | undefined> = new Set(["erase", "program", "inflate", "length"] as const);

export class EspLoader {
  private readonly plain: FlashDownload;
  private readonly compressed: FlashDownload;
  private readonly ram: RamDownload;
  private readonly errors: Record<EspError, number>;
  private readonly handlers: ReadonlyMap<number, Handler>;
  private attached: boolean;
  private late: number | undefined;

  constructor(
    readonly mode: EspMode,
    private readonly device: EspDevice,
  ) {
    const violation = (text: string) => device.violation(text);
    const rules = { erasesLate: mode === "stub", maxPacketBytes: maxPacketBytes[mode] };
    this.plain = new FlashDownload(device.flash, { ...rules, compressed: false }, violation);
    this.compressed = new FlashDownload(device.flash, { ...rules, compressed: true }, violation);
    this.ram = new RamDownload(violation);
    this.errors = mode === "rom" ? romErrors : stubErrors;
    this.attached = mode === "stub";
    this.handlers = new Map([...this.commonCommands(), ...this.flashCommands()]);
  }

  /** @param size the packet's size field, which must be the length of `data` */
  command(command: number, size: number, data: Buffer, checksum: number): Reply {
    const { late } = this;
    this.late = undefined;
    if (late !== undefined) return { error: late };
    if (size !== data.length) return this.refuse("parameters", `size field ${size}, data ${data.length} bytes`);
    const handler = this.handlers.get(command);
    const isOthers = this.mode === "rom" ? command >= firstStubCommand : command === readFlashSlow;
    if (!handler || isOthers) return this.refuse("command", `no such command: 0x${command.toString(16)}`);
    return handler(data, checksum);
  }

  private commonCommands(): [number, Handler][] {
    const { registers, chip } = this.device;
    const security: [number, Handler][] = chip.chipId === undefined ? [] : [[0x14, () => this.security(chip.chipId!)]];
    return [
      [0x05, (data) => this.memBegin(data)],
      [0x06, (data) => this.memEnd(data)],
      [0x07, (data, checksum) => this.packet(this.ram, data, checksum)],
      [0x09, (data) => this.writeRegister(data)],
      [0x0a, (data) => this.words(data, 1, ([address]) => ({ value: registers.read(address!) }))],
      [0x0d, (data) => this.attach(data)],
      [0x0f, (data) => this.changeRate(data)],
      ...security,
    ];
  }

  private flashCommands(): [number, Handler][] {
    const commands: [number, Handler][] = [
      [0x02, (data) => this.begin(this.plain, data)],
      [0x04, (data) => this.end(this.plain, data)],
      [0x0b, (data) => this.words(data, 6, () => ({}))],
      [readFlashSlow, (data) => this.words(data, 2, ([address, size]) => this.readSlowly(address!, size!))],
      [0x10, (data) => this.begin(this.compressed, data)],
      [0x12, (data) => this.end(this.compressed, data)],
      [0x13, (data) => this.words(data, 4, ([address, size]) => this.md5(address!, size!))],
      [0xd0, () => this.erase(0, this.device.flash.size)],
      [0xd1, (data) => this.words(data, 2, ([address, size]) => this.erase(address!, size!))],
      [0xd2, (data) => this.words(data, 4, (words) => this.readFlash(words))],
    ];
    return [
      ...commands.map(([code, handler]): [number, Handler] => [code, this.withFlash(handler)]),
      [0x03, (data, checksum) => this.packet(this.plain, data, checksum)],
      [0x11, (data, checksum) => this.packet(this.compressed, data, checksum)],
    ];
  }

  private withFlash(handler: Handler): Handler {
    return (data, checksum) =>
      this.attached ? handler(data, checksum) : this.refuse("failed", "a flash command before SPI_ATTACH");
  }

  private words(data: Buffer, count: number, then: Words): Reply {
    return this.someWords(data, [count], then);
  }

  private someWords(data: Buffer, counts: readonly number[], then: Words): Reply {
    if (!counts.some((count) => data.length === 4 * count))
      return this.refuse(
        "parameters",
        `${data.length} bytes where ${counts.map((count) => 4 * count).join(" or ")} were due`,
      );
    return then(Array.from({ length: data.length / 4 }, (_, i) => data.readUInt32LE(4 * i)));
  }

  private writeRegister(data: Buffer): Reply {
    return this.words(data, 4, ([address, value, mask]) => {
      this.device.registers.write(address!, value!, mask!);
      return {};
    });
  }

  /** One word; the ROM wants a second one, zero. */
  private attach(data: Buffer): Reply {
    return this.words(data, this.mode === "rom" ? 2 : 1, ([pins, zero = 0]) => {
      if (pins !== (this.mode === "rom" ? this.device.flashPins : 0) || zero !== 0)
        return this.refuse("failed", "SPI_ATTACH: no flash on these pins");
      this.attached = true;
      return {};
    });
  }

  private changeRate(data: Buffer): Reply {
    return this.words(data, 2, ([baudRate, old]) => {
      if (this.mode === "rom" && old !== 0) this.device.violation("CHANGE_BAUDRATE: the ROM's second word is zero");
      if (this.device.refusesRate) return { error: this.errors.failed };
      return { after: { kind: "change-rate", baudRate: baudRate!, old: old! } };
    });
  }

  private begin(download: FlashDownload, data: Buffer): Reply {
    const romCounts = this.device.chip.beginHasEncryptedWord ? [5] : [4];
    const counts = this.mode === "rom" ? romCounts : [4, 5];
    return this.someWords(data, counts, (words) => this.outcome(download.begin(words)));
  }

  private packet(download: FlashDownload | RamDownload, data: Buffer, checksum: number): Reply {
    const body = data.subarray(16);
    if (data.length < 16 || data.readUInt32LE(0) !== body.length)
      return this.refuse("parameters", "DATA's length word is not the length of its data");
    if (data.readUInt32LE(8) !== 0 || data.readUInt32LE(12) !== 0)
      this.device.violation("DATA: words 3 and 4 are not 0");
    if (espChecksum(body) !== checksum) return this.refuse("checksum", "DATA's checksum is wrong");
    const error = download.data(data.readUInt32LE(4), body);
    if (this.mode === "rom" || !lateErrors.has(error)) return this.outcome(error);
    this.late = this.errors[error!];
    return {};
  }

  /** 0 reboots. The ROM leaves for the user's code at 1; the stub stays. */
  private end(download: FlashDownload, data: Buffer): Reply {
    return this.words(data, 1, ([stay]) => {
      const reply = this.outcome(download.end());
      if (reply.error !== undefined || (stay !== 0 && this.mode === "stub")) return reply;
      return { after: { kind: "leave", how: stay === 0 ? "reboot" : "user code" } };
    });
  }

  private memBegin(data: Buffer): Reply {
    if (this.device.refusesStub) return { error: this.errors.failed };
    if (this.mode === "stub") this.device.violation("MEM_BEGIN while the stub runs, which may be overwritten by it");
    return this.words(data, 4, (words) => {
      if (words[2]! > maxRamPacketBytes) return this.refuse("parameters", `MEM_BEGIN: packets of ${words[2]} bytes`);
      return this.outcome(this.ram.begin(words));
    });
  }

  /** Execute flag 0 jumps to the entry; 1 only ends the download. */
  private memEnd(data: Buffer): Reply {
    return this.words(data, 2, ([stays, entry]) => {
      if (stays !== 0) return {};
      if (!this.ram.holds(entry!)) return this.refuse("failed", `MEM_END: nothing is loaded at ${entry?.toString(16)}`);
      return { lost: this.device.startsHastily, after: { kind: "start-stub" } };
    });
  }

  private md5(address: number, size: number): Reply {
    const { flash } = this.device;
    if (!flash.holds(address, size)) return this.refuse("parameters", "SPI_FLASH_MD5 outside the flash");
    const digest = createHash("md5").update(flash.read(address, size)).digest();
    return { data: this.mode === "rom" ? Buffer.from(digest.toString("hex")) : digest };
  }

  /** 32 bits of flags, flash_crypt_cnt, seven key purposes, chip id, eco version. */
  private security(chipId: number): Reply {
    const data = Buffer.alloc(20);
    data.writeUInt32LE(chipId, 12);
    return { data };
  }

  private erase(address: number, size: number): Reply {
    const { flash } = this.device;
    const aligned = address % flash.pageBytes === 0 && size % flash.pageBytes === 0;
    if (!aligned || !flash.holds(address, size))
      return this.refuse("parameters", `ERASE_REGION: 0x${address.toString(16)} + ${size} is not whole sectors of it`);
    return flash.erase(address, size) ? {} : { error: this.errors.erase };
  }

  /** Always a buffer of 64 bytes, of which the first `size` are the flash's (esptool, targets/esp32.py, `read_flash_slow`). */
  private readSlowly(address: number, size: number): Reply {
    const { flash } = this.device;
    if (size > slowBytes || !flash.holds(address, size))
      return this.refuse("parameters", `READ_FLASH of the ROM: ${size} bytes at 0x${address.toString(16)}`);
    const data = Buffer.alloc(slowBytes);
    flash.read(address, size).copy(data);
    return { data };
  }

  private readFlash([address, size, packetBytes, maxInFlight]: number[]): Reply {
    const { flash } = this.device;
    if (!flash.holds(address!, size!) || !packetBytes || !maxInFlight)
      return this.refuse("parameters", "READ_FLASH: outside the flash, or no packet size or window");
    return { after: { kind: "read-flash", data: flash.read(address!, size!), packetBytes, maxInFlight } };
  }

  private outcome(error: DownloadError | undefined): Reply {
    return error === undefined ? {} : { error: this.errors[error] };
  }

  private refuse(error: EspError, text: string): Reply {
    this.device.violation(text);
    return { error: this.errors[error] };
  }
}

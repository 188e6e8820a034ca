// FLASH_BEGIN/DATA/END and FLASH_DEFL_BEGIN/DATA/END of the ESP32 loaders (Espressif, "Serial Protocol", Writing Data and Checksum): the
// ROM erases what BEGIN names, the stub erases each sector just before it writes it. Both want packets in order, with the size and the
// number that BEGIN announced. A compressed download is inflated at its last packet, so a bad stream is noticed there and not earlier.
import { inflateSync } from "node:zlib";
import type { NorFlash } from "./nor_flash.ts";

/** What went wrong; the loader turns it into its own error code. */
export type DownloadError =
  | "parameters"
  | "sequence"
  | "checksum"
  | "erase"
  | "program"
  | "inflate"
  | "length"
  | "state";

export interface DownloadRules {
  compressed: boolean;
  /** The stub's: erase just in time. */
  erasesLate: boolean;
  maxPacketBytes: number;
}

interface Begin {
  size: number;
  packets: number;
  packetBytes: number;
  address: number;
}

/** XOR of all bytes, from 0xef. */
export function espChecksum(data: Uint8Array): number {
  return data.reduce((sum, byte) => sum ^ byte, 0xef);
}

export class FlashDownload {
  private begun: Begin | undefined;
  private next = 0;
  private readonly received: Buffer[] = [];
  private erasedTo = 0;

  constructor(
    private readonly flash: NorFlash,
    private readonly rules: DownloadRules,
    private readonly violation: (text: string) => void,
  ) {}

  /** `words` are BEGIN's first four: bytes to erase or to write, number of packets, bytes of one, address. */
  begin(words: readonly number[]): DownloadError | undefined {
    const [size, packets, packetBytes, address] = words as [number, number, number, number];
    this.begun = undefined;
    this.next = 0;
    this.received.length = 0;
    this.erasedTo = address;
    const wrong = this.wrongBegin(size, packets, packetBytes, address);
    if (wrong) {
      this.violation(`BEGIN: ${wrong}`);
      return "parameters";
    }
    if (!this.rules.erasesLate && !this.flash.erase(address, size)) return "erase";
    this.begun = { size, packets, packetBytes, address };
    return undefined;
  }

  /** One DATA packet, without its header of four words. */
  data(sequence: number, data: Buffer): DownloadError | undefined {
    const begun = this.begun;
    if (!begun) return this.refuse("state", "DATA before BEGIN");
    if (sequence !== this.next || sequence >= begun.packets)
      return this.refuse("sequence", `DATA ${sequence} where ${this.next} of ${begun.packets} was due`);
    const isLast = sequence === begun.packets - 1;
    if (data.length > begun.packetBytes || (!isLast && data.length < begun.packetBytes))
      return this.refuse("parameters", `DATA ${sequence} has ${data.length} bytes, BEGIN said ${begun.packetBytes}`);
    this.next++;
    if (!this.rules.compressed) return this.store(begun.address + sequence * begun.packetBytes, data);
    this.received.push(data);
    return isLast ? this.inflate(begun) : undefined;
  }

  /** Must not come between BEGIN and the last packet. */
  end(): DownloadError | undefined {
    const missing = this.begun && this.next < this.begun.packets;
    if (missing) return this.refuse("state", `END after ${this.next} of ${this.begun?.packets} packets`);
    this.begun = undefined;
    return undefined;
  }

  private wrongBegin(size: number, packets: number, packetBytes: number, address: number): string | undefined {
    if (!this.flash.holds(address, size)) return `0x${address.toString(16)} + ${size} lies outside the flash`;
    if (address % this.flash.pageBytes !== 0) return `0x${address.toString(16)} is not the start of a sector`;
    if (packetBytes > this.rules.maxPacketBytes) return `packets of ${packetBytes} bytes are too long`;
    if (!this.rules.compressed && packets !== Math.ceil(size / Math.max(packetBytes, 1)))
      return `${packets} packets of ${packetBytes} bytes are not ${size} bytes`;
    return undefined;
  }

  private inflate(begun: Begin): DownloadError | undefined {
    let plain: Buffer;
    try {
      plain = inflateSync(Buffer.concat(this.received));
    } catch {
      return this.refuse("inflate", "the compressed stream is broken");
    }
    const fits = this.rules.erasesLate
      ? plain.length === begun.size
      : plain.length <= Math.ceil(begun.size / this.flash.pageBytes) * this.flash.pageBytes;
    if (!fits) return this.refuse("length", `${plain.length} bytes came out where BEGIN said ${begun.size}`);
    return this.store(begun.address, plain);
  }

  private store(address: number, data: Buffer): DownloadError | undefined {
    if (!this.flash.holds(address, data.length)) return this.refuse("length", "DATA runs over the end of the flash");
    if (this.rules.erasesLate && !this.eraseTo(address + data.length)) return "erase";
    return this.flash.program(address, data) && this.flash.equals(address, data) ? undefined : "program";
  }

  private eraseTo(end: number): boolean {
    const whole = Math.ceil(end / this.flash.pageBytes) * this.flash.pageBytes;
    if (whole <= this.erasedTo) return true;
    const done = this.flash.erase(this.erasedTo, whole - this.erasedTo);
    if (done) this.erasedTo = whole;
    return done;
  }

  private refuse(error: DownloadError, text: string): DownloadError {
    this.violation(text);
    return error;
  }
}

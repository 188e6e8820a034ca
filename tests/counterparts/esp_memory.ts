// MEM_BEGIN/DATA/END of the ESP32 ROM loader: what it loads into RAM and where it is told to jump. It keeps which ranges are loaded and not
// what stands in them: no code runs here.
import type { DownloadError } from "./esp_download.ts";

export class RamDownload {
  private readonly loaded: { start: number; end: number }[] = [];
  private begun: { size: number; packets: number; packetBytes: number; address: number } | undefined;
  private next = 0;
  private received = 0;

  constructor(private readonly violation: (text: string) => void) {}

  begin(words: readonly number[]): DownloadError | undefined {
    const [size, packets, packetBytes, address] = words as [number, number, number, number];
    this.begun = { size, packets, packetBytes, address };
    this.next = this.received = 0;
    if (packets === Math.ceil(size / Math.max(packetBytes, 1))) return undefined;
    this.violation(`MEM_BEGIN: ${packets} packets of ${packetBytes} bytes are not ${size} bytes`);
    return "parameters";
  }

  data(sequence: number, data: Buffer): DownloadError | undefined {
    if (!this.begun) return this.refuse("state", "MEM_DATA before MEM_BEGIN");
    if (sequence !== this.next) return this.refuse("sequence", `MEM_DATA ${sequence} where ${this.next} was due`);
    this.next++;
    this.received += data.length;
    const { address, size, packets } = this.begun;
    if (sequence < packets - 1) return undefined;
    if (this.received < size) return this.refuse("length", `MEM_DATA: ${this.received} of ${size} bytes`);
    this.loaded.push({ start: address, end: address + this.received });
    return undefined;
  }

  /** True when code was loaded at `entry`. */
  holds(entry: number): boolean {
    return this.loaded.some(({ start, end }) => entry >= start && entry < end);
  }

  private refuse(error: DownloadError, text: string): DownloadError {
    this.violation(text);
    return error;
  }
}

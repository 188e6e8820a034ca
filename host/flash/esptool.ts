// Flashes chips of Espressif's by their ROM's serial loader (Espressif, esptool documentation, "Serial Protocol"): resets the chip into it
// by DTR and RTS, checks which chip it is, loads the flasher stub where the chip takes one, writes compressed, compares MD5s, and resets
// the chip. What goes wrong on the line is answered by beginning again from the reset. Where in flash an image belongs is its maker's to say.

import { FtteError } from "../errors.ts";
import { listPorts, type PortCandidate } from "../link/ports.ts";
import { EspLoader, romBaudRate } from "./esp_loader.ts";
import { isUsbSerialJtag } from "./esp_usb.ts";
import { type Failure, flashFailure } from "./failure.ts";
import { hex } from "./image.ts";
import { type OpenLine, openLine } from "./line.ts";
import type { FlashJob, FlashMethod, FlashReport, Segment } from "./method.ts";
import { WebSerialLine } from "./web_serial.ts";

export interface EsptoolOptions {
  openLine?: OpenLine;
  listPorts?: () => Promise<PortCandidate[]>;
  /** The longest wait for any answer; the protocol's own when left out. */
  patienceMs?: number;
}

/** All that is tried again shares these tries; the stub has two of them, then the ROM alone does it. */
const tries = 4;
const stubTries = 2;
/** As esptool's HardReset; esptool-js's own never asserts RTS: EN low for 100 ms, with GPIO0 high. */
const resetIntoFirmware = "D0|R1|W100|R0";

const untouched = "still has its old firmware";
const erased = "is erased";
const torn = "has its firmware partly overwritten";
const written = "holds the new firmware";
const again = "flash it again";

/** One job, over several tries. */
class Flasher {
  private state: string = untouched;
  private stubFailures = 0;
  private fast = true;
  private readonly port: WebSerialLine;

  constructor(
    private readonly job: FlashJob,
    private readonly options: EsptoolOptions,
    private readonly usb: PortCandidate["usb"],
  ) {
    this.port = new WebSerialLine(job.address, options.openLine ?? openLine, usb);
  }

  /** One try, from the reset to the reset. @throws anything; `explain` tells what it means */
  async run(): Promise<FlashReport> {
    this.job.onProgress("connecting", 0, 0);
    const loader = new EspLoader(this.port, () => this.interruption(), this.options.patienceMs);
    try {
      await this.connect(loader);
      const report = await this.flash(loader);
      this.job.onProgress("restarting", 0, 0);
      await restart(loader);
      return report;
    } catch (error) {
      if (this.state === untouched) await restart(loader).catch(() => {}); // as it was before
      throw error;
    } finally {
      await this.port.close();
    }
  }

  private async connect(loader: EspLoader): Promise<void> {
    const { board, address } = this.job;
    await loader.detectChip();
    const found = loader.chip.CHIP_NAME;
    if (found !== board.chip)
      throw this.failure({
        code: "board-wrong",
        what: `the chip at ${address} is an ${found}, ${board.id} has an ${board.chip}`,
        next: "name the board that it is, or its own port",
      });
    if (loader.secureDownloadMode)
      throw this.failure({
        code: "flash-protected",
        what: "the chip's fuses allow secure downloads only, which nothing lifts",
        next: "take another chip",
      });
    if (this.usb && isUsbSerialJtag(this.usb)) await loader.stopWatchdogs();
    if (this.stubFailures < stubTries) await this.startStub(loader);
    if (this.fast) await this.changeBaudRate(loader);
  }

  private async startStub(loader: EspLoader): Promise<void> {
    this.stubFailures++;
    this.stubFailures = (await loader.startStub()) ? 0 : stubTries;
  }

  private async changeBaudRate(loader: EspLoader): Promise<void> {
    this.fast = false;
    this.fast = (await loader.tryBaudRate(this.job.board.link.baud)) !== romBaudRate;
  }

  private async flash(loader: EspLoader): Promise<FlashReport> {
    const { job } = this;
    const end = Number(job.board.flash.at) + job.board.flash.bytes;
    const size = await loader.attachFlash(2 ** Math.ceil(Math.log2(end)));
    if (size < end)
      throw this.failure({
        code: "board-wrong",
        what: `its flash has ${size} bytes, ${job.board.id} needs ${end}`,
        next: "name the board that it is",
      });
    if (job.recover) {
      job.onProgress("erasing", 0, 0);
      this.state = erased;
      await loader.eraseAll(size);
    }
    for (const segment of job.segments) await this.write(loader, segment);
    this.state = written;
    const bytes = job.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
    return { bytes, verified: job.verify ? "read-back" : "hash" };
  }

  private async write(loader: EspLoader, segment: Segment): Promise<void> {
    const { verify, onProgress } = this.job;
    const { address } = segment;
    const bytes = wholeWords(segment.bytes);
    this.state = torn;
    await loader.writeCompressed(address, bytes, (done, total) => onProgress("writing", done, total));
    onProgress("verifying", 0, 0);
    if (await loader.hashDiffers(address, bytes))
      throw new WrongBytes(`the MD5 at ${hex(address)} is not the firmware's`);
    if (!verify) return;
    const read = await loader.readBack(address, bytes.length, (done) => onProgress("verifying", done, bytes.length));
    const wrong = bytes.findIndex((byte, i) => byte !== read[i]);
    if (wrong >= 0) throw new WrongBytes(`flash holds another byte at ${hex(address + wrong)} than was written`);
  }

  private interruption(): FtteError | undefined {
    const { job, port } = this;
    if (job.signal?.aborted) return this.failure({ code: "interrupted", what: "interrupted", next: again });
    if (port.gone === undefined) return undefined;
    const next = this.state === written ? "plug it in again" : `plug it in and ${again}`;
    return this.failure({ what: `${job.address} is gone (${port.gone})`, next });
  }

  private failure(failure: Omit<Failure, "state">): FtteError {
    return flashFailure(this.job, { state: this.state, ...failure });
  }

  /** False for what another try would meet again. */
  mayMend(error: unknown): boolean {
    return !(error instanceof FtteError) && !this.interruption() && !isDeaf(error);
  }

  /** What the last try's error means. */
  explain(error: unknown): FtteError {
    const interrupted = this.interruption();
    if (interrupted) return interrupted;
    if (error instanceof FtteError) return error;
    const { address, board } = this.job;
    const cause = { cause: error };
    if (isDeaf(error))
      return this.failure({
        what: `the ROM's loader of an ${board.chip} does not answer at ${address}`,
        next: `hold BOOT, press and release RESET, release BOOT, and ${again}`,
        ...cause,
      });
    const what = (error as Error).message;
    if (error instanceof WrongBytes) return this.failure({ code: "flash-verify", what, next: again, ...cause });
    return this.failure({ what, next: this.state === written ? "press its RESET button" : again, ...cause });
  }
}

class WrongBytes extends Error {}

/** Flash is programmed in words, as esptool's pad_to has it. */
function wholeWords(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3, 0xff)]);
}

const isDeaf = (error: unknown) => /^Failed to connect/.test((error as Error).message);

const restart = (loader: EspLoader) => loader.after("custom_reset", undefined, resetIntoFirmware);

/** The USB device that the port is of, for boards that may be reset in two ways. */
async function usbOf(
  { address, board }: FlashJob,
  list: () => Promise<PortCandidate[]>,
): Promise<PortCandidate["usb"]> {
  if (!board.usb.some(isUsbSerialJtag)) return undefined;
  return (await list()).find((port) => port.address === address)?.usb;
}

/** `address` is the serial port that the chip's UART 0, or its USB Serial/JTAG controller, is at. */
export function esptool(options: EsptoolOptions = {}): FlashMethod {
  return async (job) => {
    const flasher = new Flasher(job, options, await usbOf(job, options.listPorts ?? listPorts));
    for (let left = tries; ; left--)
      try {
        return await flasher.run();
      } catch (error) {
        if (left === 1 || !flasher.mayMend(error)) throw flasher.explain(error);
      }
  };
}

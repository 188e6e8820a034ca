// Flashes an nRF52 through a CMSIS-DAP probe: erases the pages that the firmware touches, writes, reads everything back, restarts. What
// the chip needs is nrf52_debug.ts's, the probe dap_probes.ts's. Lifts read-out protection only when told to.

import type { Transport } from "dapjs";
import { FtteError } from "../errors.ts";
import { openDapProbe } from "./dap_probes.ts";
import { DebugPort } from "./debug_port.ts";
import { approtectFailure, type Failure, flashFailure } from "./failure.ts";
import { flatten, hex } from "./image.ts";
import type { FlashJob, FlashMethod, Segment } from "./method.ts";
import { Nrf52Debug, pageBytes } from "./nrf52_debug.ts";

export interface CmsisDapOptions {
  /** The probe with this serial number; the only one, for an empty one. Its reads must end by themselves. */
  openProbe?: (serial: string) => Promise<Transport>;
}

const again = "see that probe and board are powered and connected, and flash it again";
const unchanged = "still has its old firmware";
const partly = "has its firmware partly overwritten";
const everythingErased = "is erased, UICR included";

/** `address` of the job is the probe's serial number. Verified by reading back. */
export function cmsisDap(options: CmsisDapOptions = {}): FlashMethod {
  return async (job) => {
    job.onProgress("connecting", 0, 0);
    const transport = await (options.openProbe ?? openDapProbe)(job.address);
    return new Programming(job, transport).run();
  };
}

/** One board's programming; `state` is what a failure would leave. */
class Programming {
  private state = unchanged;
  private readonly pages: readonly Segment[];

  constructor(
    private readonly job: FlashJob,
    private readonly transport: Transport,
  ) {
    this.pages = wholePages(job.segments);
  }

  async run(): Promise<{ bytes: number; verified: "read-back" }> {
    let port: DebugPort | undefined;
    try {
      port = await DebugPort.open(this.transport);
      const chip = new Nrf52Debug(port);
      await this.admit(chip);
      await this.program(chip);
      await this.verify(chip);
      this.job.onProgress("restarting", 0, 0);
      this.state = "has its new firmware, but was not restarted";
      await chip.restart();
      await port.close();
    } catch (error) {
      await this.transport.close().catch(() => {});
      if (error instanceof FtteError) throw error;
      throw this.failure({ what: (error as Error).message, next: again, cause: error });
    }
    return { bytes: this.job.segments.reduce((sum, { bytes }) => sum + bytes.length, 0), verified: "read-back" };
  }

  /** Sees that it is the right chip, open and halted. */
  private async admit(chip: Nrf52Debug): Promise<void> {
    const { job } = this;
    const wrong = (what: string) => this.failure({ code: "board-wrong", what, next: "name the board that it is" });
    if (!(await chip.isNrf52())) throw wrong(`the chip at probe ${job.address} is no nRF52`);
    const wasProtected = await chip.isProtected();
    if (wasProtected) await this.recover(chip);
    await chip.halt();
    const part = (await chip.part()).toString(16);
    if (!job.board.chip.toLowerCase().endsWith(part))
      throw wrong(`the chip at probe ${job.address} is an nRF${part}, ${job.board.id} has an ${job.board.chip}`);
    if (wasProtected) await chip.allowDebugging();
  }

  private async recover(chip: Nrf52Debug): Promise<void> {
    if (!this.job.recover) throw approtectFailure(this.job, this.state);
    this.job.onProgress("erasing", 0, 0);
    this.state = "may be erased already";
    await chip.eraseAll();
    this.state = everythingErased;
  }

  private async program(chip: Nrf52Debug): Promise<void> {
    const total = this.pages.length * pageBytes;
    if (this.state === unchanged) this.state = partly;
    for (const [i, page] of this.pages.entries()) {
      this.stopIfAsked();
      this.job.onProgress("erasing", i * pageBytes, total);
      await chip.erasePage(page.address);
    }
    for (const [i, page] of this.pages.entries()) {
      this.stopIfAsked();
      this.job.onProgress("writing", i * pageBytes, total);
      await chip.writeWords(page.address, wordsOf(page.bytes));
    }
  }

  private async verify(chip: Nrf52Debug): Promise<void> {
    const total = this.pages.length * pageBytes;
    for (const [i, page] of this.pages.entries()) {
      this.stopIfAsked();
      this.job.onProgress("verifying", i * pageBytes, total);
      const wanted = wordsOf(page.bytes);
      const found = await chip.readWords(page.address, wanted.length);
      const wrong = wanted.findIndex((word, at) => word !== found[at]);
      if (wrong < 0) continue;
      throw this.failure({
        code: "flash-verify",
        what: `flash at ${hex(page.address + 4 * wrong)} reads ${hex(found[wrong]!)}, not the ${hex(wanted[wrong]!)} that was written`,
        next: "flash it again; if that fails at the same address, its flash is worn or broken",
      });
    }
  }

  private stopIfAsked(): void {
    if (this.job.signal?.aborted) throw this.failure({ code: "interrupted", what: "interrupted", next: again });
  }

  private failure(failure: Omit<Failure, "state">): FtteError {
    return flashFailure(this.job, { state: this.state, ...failure });
  }
}

/** The pages that segments touch, whole; what no segment fills is 0xff, for erasing a page loses it anyway. */
function wholePages(segments: readonly Segment[]): Segment[] {
  const pages = new Map<number, Uint8Array>();
  const pageOf = (address: number) => address - (address % pageBytes);
  for (const segment of segments) {
    const { address, bytes } = flatten([segment]);
    for (let at = address; at < address + bytes.length; at = pageOf(at) + pageBytes) {
      const base = pageOf(at);
      const page = pages.get(base) ?? new Uint8Array(pageBytes).fill(0xff);
      page.set(bytes.subarray(at - address, base + pageBytes - address), at - base);
      pages.set(base, page);
    }
  }
  return [...pages].map(([address, bytes]) => ({ address, bytes }));
}

/** Little-endian. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

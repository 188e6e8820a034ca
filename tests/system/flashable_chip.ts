// An Espressif chip behind a pty that, once its loader was left, runs what is in its flash: of firmware only the hello, and only if the
// flash holds it. The loader is tests/counterparts'. A pty shows no reset: a closed line stands for the one into the firmware, a packet for
// the loader for the one out of it.

import { readFileSync } from "node:fs";
import type { Firmware } from "../../host/build/firmware.ts";
import { encodeFrame, FrameParser } from "../../host/wire/frame.ts";
import { encodeHello, FrameType, type Hello, Reply } from "../../host/wire/spec.gen.ts";
import { EspRom, type EspRomOptions } from "../counterparts/esp_rom.ts";
import { attachToPty, type PtyLine } from "../counterparts/pty_line.ts";

const slipEnd = 0xc0;

export class FlashableChip extends EspRom {
  private readonly image: Buffer;
  private readonly parser = new FrameParser();
  private runs = false;

  /** @param hello what the firmware in the image says */
  constructor(
    private readonly firmware: Firmware,
    private readonly hello: Hello,
    options: EspRomOptions = {},
  ) {
    super(options);
    this.image = readFileSync(firmware.flashed!.path);
  }

  attach(): Promise<PtyLine> {
    return attachToPty(this);
  }

  get holdsImage(): boolean {
    const { address } = this.firmware.flashed!;
    return this.image.equals(this.flash.bytes.subarray(address, address + this.image.length));
  }

  /** As if it had been flashed before. */
  runAtOnce(): void {
    this.flash.bytes.set(this.image, this.firmware.flashed!.address);
    this.runs = true;
  }

  lineClosed(): void {
    this.runs = this.holdsImage;
  }

  private restart(): void {
    this.runs = false;
    this.enterLoader();
  }

  override receive(bytes: Uint8Array): void {
    if (this.runs && bytes[0] === slipEnd) this.restart();
    if (!this.runs) return super.receive(bytes);
    for (const { type, id } of this.parser.push(bytes))
      if (type === FrameType.hello)
        this.onSend(
          Buffer.from(encodeFrame({ type: type | Reply.flag, id, offset: 0, body: encodeHello(this.hello) })),
        );
  }
}

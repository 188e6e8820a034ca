// SLIP framing (RFC 1055), as all three serial bootloaders use it. Written here a second time on purpose: the host's own must not judge itself.

const endByte = 0xc0;
const escapeByte = 0xdb;
const escapedEnd = 0xdc;
const escapedEscape = 0xdd;

/** A frame between two END bytes; `opening: false` leaves the first one out (Nordic's slip.c sends only the closing one). */
function slipEncode(packet: Uint8Array, { opening = true } = {}): Buffer {
  const out = opening ? [endByte] : [];
  for (const byte of packet) {
    if (byte === endByte) out.push(escapeByte, escapedEnd);
    else if (byte === escapeByte) out.push(escapeByte, escapedEscape);
    else out.push(byte);
  }
  out.push(endByte);
  return Buffer.from(out);
}

/** SLIP as the framing of a counterpart. */
export function slipFraming(onViolation: (text: string) => void, options?: { opening: boolean }) {
  const decoder = new SlipDecoder(onViolation);
  return {
    push: (bytes: Uint8Array) => decoder.push(bytes),
    encode: (packet: Uint8Array) => slipEncode(packet, options),
    reset: () => decoder.reset(),
  };
}

/** Bytes in, frames out. Empty frames are what lies between two END bytes: they are left out. */
class SlipDecoder {
  private frame: number[] = [];
  private escaped = false;

  /** @param onViolation told of an escape that RFC 1055 does not know; the byte is taken as it is */
  constructor(private readonly onViolation: (text: string) => void) {}

  push(bytes: Uint8Array): Buffer[] {
    const frames: Buffer[] = [];
    for (const byte of bytes) {
      if (byte !== endByte) this.add(byte);
      else if (this.frame.length > 0) {
        if (this.escaped) this.onViolation("SLIP: a frame ends inside an escape");
        frames.push(Buffer.from(this.frame));
        this.reset();
      }
    }
    return frames;
  }

  reset(): void {
    this.frame = [];
    this.escaped = false;
  }

  private add(byte: number): void {
    if (this.escaped) {
      this.escaped = false;
      if (byte === escapedEnd) this.frame.push(endByte);
      else if (byte === escapedEscape) this.frame.push(escapeByte);
      else {
        this.onViolation(`SLIP: escape followed by 0x${byte.toString(16)}`);
        this.frame.push(byte);
      }
    } else if (byte === escapeByte) this.escaped = true;
    else this.frame.push(byte);
  }
}

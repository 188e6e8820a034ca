// A pipe in front of a pipe that harms what passes: single frames in either direction, single bits, or noise by chance.
import type { Pipe } from "../../../host/link/pipe.ts";
import { decodeFrame } from "../../../host/wire/frame.ts";

export type Harm = "drop" | "repeat" | "swap" | "truncate";
export interface HarmPlan {
  /** Harms the frame with this number; frames to the board count from 0, frames from it too; only those of `type` where it is given. */
  frame?: { direction: "down" | "up"; at: number; type?: number; harm: Harm };
  /** Each flips a bit of the encoded frame with this number among those of its type. */
  flips?: readonly { direction: "down" | "up"; type: number; at: number; bit: number }[];
  /** Flips this bit of the stream. */
  bit?: { direction: "down" | "up"; at: number };
  /** Share of frames harmed, each way, each in the next of all ways. */
  share?: number;
  random?: () => number;
}
interface Passed {
  readonly frames: number;
  readonly bytes: number;
  readonly types: ReadonlyMap<number, number>;
}
export interface HarmedPipe extends Pipe {
  /** What passed so far: frames and bytes, and how many frames of each type. */
  readonly passed: { down: Passed; up: Passed };
}

/** Of an encoded frame with its closing 0x00; -1 when it is none. */
function typeOf(piece: Buffer): number {
  const frame = decodeFrame(piece.subarray(0, -1));
  return typeof frame === "string" ? -1 : frame.type;
}

const harms: Harm[] = ["drop", "repeat", "swap", "truncate"];

/** Cuts into pieces that end in 0x00 and lets them through, harmed as planned. A swapped frame follows the one after it. */
class Direction {
  frames = 0;
  bytes = 0;
  readonly types = new Map<number, number>();
  private rest: Buffer = Buffer.alloc(0);
  private held: Buffer | undefined;
  private next = 0;

  constructor(
    private readonly plan: HarmPlan,
    private readonly name: "down" | "up",
  ) {}

  pass(bytes: Uint8Array): Buffer {
    this.rest = Buffer.concat([this.rest, this.flip(Buffer.from(bytes))]);
    const out: Buffer[] = [];
    for (let end = this.rest.indexOf(0); end >= 0; end = this.rest.indexOf(0)) {
      out.push(...this.piece(this.rest.subarray(0, end + 1)));
      this.rest = this.rest.subarray(end + 1);
    }
    return Buffer.concat(out);
  }

  private flip(bytes: Buffer): Buffer {
    const { bit } = this.plan;
    const at = bit?.direction === this.name ? (bit.at >> 3) - this.bytes : -1;
    if (at >= 0 && at < bytes.length) bytes[at]! ^= 1 << (bit!.at & 7);
    this.bytes += bytes.length;
    return bytes;
  }

  private piece(piece: Buffer): Buffer[] {
    const released = this.held ? [this.held] : [];
    this.held = undefined;
    const type = typeOf(piece);
    const nth = this.types.get(type) ?? 0;
    this.types.set(type, nth + 1);
    for (const flip of this.plan.flips ?? [])
      if (flip.direction === this.name && flip.type === type && flip.at === nth)
        piece[flip.bit >> 3]! ^= 1 << (flip.bit & 7);
    switch (this.harmOf(this.frames++, type, nth)) {
      case "drop":
        return released;
      case "repeat":
        return [piece, piece, ...released];
      case "truncate":
        return [Buffer.concat([piece.subarray(0, piece.length >> 1), Buffer.of(0)]), ...released];
      case "swap":
        this.held = Buffer.from(piece);
        return released;
      default:
        return [piece, ...released];
    }
  }

  private harmOf(frame: number, type: number, nth: number): Harm | undefined {
    const { frame: one, share = 0, random = Math.random } = this.plan;
    const number = one?.type === undefined ? frame : one.type === type ? nth : -1;
    if (one?.direction === this.name && one.at === number) return one.harm;
    return share > 0 && random() < share ? harms[this.next++ % harms.length] : undefined;
  }
}

export function harmedPipe(pipe: Pipe, plan: HarmPlan): HarmedPipe {
  const down = new Direction(plan, "down");
  const up = new Direction(plan, "up");
  return {
    address: pipe.address,
    closed: pipe.closed,
    passed: { down, up },
    onData: (listener) =>
      pipe.onData((bytes) => {
        const out = up.pass(bytes);
        if (out.length > 0) listener(out);
      }),
    async write(bytes) {
      const out = down.pass(bytes);
      if (out.length > 0) await pipe.write(out);
    },
    close: () => pipe.close(),
  };
}

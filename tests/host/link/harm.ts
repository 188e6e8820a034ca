// A pipe in front of a pipe that harms what passes: single frames in either direction, single bits, or noise by chance.
import type { Pipe } from "../../../host/link/pipe.ts";

export type Harm = "drop" | "repeat" | "swap" | "truncate";
export interface HarmPlan {
  /** Harms the frame with this number; frames to the board count from 0, frames from it too. */
  frame?: { direction: "down" | "up"; at: number; harm: Harm };
  /** Flips this bit of the stream. */
  bit?: { direction: "down" | "up"; at: number };
  /** Share of frames harmed, each way, each in the next of all ways. */
  share?: number;
  random?: () => number;
}
export interface HarmedPipe extends Pipe {
  /** What passed so far: frames and bytes. */
  readonly passed: { down: { frames: number; bytes: number }; up: { frames: number; bytes: number } };
}

const harms: Harm[] = ["drop", "repeat", "swap", "truncate"];

/** Cuts into pieces that end in 0x00 and lets them through, harmed as planned. A swapped frame follows the one after it. */
class Direction {
  frames = 0;
  bytes = 0;
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
    switch (this.harmOf(this.frames++)) {
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

  private harmOf(frame: number): Harm | undefined {
    const { frame: one, share = 0, random = Math.random } = this.plan;
    if (one?.direction === this.name && one.at === frame) return one.harm;
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

/** mulberry32, for sweeps that can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

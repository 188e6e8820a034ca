// One description of all that may go wrong between a flashing client and a counterpart, and what harms the packets by it. The same
// description harms the same packets in the same way: all chance is drawn from its seed. It does not know any protocol: a packet is what
// the counterpart says is one (a SLIP frame, a USB report, a UF2 block), counted from 0 in each direction.
import { seeded } from "../../host/data/random.ts";

/** "in" is from the client to the counterpart, "out" from the counterpart to the client. */
export type Direction = "in" | "out";
export type PacketHarm = "drop" | "double" | "corrupt" | "delay" | "unplug";

export interface PacketFault {
  harm: PacketHarm;
  direction: Direction;
  /** Which packet, from 0. "unplug" takes this packet with it and every later one. */
  packet: number;
  /** Of "delay" only, in milliseconds. Later packets of the direction wait behind it. */
  delayMs?: number;
}

/** Flash that wears out: an erase or a program that touches `address` fails and changes nothing. */
export interface FlashFault {
  operation: "erase" | "program";
  address: number;
}

export interface FaultPlan {
  seed?: number;
  packets?: readonly PacketFault[];
  flash?: readonly FlashFault[];
  /** A change of the baud rate is answered with an error, or acknowledged and not done. */
  baudRate?: "refused" | "ignored";
}

/** `count` faults by chance among the first `packets` packets of both directions; never "unplug". */
export function randomPlan(seed: number, packets: number, count: number): FaultPlan {
  const random = seeded(seed);
  const draw = (below: number) => Math.floor(random() * below);
  const harms: PacketHarm[] = ["drop", "double", "corrupt", "delay"];
  const one = (): PacketFault => ({
    harm: harms[draw(harms.length)]!,
    direction: draw(2) ? "in" : "out",
    packet: draw(packets),
    delayMs: 1 + draw(20),
  });
  return { seed, packets: Array.from({ length: count }, one) };
}

/** A packet as it comes out of the faults; `harmed` when the sender did not send it so. */
export interface PassedPacket {
  bytes: Buffer;
  harmed: boolean;
}

/** Lets packets through, harmed as planned. Without a delay under way it delivers before `pass` returns. */
export class PacketFaults {
  /** How many packets came, by direction. */
  readonly counted = { in: 0, out: 0 };
  unplugged = false;
  private readonly random: () => number;
  private readonly waiting: { in: Promise<void> | undefined; out: Promise<void> | undefined } = {
    in: undefined,
    out: undefined,
  };

  constructor(
    private readonly plan: FaultPlan,
    private readonly onUnplug: () => void,
  ) {
    this.random = seeded(plan.seed ?? 1);
  }

  /** The board is plugged in again; the counts go on, so the fault that unplugged it is spent. */
  replug(): void {
    this.unplugged = false;
  }

  pass(direction: Direction, packet: Uint8Array, deliver: (packet: PassedPacket) => void): void {
    const number = this.counted[direction]++;
    if (this.unplugged) return;
    const fault = this.plan.packets?.find((one) => one.direction === direction && one.packet === number);
    if (fault?.harm === "unplug") {
      this.unplugged = true;
      this.onUnplug();
      return;
    }
    const passed = this.harm(fault?.harm, Buffer.from(packet));
    this.inOrder(direction, fault?.harm === "delay" ? (fault.delayMs ?? 50) : 0, () => {
      for (const one of passed) if (!this.unplugged) deliver(one);
    });
  }

  private harm(harm: PacketHarm | undefined, bytes: Buffer): PassedPacket[] {
    const whole = { bytes, harmed: false };
    if (harm === "drop") return [];
    if (harm === "double") return [whole, { bytes: Buffer.from(bytes), harmed: true }];
    return harm === "corrupt" ? [{ bytes: this.withOneBitFlipped(bytes), harmed: true }] : [whole];
  }

  private withOneBitFlipped(bytes: Buffer): Buffer {
    const bit = Math.floor(this.random() * bytes.length * 8);
    const flipped = Buffer.from(bytes);
    if (flipped.length > 0) flipped[bit >> 3]! ^= 1 << (bit & 7);
    return flipped;
  }

  private inOrder(direction: Direction, delayMs: number, deliver: () => void): void {
    const before = this.waiting[direction];
    if (!before && delayMs === 0) return deliver();
    const turn = (before ?? Promise.resolve())
      .then(() => new Promise<void>((done) => setTimeout(done, delayMs)))
      .then(() => {
        if (this.waiting[direction] === turn) this.waiting[direction] = undefined;
        deliver();
      });
    this.waiting[direction] = turn;
  }
}

// One connection's time on the air (Bluetooth Core 5.4, volume 6, part B, 4.5): connection events at a fixed interval, a few packets each way in
// one, and a packet that is not heard closes the event and is sent again in the next. What is queued during an event goes out in a later
// one. Time passes `pace` times as fast as on the clock; a late timer makes up for the events that it missed.

export interface AirOptions {
  intervalMs: number;
  /** Each way, in one connection event. */
  packetsPerEvent: number;
  /** Chance that an exchange is not heard. */
  loss: number;
  /** Supervision time-out. */
  timeoutMs: number;
  pace: number;
  random: () => number;
}

export interface AirEnds {
  toPeripheral(packet: Packet): void;
  toCentral(packet: Packet): void;
  /** So many of the central's packets were heard. */
  heard(count: number): void;
  /** An exchange was not. */
  unheard(): void;
  /** The peripheral may queue what it has to say; so many packets still have room in the event. */
  beforeEvent(room: number): void;
  /** The supervision time-out passed. */
  timedOut(): void;
}

export interface Packet {
  begins: boolean; // an L2CAP PDU
  data: Buffer;
}

export class Air {
  private readonly down: Packet[] = [];
  private readonly up: Packet[] = [];
  private timer: NodeJS.Timeout | undefined;
  private fade: NodeJS.Timeout | undefined;
  private silent = false;
  private over = false;
  private nextMs = performance.now(); // of the next event

  constructor(
    private readonly options: AirOptions,
    private readonly ends: AirEnds,
  ) {}

  send(to: "peripheral" | "central", packets: readonly Packet[]): void {
    (to === "peripheral" ? this.down : this.up).push(...packets);
    this.wake();
  }

  /** There may be something to exchange. */
  wake(): void {
    if (this.over || this.timer) return;
    const now = performance.now();
    const step = this.stepMs;
    if (this.nextMs < now) this.nextMs += Math.ceil((now - this.nextMs) / step) * step;
    this.timer = setTimeout(() => this.run(), this.nextMs - now);
  }

  /** Nothing is heard either way for so long. */
  fadeFor(ms: number): void {
    const { timeoutMs, pace } = this.options;
    this.silent = true;
    clearTimeout(this.fade);
    const ends = ms >= timeoutMs ? () => this.ends.timedOut() : () => this.clear();
    this.fade = setTimeout(ends, Math.min(ms, timeoutMs) / pace);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
    clearTimeout(this.fade);
  }

  private get stepMs(): number {
    return this.options.intervalMs / this.options.pace;
  }

  private clear(): void {
    this.silent = false;
    this.wake();
  }

  private run(): void {
    this.timer = undefined;
    const now = performance.now();
    let busy = true;
    while (busy && !this.over && this.nextMs <= now) {
      this.nextMs += this.stepMs;
      busy = this.event();
    }
    if (busy) this.wake();
  }

  /** One connection event. False when there was nothing to say. */
  private event(): boolean {
    const most = this.options.packetsPerEvent;
    if (this.silent) return false; // clear() wakes
    this.ends.beforeEvent(most - this.up.length);
    const exchanges = Math.min(most, Math.max(this.down.length, this.up.length));
    if (exchanges === 0) return false;
    let done = 0;
    while (done < exchanges && this.isHeard()) done++;
    const [down, up] = [this.down.splice(0, done), this.up.splice(0, done)];
    for (const packet of down) this.ends.toPeripheral(packet);
    for (const packet of up) this.ends.toCentral(packet);
    if (down.length > 0 && !this.over) this.ends.heard(down.length);
    return true;
  }

  private isHeard(): boolean {
    if (this.options.random() >= this.options.loss) return true;
    this.ends.unheard();
    return false;
  }
}

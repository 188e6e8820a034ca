// A population of clients as a Schedule: how long each takes for an order, when it can be reached, what is lost. Measured things go in
// (steps a second, bytes a second); draws are functions of the seed, the client and the task alone, so that every run over the same population
// meets the same clients.

import { keyed } from "../fl/keyed.ts";
import type { OrderFacts, Schedule } from "../fl/schedule.ts";

export interface ClientModel {
  /** Training steps a second of a client at full speed, by board class: docs/device-performance.md. */
  stepsPerSecond: ReadonlyMap<string, number>;
  /** What the link carries, in bytes a second of frames; what is sent again after errors is taken from it. */
  bytesPerSecond: number;
  /** Order, acknowledgement and their waits, in seconds for each order. */
  latencySeconds: number;
  /** A task's duration varies evenly by this share up and down. */
  jitter: number;
  churn?: Churn;
  /** Share of the orders of which nothing comes: the board died, or its update was lost for good. */
  lost?: number;
  /** How long the host waits for a lost update beyond the time at which it was due. */
  patienceSeconds?: number;
  /** Share of the tasks in which the power fails once; the steps since the last checkpoint are done again. */
  powerCuts?: number;
  checkpointEvery?: number; // steps
  rebootSeconds?: number;
  battery?: Battery;
}

/**
 * A battery lasts for so many orders. The first one is somewhere between full and empty. It runs down in the middle of an order; the board is
 * charged, and does the steps since the last checkpoint again.
 */
export interface Battery {
  orders: number;
  chargeSeconds: number;
}

/** Clients are reachable and out of reach in turn, for exponentially distributed times of these means. They train on meanwhile. */
export interface Churn {
  onSeconds: number;
  offSeconds: number;
}

export interface Stragglers {
  share: number; // of the clients, 0..1
  /** A straggler takes between once and so many times as long, evenly distributed over the stragglers. */
  slowdown: number;
  /** The clients with the slowest last; the last ones are the stragglers. Without it they are drawn. Ties slowness to what clients know. */
  order?: readonly number[];
}

/** Share of full speed of each client: 1, or a straggler's. */
export function clientSpeeds(clients: number, { share, slowdown, order }: Stragglers, seed: number): number[] {
  const speeds = new Array<number>(clients).fill(1);
  const drawn = () =>
    Array.from({ length: clients }, (_, i) => i).sort(
      (a, b) => keyed("straggler", seed, a) - keyed("straggler", seed, b) || a - b,
    );
  const count = Math.round(share * clients);
  (order ?? drawn()).slice(clients - count).forEach((client, i) => {
    speeds[client] = 1 / (1 + ((slowdown - 1) * (i + 0.5)) / count);
  });
  return speeds;
}

/** The clients in the order of how much of what they know is rare: by the share of their samples whose label is of the rarest third. */
export function byRareLabels(labels: readonly ArrayLike<number>[]): number[] {
  const counts = new Map<number, number>();
  for (const list of labels) for (const label of Array.from(list)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const rarest = [...counts].sort((a, b) => a[1] - b[1] || a[0] - b[0]).slice(0, Math.ceil(counts.size / 3));
  const rare = new Set(rarest.map(([label]) => label));
  const shareOf = (list: ArrayLike<number>) =>
    Array.from(list).filter((label) => rare.has(label)).length / Math.max(1, list.length);
  const shares = labels.map(shareOf);
  return [...labels.keys()].sort((a, b) => shares[a]! - shares[b]! || a - b);
}

export function clientSchedule(model: ClientModel, seed: number): Schedule {
  const { churn, lost = 0, patienceSeconds = 0 } = model;
  const presence = churn && new Presence(churn, seed);
  const reachable = (index: number, now: number) => presence?.from(index, now) ?? now;
  const isLost = ({ index, task }: { index: number; task: number }) =>
    lost > 0 && keyed("lost", seed, index, task) < lost;
  return {
    finish(order, now) {
      const done = now + duration(model, order, seed);
      return isLost(order) ? done + patienceSeconds : reachable(order.index, done);
    },
    isLost,
    reachable,
  };
}

/** Seconds from the order to the update, on a client that stays in reach. */
function duration(model: ClientModel, order: OrderFacts, seed: number): number {
  const { index, task, speed, steps } = order;
  const rate = model.stepsPerSecond.get(order.class);
  if (!rate) throw new RangeError(`no steps per second are known of board class ${order.class}`);
  const { powerCuts = 0 } = model;
  const draw = (what: string) => keyed(what, seed, index, task);
  const bytes = order.bytesDown + order.bytesUp;
  const isEmpty = runsDown(model.battery, order, seed);
  let seconds = model.latencySeconds + bytes / model.bytesPerSecond + steps / rate;
  if (isEmpty || (powerCuts > 0 && draw("power") < powerCuts)) {
    const again = Math.min(steps, model.checkpointEvery || steps) * draw("progress");
    seconds += (model.rebootSeconds ?? 0) + again / rate;
  }
  const working = (seconds * (1 + model.jitter * (2 * draw("duration") - 1))) / speed;
  return working + (isEmpty ? model.battery!.chargeSeconds : 0); // a charger is as fast for all
}

/** Whether the battery's last order is this one. */
function runsDown(battery: Battery | undefined, { index, task }: OrderFacts, seed: number): boolean {
  if (!battery) return false;
  const used = Math.floor(keyed("battery", seed, index) * battery.orders); // before the first order
  return (used + task) % battery.orders === 0;
}

/** When clients can be reached: times on and off in turn, each drawn by its number; remembered as far as they were asked. */
class Presence {
  private readonly turns = new Map<number, number[]>(); // by client: when its first time on, off, on, … ends

  constructor(
    private readonly churn: Churn,
    private readonly seed: number,
  ) {}

  /** First moment from `now` on at which the client can be reached. */
  from(client: number, now: number): number {
    const turns = this.turns.get(client) ?? [];
    this.turns.set(client, turns);
    while ((turns.at(-1) ?? 0) <= now) turns.push((turns.at(-1) ?? 0) + this.length(client, turns.length));
    let turn = turns.length - 1;
    while (turn > 0 && turns[turn - 1]! > now) turn--;
    return turn % 2 === 0 ? now : turns[turn]!;
  }

  private length(client: number, turn: number): number {
    const mean = turn % 2 === 0 ? this.churn.onSeconds : this.churn.offSeconds;
    // The first time on began before the run did: what is left of it has the same distribution.
    return -Math.log(1 - keyed("presence", this.seed, client, turn)) * mean;
  }
}

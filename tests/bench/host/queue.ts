// The scheduler by itself: who of a population gets the next order, when it ends in virtual time, and who can be reached: roster.ts,
// flights.ts and clients.ts, driven as assignments.ts drives them, without models, updates or a store.
//
// An event is an order that begins, an order that ends, or a client that is waited for and comes back into reach.

import { Flights } from "../../../host/fl/flights.ts";
import { Roster } from "../../../host/fl/roster.ts";
import type { OrderFacts } from "../../../host/fl/schedule.ts";
import { cpuSecondsOf, type Figure, memoryInUse } from "./measure.ts";
import { className, population } from "./population.ts";

class Queue {
  readonly tasks: Uint32Array;
  private readonly schedule = population(1);
  private readonly roster: Roster;
  private readonly flights: Flights;
  private now = 0;
  events = 0;

  constructor(
    clients: number,
    private readonly concurrency: number,
  ) {
    this.tasks = new Uint32Array(clients);
    this.roster = new Roster(
      clients,
      1,
      (client) => this.tasks[client]!,
      (client, now) => this.schedule.reachable(client, now),
    );
    this.flights = new Flights(clients, (id) => Number(id), true);
    for (let client = 0; client < clients; client++) this.roster.add(client);
  }

  /** Orders for as many clients as may be at work besides those that are. */
  private begin(busy: number): number {
    const taken = this.roster.take(this.concurrency - busy, this.now);
    for (const client of taken) {
      const task = ++this.tasks[client]!;
      const facts: OrderFacts = {
        board: "",
        index: client,
        speed: 1,
        class: className,
        task,
        steps: 10,
        bytesDown: 100,
        bytesUp: 100,
      };
      const finish = this.schedule.finish(facts, this.now);
      const stored = { board: String(client), task, baseVersion: 0, frozenVersion: 0, seed: 0, finish, full: none };
      this.flights.add({ task: { ...stored, state: "received", arrival: 0 }, stage: "received", began: this.now });
    }
    this.events += taken.length;
    return busy + taken.length;
  }

  run(events: number): void {
    let busy = this.begin(0);
    while (this.events < events) {
      if (busy < this.concurrency && this.roster.nextReturn < this.flights.earliest) this.now = this.roster.nextReturn;
      else {
        const { board, finish } = this.flights.next()!.task;
        this.now = Math.max(this.now, finish);
        this.roster.add(Number(board));
        busy--;
      }
      this.events++;
      busy = this.begin(busy);
    }
  }
}

const none = new Uint8Array();

export async function queueFigures(clients: readonly number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of clients) {
    const before = memoryInUse();
    const queue = new Queue(count, 1000);
    const idle = (memoryInUse() - before) / count;
    queue.run(20_000);
    const from = queue.events;
    const seconds = await cpuSecondsOf(() => queue.run(from + 500_000));
    const what = `${count.toLocaleString("en")} clients, roster and flights alone`;
    const rate = (queue.events - from) / seconds;
    figures.push({ row: "scheduler", what, value: rate, unit: "events/CPU s", goal: "200,000" });
    figures.push({ row: "scheduler", what, value: idle, unit: "B per idle client" });
  }
  return figures;
}

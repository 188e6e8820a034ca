// A run without links, clocks or disks: the product's coordinator on its deterministic schedule over boards that are function calls
// (host/sim/board_task.ts gives each board's update bit for bit). Everything lives in memory and dies with the run.

import { Coordinator, type CoordinatorOptions } from "../../host/fl/coordinator.ts";
import type { BoardTraffic, Fleet, FleetEvent, Order } from "../../host/fl/fleet.ts";
import type { Arrival, RunStore, StoredTask } from "../../host/fl/run_store.ts";
import type { Plan } from "../../host/plan/types.ts";
import { runBoardTask } from "../../host/sim/board_task.ts";
import { SliceHeaderBytes } from "../../host/wire/spec.gen.ts";

export interface SimulatedBoard {
  id: string;
  class: string;
  speed: number;
  plan: Plan;
  samples: Uint8Array; // elements, each sample padded to 4
  labels: Uint16Array;
}

/** Does each order at once and remembers what its updates left over, as a board's flash does. */
class SimulatedFleet implements Fleet {
  private listener: (event: FleetEvent) => void = () => {};
  private readonly boards: Map<string, SimulatedBoard>;
  private readonly residuals = new Map<string, { carried?: Float32Array; left?: Float32Array }>();

  constructor(
    private readonly kernels: Uint8Array,
    boards: SimulatedBoard[],
  ) {
    this.boards = new Map(boards.map((board) => [board.id, board]));
  }

  async open(listener: (event: FleetEvent) => void): Promise<void> {
    this.listener = listener;
  }

  dispatch(order: Order): void {
    setImmediate(() =>
      this.listener({ type: "update", board: order.board, task: order.task, bytes: this.work(order) }),
    );
  }

  private work(order: Order): Uint8Array {
    const { plan, samples, labels } = this.boards.get(order.board)!;
    const { carried } = this.residuals.get(order.board) ?? {};
    const frozen = order.required.find((blob) => blob.kind === "frozen")!.bytes;
    const slice = new Float32Array(order.slice.full.slice(SliceHeaderBytes).buffer);
    const board = { plan, frozen, slice, samples, labels, ...(carried && { residual: carried }) };
    const { bytes, residual } = runBoardTask(this.kernels, board, { ...order, baseVersion: order.slice.version });
    this.residuals.set(order.board, { ...(carried && { carried }), ...(residual && { left: residual }) });
    return bytes;
  }

  acknowledge(board: string, _task: number, verdict: "accepted" | "rejected"): void {
    const { left } = this.residuals.get(board)!;
    if (verdict === "accepted" && left) this.residuals.set(board, { carried: left });
  }

  abandon(): void {}
  stats(): Promise<never> {
    throw new Error("a simulated board measures nothing");
  }
  traffic(): ReadonlyMap<string, BoardTraffic> {
    return new Map();
  }
  async close(): Promise<void> {}
}

/** Keeps every version; says how stale the folded updates were and when, in virtual time, the last of them was done. */
class MemoryStore implements RunStore {
  readonly run = 1;
  readonly staleness: number[] = [];
  spent = 0;
  private readonly models: Float32Array[] = [];
  private readonly sent = new Map<string, StoredTask>();

  boards(): [] {
    return [];
  }
  tasks(): [] {
    return [];
  }
  virtualTime(): number {
    return 0;
  }
  model(version = this.models.length - 1) {
    const parameters = this.models[version];
    return parameters && { version, parameters };
  }
  holds(): boolean {
    return true;
  }
  counts() {
    return { folded: 0, rejected: 0, duplicates: 0 };
  }
  async putUpdate(): Promise<boolean> {
    return true;
  }
  putModel(version: number, parameters: Float32Array): void {
    this.models[version] = parameters;
  }
  putEvaluation(): void {}

  commit({ fold, orders = [] }: Partial<Arrival>): void {
    for (const { board, task } of fold?.folded ?? []) {
      const { baseVersion, finish } = this.sent.get(`${board}/${task}`)!;
      this.staleness.push(fold!.version - 1 - baseVersion);
      this.spent = Math.max(this.spent, finish);
    }
    if (fold) this.models[fold.version] = fold.parameters;
    for (const { task } of orders) this.sent.set(`${task.board}/${task.task}`, task);
  }
}

export interface SimulatedRun {
  /** The newest versions' parameters, the newest last. */
  models: Float32Array[];
  staleness: number[]; // of every folded update
  virtualTime: number; // in tasks of a board at full speed
}

export type SimulatedOptions = Pick<
  CoordinatorOptions,
  "strategy" | "folder" | "normalisation" | "training" | "seed" | "refreshFrozenEvery"
> & {
  boards: SimulatedBoard[];
  firstModel: Float32Array;
  versions: number;
  /** How many of the newest models to give back. */
  keep: number;
};

/** @param kernels bytes of kernels.twin.wasm */
export async function simulate(kernels: Uint8Array, o: SimulatedOptions): Promise<SimulatedRun> {
  const { boards, firstModel, versions, keep, ...same } = o;
  const store = new MemoryStore();
  store.putModel(0, firstModel);
  const coordinator = new Coordinator({
    ...same,
    run: 1,
    store,
    fleet: new SimulatedFleet(kernels, boards),
    boards: boards.map(({ id, speed, class: label }) => ({ id, name: id, class: label, speed })),
    plans: new Map(boards.map((board) => [board.class, board.plan])),
    kernels,
    deterministic: true,
    normLimit: 1e3,
    stop: { versions },
    clock: () => 0,
    evaluate: async () => ({ accuracy: 0, loss: 0 }), // the models are judged afterwards
    listener: () => {},
  });
  await coordinator.run();
  const from = Math.max(0, versions - keep + 1);
  const models = Array.from({ length: versions - from + 1 }, (_, i) => store.model(from + i)!.parameters);
  return { models, staleness: store.staleness, virtualTime: store.spent };
}

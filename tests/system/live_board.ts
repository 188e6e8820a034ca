// Virtual boards running the real firmware, ready to train a tiny model, for tests that harm their links, hosts, power or kernels.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { type FleetBoard, LocalFleet } from "../../host/boards/local_fleet.ts";
import { recorded, recordingFile } from "../../host/boards/recording.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard, type VirtualBoardOptions } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import type { Engine } from "../../host/build/port.ts";
import { builtGuest } from "../../host/build/root.ts";
import { seeded } from "../../host/data/random.ts";
import type { FtteError } from "../../host/errors.ts";
import type { BoardTraffic, FleetEvent, Order } from "../../host/fl/fleet.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { packFrozen } from "../../host/plan/frozen.ts";
import { planModel } from "../../host/plan/plan.ts";
import { encodeSlice, gatherSlice } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";
import { UpdateHeaderBytes } from "../../host/wire/spec.gen.ts";

export const model: Model = {
  name: "tiny",
  kind: "classifier",
  input: { shape: [6], type: "f32" },
  layers: [
    { kind: "dense", units: 4, activation: "relu" },
    { kind: "dense", units: 3 },
  ],
};
export const plan = planModel(model, { selection: "all" });
export const elements = 6;
const recordBytes = 4 + elements * 4;
export const normalisation = { scale: Array<number>(elements).fill(1), offset: Array<number>(elements).fill(0) };
export const kernels = () => readFileSync(builtGuest("kernels.wasm"));
export const firstParameters = () => Float32Array.from({ length: plan.parameterCount }, (_, i) => Math.sin(i) / 2);

export interface LiveBoard {
  board: VirtualBoard;
  /** As the fleet knows it. */
  identity: FleetBoard & { name: string };
  /** Sample elements as the sensor delivers them, one after the other. */
  samples: Float32Array;
  order(task: number, run?: number): Order;
  /** The same board, started with further arguments of its firmware. */
  again(further: string[]): VirtualBoard;
  /** A conversation with the board; the caller closes it. */
  session(patienceMs?: number): Promise<BoardSession>;
  end(): Promise<void>;
}

export interface LiveOptions {
  engine?: Engine;
  /** How many samples the sensor delivers, 12 by default. */
  samples?: number;
  /** Of the samples' values; equal seeds, equal samples. */
  seed?: number;
  /** Labels of the samples, by index. */
  label?: (index: number) => number;
  /** Further arguments of the firmware. */
  further?: string[];
  /** Another program than the posix firmware built. */
  program?: string;
  /** Whose memory the board has, virtual-64k by default. */
  config?: string;
}

/** Starts the board and waits until it has recorded its samples. */
export async function liveBoard(name: string, options: LiveOptions = {}): Promise<LiveBoard> {
  const {
    engine = "wasm3",
    samples: count = 12,
    seed = 1,
    label = (i) => i % 3,
    further = [],
    config = "virtual-64k",
  } = options;
  const program = options.program ?? (await buildFirmware({ port: "posix", engine })).path;
  const folder = mkdtempSync(join(tmpdir(), "ftte-live-"));
  const random = seeded(seed);
  const samples = Float32Array.from({ length: count * elements }, () => random() * 2 - 1);
  writeFileSync(join(folder, "samples"), recordingFile(recordsOf(samples, label), { type: "f32", elements }));
  const configArguments = [...virtualBoardArguments(loadBoardConfig(config)), ...further];
  const own: VirtualBoardOptions = { name, program, folder, samples: join(folder, "samples"), configArguments };
  const board = new VirtualBoard(own);
  const identity = { id: board.chipId, address: board.address, name };
  await board.start();
  await recorded(identity, count, openPatiently);
  return {
    board,
    identity,
    samples,
    again: (more) => new VirtualBoard({ ...own, configArguments: [...configArguments, ...more] }),
    order: (task, run = 1) => orderFor(board.chipId, task, run),
    session: async (patienceMs = 20_000) =>
      new BoardSession(await openPatiently(board.address), { name, chipId: board.chipId, patienceMs }),
    async end() {
      await board.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Label, two zero bytes, elements: as a board records them. */
function recordsOf(samples: Float32Array, label: (index: number) => number): Uint8Array {
  const count = samples.length / elements;
  const records = Buffer.alloc(count * recordBytes);
  for (let i = 0; i < count; i++) {
    records.writeUInt16LE(label(i), i * recordBytes);
    for (let j = 0; j < elements; j++) records.writeFloatLE(samples[i * elements + j]!, i * recordBytes + 4 + j * 4);
  }
  return records;
}

export function orderFor(board: string, task: number, run: number): Order {
  const parameters = firstParameters();
  const frozen = packFrozen(plan, parameters, normalisation);
  const full = encodeSlice(task, gatherSlice(plan, parameters));
  return {
    run,
    board,
    task,
    required: [
      { kind: "kernels", bytes: kernels(), crc: crc32(kernels()) },
      { kind: "plan", bytes: plan.binary, crc: plan.planCrc },
      { kind: "frozen", bytes: frozen, crc: crc32(frozen) },
    ],
    slice: { version: task, crc: crc32(full.subarray(8)), full },
    steps: 20,
    learningRate: 0.05,
    seed: 7,
    checkpointEvery: 5,
    encoding: "int8",
  };
}

/**
 * Opens a port as a host that tries again does: among many boards that start, a child that is being started may hold the lock of a port that
 * was closed.
 */
export const openPatiently: OpenPipe = async (address, options) => {
  for (let tries = 1; ; tries++)
    try {
      return await openSerial(address, options);
    } catch (error) {
      if (tries === 100 || (error as FtteError).code !== "port-busy") throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
};

/** The same order with other kernels. */
export function withKernels(order: Order, bytes: Uint8Array): Order {
  const required = order.required.map((blob) =>
    blob.kind === "kernels" ? { ...blob, bytes, crc: crc32(bytes) } : blob,
  );
  return { ...order, required };
}

export interface TaskOptions {
  open?: OpenPipe;
  patienceMs?: number;
  /** "rejected" leaves no error feedback, so that every task starts from the same; "none" leaves the update on the board. */
  verdict?: "accepted" | "rejected" | "none";
  /** Sees every event. */
  on?: (event: FleetEvent) => void;
  /** Told at the end what went over the line. */
  traffic?: (traffic: BoardTraffic) => void;
}

/** One task of a fleet of one board; resolves with its update, or rejects with what the board refused it for. */
export async function oneTask(
  live: Pick<LiveBoard, "identity">,
  order: Order,
  options: TaskOptions = {},
): Promise<Uint8Array> {
  const { open = openSerial, patienceMs = 1500, verdict = "rejected", on = () => {}, traffic } = options;
  const fleet = new LocalFleet({ boards: [live.identity], open, patienceMs, pollMs: 20 });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      void fleet.open((event) => {
        on(event);
        if (event.type === "refused") reject(new Error(event.reason));
        if (event.type !== "update" || event.task !== order.task) return;
        if (verdict !== "none") fleet.acknowledge(order.board, event.task, verdict);
        resolve(event.bytes);
      });
      fleet.dispatch(order);
    });
  } finally {
    traffic?.(fleet.traffic().get(order.board)!);
    await fleet.close();
  }
}

/** What the training gave, without the header that names the task. */
export const rowsOf = (update: Uint8Array) => Buffer.from(update.subarray(UpdateHeaderBytes)).toString("hex");

/** What `work` makes of a conversation, which begins with a hello and is closed after it. */
export async function conversing<T>(
  opening: BoardSession | Promise<BoardSession>,
  work: (session: BoardSession) => Promise<T>,
): Promise<T> {
  const session = await opening;
  try {
    await session.hello();
    return await work(session);
  } finally {
    await session.close();
  }
}

// One virtual board running the real firmware, ready to train a tiny model, for tests that harm its link or its host.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import type { Engine } from "../../host/build/port.ts";
import { builtGuest } from "../../host/build/root.ts";
import type { Order } from "../../host/fl/fleet.ts";
import { packFrozen } from "../../host/plan/frozen.ts";
import { planModel } from "../../host/plan/plan.ts";
import { encodeSlice, gatherSlice } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";

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

export interface LiveBoard {
  board: VirtualBoard;
  /** Sample elements as the sensor delivered them, one after the other. */
  samples: Float32Array;
  order(task: number, run?: number): Order;
  /** The same board, started with further arguments of its firmware. */
  again(further: string[]): VirtualBoard;
  end(): Promise<void>;
}

export const randomSamples = (count: number) =>
  Float32Array.from({ length: count * elements }, () => Math.random() * 2 - 1);

/** Starts the board; its sensor delivers `samples`. */
export async function liveBoard(
  name: string,
  { samples = randomSamples(12), engine = "wasm3" as Engine } = {},
): Promise<LiveBoard> {
  const { path: program } = await buildFirmware({ port: "posix", engine });
  const folder = mkdtempSync(join(tmpdir(), "ftte-live-"));
  const count = samples.length / elements;
  const record = 4 + elements * 4;
  const file = Buffer.alloc(16 + count * record);
  for (const [i, word] of [0x314d5346, record, count, 0].entries()) file.writeUInt32LE(word, i * 4);
  for (let i = 0; i < count; i++) {
    file.writeUInt16LE(i % 3, 16 + i * record);
    for (let j = 0; j < elements; j++) file.writeFloatLE(samples[i * elements + j]!, 16 + i * record + 4 + j * 4);
  }
  writeFileSync(join(folder, "samples"), file);
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-64k"));
  const options = { name, program, folder, samples: join(folder, "samples"), configArguments };
  const board = new VirtualBoard(options);
  await board.start();
  return {
    board,
    samples,
    again: (further) => new VirtualBoard({ ...options, configArguments: [...configArguments, ...further] }),
    order: (task, run = 1) => orderFor(board.chipId, task, run),
    async end() {
      await board.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function orderFor(board: string, task: number, run: number): Order {
  const kernels = readFileSync(builtGuest("kernels.wasm"));
  const parameters = Float32Array.from({ length: plan.parameterCount }, (_, i) => Math.sin(i) / 2);
  const frozen = packFrozen(plan, parameters, { scale: Array(elements).fill(1), offset: Array(elements).fill(0) });
  const full = encodeSlice(task, gatherSlice(plan, parameters));
  return {
    run,
    board,
    task,
    required: [
      { kind: "kernels", bytes: kernels, crc: crc32(kernels) },
      { kind: "plan", bytes: plan.binary, crc: plan.planCrc },
      { kind: "frozen", bytes: frozen, crc: crc32(frozen) },
    ],
    slice: { version: task, crc: crc32(full.subarray(8)), full },
    steps: 20,
    learningRate: 0.05,
    seed: 7,
    checkpointEvery: 5,
  };
}

// Clients that do harm: some because their labels are wrong, some on purpose. Who they are is drawn by the seed.

import type { Dataset } from "../../host/data/types.ts";
import { keyed } from "../../host/fl/keyed.ts";
import { eachRow } from "../../host/plan/slice.ts";
import type { Plan } from "../../host/plan/types.ts";
import type { BoardUpdate } from "../../host/sim/board_task.ts";
import { UpdateHeaderBytes } from "../../host/wire/spec.gen.ts";

export interface Harm {
  /** labels: random ones; flipped: the update's sign; scaled: a hundred times the update; nan: scales that are no numbers. */
  kind: "labels" | "flipped" | "scaled" | "nan";
  share: number; // of the clients
}

export const doesHarm = ({ share }: Harm, client: number, seed: number): boolean => keyed("harm", seed, client) < share;

/** The client's samples with labels drawn at random. */
export function mislabelled(data: Dataset, client: number, seed: number): Dataset {
  const draw = (i: number) => Math.floor(keyed("label", seed, client, i) * data.classes.length);
  return { ...data, labels: data.labels.map((_, i) => draw(i)) };
}

/** What a hostile board sends: its int8 update with every row's scale times a factor. */
export function altered({ kind }: Harm, plan: Plan, update: BoardUpdate): BoardUpdate {
  const bytes = update.bytes.slice();
  const view = new DataView(bytes.buffer, UpdateHeaderBytes);
  const int8 = new Int8Array(bytes.buffer, UpdateHeaderBytes);
  eachRow(plan, (_first, elements, byte) => {
    const scale = view.getFloat32(byte, true);
    if (kind === "scaled") view.setFloat32(byte, scale * 100, true);
    if (kind === "nan") view.setFloat32(byte, Number.NaN, true);
    if (kind !== "flipped") return;
    for (let i = byte + 4; i < byte + 4 + elements; i++) int8[i] = -int8[i]!; // elements are within ±127
  });
  return { ...update, bytes };
}

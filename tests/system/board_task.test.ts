// The real firmware against its twin in Node (host/sim/board_task.ts): tasks of one run, of which those with int8 or top-k updates carry what
// the rows of those before could not say. Updates are equal to the last bit.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import type { Engine } from "../../host/build/port.ts";
import { builtGuest } from "../../host/build/root.ts";
import type { Order } from "../../host/fl/fleet.ts";
import type { UpdateEncoding } from "../../host/plan/update_rows.ts";
import { runBoardTask } from "../../host/sim/board_task.ts";
import { elements, type LiveBoard, liveBoard, plan } from "./live_board.ts";

const count = 12;

function trained(live: LiveBoard, order: Order): Promise<Uint8Array> {
  const identity = { id: live.board.chipId, address: live.board.address };
  const fleet = new LocalFleet({ boards: [identity], pollMs: 10 });
  return new Promise<Uint8Array>((resolve, reject) => {
    void fleet.open((event) => {
      if (event.type === "refused") reject(new Error(event.reason));
      if (event.type !== "update") return;
      fleet.acknowledge(identity.id, event.task, "accepted");
      resolve(event.bytes);
    });
    fleet.dispatch(order);
  }).finally(() => fleet.close());
}

it.each<{ engine: Engine; encodings: UpdateEncoding[] }>([
  { engine: "wasm3", encodings: ["int8", { topK: 32 }, "int4", { topK: 192 }, "int8"] },
  { engine: "wasm3", encodings: ["f32", "f32"] },
  { engine: "aot", encodings: [{ topK: 1 }, "f32", { topK: 100 }, "int4", "int8"] }, // the f32 update leaves the residual to the one behind it
])(
  "gives the updates that its twin in Node gives, bit for bit: $encodings on $engine",
  { timeout: 60_000 },
  async ({ engine, encodings }) => {
    const live = await liveBoard("twin", { samples: count, engine });
    const kernels = readFileSync(builtGuest("kernels.twin.wasm"));
    try {
      let residual: Float32Array | undefined;
      for (const [i, encoding] of encodings.entries()) {
        const order = { ...live.order(i + 1), encoding };
        const twin = runBoardTask(
          kernels,
          {
            plan,
            frozen: order.required[2]!.bytes,
            slice: new Float32Array(order.slice.full.slice(8).buffer),
            samples: new Uint8Array(live.samples.buffer),
            labels: Uint16Array.from({ length: count }, (_, j) => j % 3),
            ...(residual && { residual }),
          },
          { ...order, baseVersion: order.slice.version },
        );
        residual = twin.residual ?? residual;
        expect(Buffer.from(await trained(live, order)).toString("hex")).toBe(Buffer.from(twin.bytes).toString("hex"));
      }
      expect(live.samples.length).toBe(count * elements);
      expect(residual?.some((left) => left !== 0) ?? false).toBe(encodings.some((encoding) => encoding !== "f32"));
    } finally {
      await live.end();
    }
  },
);

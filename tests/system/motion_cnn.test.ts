// The motion CNN, all of it, trained by boards with an nRF52832's 64 KiB of RAM: port, session, engine, stack and arena together.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { memoryBudget } from "../../host/build/memory.ts";
import { seeded } from "../../host/data/random.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { ftte, resultOf } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-motion-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const axes = ["ax", "ay", "az", "gx", "gy", "gz"];
const random = seeded(64);

/** Two people, three movements, 600 moments each. */
function recordings(): string {
  const lines = [["person", "movement", ...axes].join(",")];
  for (let person = 0; person < 2; person++)
    for (let movement = 0; movement < 3; movement++)
      for (let t = 0; t < 600; t++)
        lines.push(
          [person, movement, ...axes.map((_, i) => Math.sin(t * 0.1 * (movement + 1) + i) + random())].join(","),
        );
  return `${lines.join("\n")}\n`;
}

it("is trained whole on 64 KiB, in the arena that was planned, and nothing is lost", { timeout: 180_000 }, async () => {
  const { layers } = referenceModels["motion-cnn"];
  writeFileSync(join(folder, "imu.csv"), recordings());
  writeFileSync(
    join(folder, "ftte.config.ts"),
    `import { defineConfig } from "ftte/config";
export default defineConfig({
  name: "motion",
  model: { name: "motion", kind: "classifier", input: { shape: [128, 6], type: "f32" }, layers: ${JSON.stringify(layers)} },
  data: { kind: "csv", path: "imu.csv", columns: ${JSON.stringify(axes)}, label: "movement", user: "person", window: 128, hop: 64, testShare: 0.5 },
  partition: { kind: "shards", perBoard: 1 },
  firstModel: { samples: 0, epochs: 0 },
  fleet: [{ board: "mps2-nrf52832", count: 2, train: "all" }],
  training: { steps: 8, learningRate: 0.02, checkpointEvery: 4 },
  strategy: { name: "ftte", buffer: 2 },
  stop: { versions: 3 },
  seed: 7,
});
`,
  );
  const result = resultOf(await ftte(folder, ["train"]));
  const [memory] = result.memory as { class: string; planned: number; measured: number }[];
  expect(memory).toEqual({ class: "mps2-nrf52832", planned: memory!.planned, measured: memory!.planned });
  expect(memory!.planned).toBeGreaterThan(20_000);
  expect(memory!.planned).toBeLessThanOrEqual(memoryBudget(loadBoardConfig("mps2-nrf52832"), "wasm3").arena);
  expect(result.updates).toMatchObject({ lost: 0, rejected: 0 });
  expect((result.updates as { folded: number }).folded).toBeGreaterThanOrEqual(6);
});

// Runs whose updates are f32, on real boards: what a board sent is in the model to the last bit, and what the board then holds is the model.

import { join } from "node:path";
import { crc32 } from "node:zlib";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSerial } from "../../host/link/serial.ts";
import { bytesOf, gatherSlice, scatterSlice } from "../../host/plan/slice.ts";
import type { UpdateEncoding } from "../../host/plan/update_rows.ts";
import { decodeUpdateHeader, RowEncoding, UpdateHeaderBytes } from "../../host/wire/spec.gen.ts";
import { tamperedPipe } from "../host/link/tamper.ts";
import { firstParameters, type LiveBoard, liveBoard, plan } from "./live_board.ts";
import { ftte, gestureProject, resultOf } from "./project.ts";
import { smallRun } from "./small_run.ts";

describe("one board, each of whose updates makes a version", () => {
  let board: LiveBoard;
  beforeAll(async () => {
    board = await liveBoard("exact", { further: ["--baud", "0"] });
  }, 60_000);
  afterAll(() => board.end());

  /** A run of a few versions: what the board sent, and what it holds in the end. */
  async function played(encoding: UpdateEncoding) {
    await board.board.erase(); // runs of two stores have the same number
    await board.board.start();
    const sent: Uint8Array[] = [];
    const alter = (update: Uint8Array) => {
      sent.push(update);
      return update;
    };
    const run = await smallRun({
      boards: [board],
      buffer: 1,
      encoding,
      open: async (address, options) => tamperedPipe(await openSerial(address, options), { alter }),
      until: (events) => events.filter((e) => e.type === "version").length >= 5,
    });
    const session = await board.session();
    const held = await session.hello();
    await session.close();
    return { run, sent, held };
  }

  /** The models of whole f32 updates, each added to the one before in f32. */
  function models(updates: Uint8Array[]): Float32Array[] {
    const out = [firstParameters()];
    for (const update of updates) {
      const delta = new Float32Array(Uint8Array.from(update.subarray(UpdateHeaderBytes)).buffer);
      const slice = gatherSlice(plan, out.at(-1)!).map((w, i) => w + delta[i]!);
      const next = new Float32Array(plan.parameterCount);
      scatterSlice(plan, slice, next);
      out.push(next);
    }
    return out;
  }

  it("leaves the sum of its updates, bit for bit, and holds one of those models exactly", async () => {
    const { run, sent, held } = await played("f32");
    expect(run.updates).toMatchObject({ rejected: 0, lost: 0 });
    expect(run.version).toBeGreaterThanOrEqual(5);
    for (const update of sent) {
      expect(decodeUpdateHeader(update).encoding).toBe(RowEncoding.f32);
      expect(update).toHaveLength(UpdateHeaderBytes + 4 * plan.sliceCount);
    }
    const all = models(sent.slice(0, run.version));
    expect(run.parameters).toEqual(all.at(-1));
    expect(run.stored.parameters).toEqual(run.parameters);
    expect(held.sliceVersion).toBeGreaterThanOrEqual(4);
    expect(held.sliceCrc).toBe(crc32(bytesOf(gatherSlice(plan, all[held.sliceVersion]!))));
    expect(held.residualTask).toBe(0);
  });

  it("does neither with int8", async () => {
    const { sent, held } = await played("int8");
    for (const update of sent) expect(update.length).toBeLessThan(UpdateHeaderBytes + 4 * plan.sliceCount);
    expect(held.residualTask).toBeGreaterThan(0);
  });
});

it("a project asks for it, and its boards do it, from a random first model to the last version", async () => {
  const folder = gestureProject((text) =>
    text
      .replace("checkpointEvery: 15", 'checkpointEvery: 15, encoding: "f32"')
      .replace('{ name: "ftte", buffer: 2 }', '{ name: "fedavg" }'),
  );
  const result = resultOf(await ftte(folder, ["train"]));
  expect(result).toMatchObject({ versions: 5, updates: { folded: 15, rejected: 0, lost: 0 } });
  const db = new Database(join(folder, ".ftte", "runs.sqlite"), { readonly: true });
  const updates = db.prepare("SELECT bytes FROM updates").all() as { bytes: Buffer }[];
  const deltas = db.prepare("SELECT task FROM tasks WHERE delta IS NOT NULL").all();
  db.close();
  expect(updates.length).toBeGreaterThanOrEqual(15);
  for (const { bytes } of updates) {
    const { encoding, count } = decodeUpdateHeader(bytes);
    expect([encoding, bytes.length]).toEqual([RowEncoding.f32, UpdateHeaderBytes + 4 * count]);
  }
  expect(deltas).toEqual([]);
});

// The store against what is really in its files: copies taken at a moment, as after a power cut, and commits counted in SQLite's own log.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { FtteError } from "../../../host/errors.ts";
import type { Arrival, StoredTask } from "../../../host/fl/run_store.ts";
import { schemaVersion } from "../../../host/store/schema.ts";
import { Store } from "../../../host/store/store.ts";

const stores: Store[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

function fresh(): { path: string; store: Store; run: ReturnType<Store["open"]> } {
  const path = join(mkdtempSync(join(tmpdir(), "ftte-store-")), "deep", "runs.sqlite");
  const store = Store.open(path);
  stores.push(store);
  return { path, store, run: store.open(store.createRun("test", '{"a":1}').id) };
}

/** The file as a power cut at this moment would leave it, opened without any of our code. */
function cut(path: string): { path: string; rows: (table: string) => Record<string, unknown>[] } {
  const copy = join(mkdtempSync(join(tmpdir(), "ftte-store-")), "copy.sqlite");
  for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  const rows = (table: string) => {
    const db = new Database(copy);
    const all = db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all() as Record<string, unknown>[];
    db.close();
    return all;
  };
  return { path: copy, rows };
}

const tables = ["runs", "boards", "tasks", "updates", "models", "evaluations"];
const everything = (path: string) => {
  const { rows } = cut(path);
  return Object.fromEntries(tables.map((table) => [table, rows(table)]));
};

/** The connection itself: some settings and faults can be seen and made only there. */
const connection = (store: Store) => (store as unknown as { db: Database.Database }).db;

/** Commits in the write-ahead log: frames that name the size of the file after them (sqlite.org/fileformat2.html, "The Write-Ahead Log"). */
function commits(path: string): number {
  const wal = readFileSync(`${path}-wal`);
  const frame = 24 + wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  let count = 0;
  for (let at = 32; at + frame <= wal.length; at += frame)
    if (wal.readUInt32BE(at + 4) > 0 && wal.subarray(at + 8, at + 16).equals(salts)) count++;
  return count;
}

const values = (n: number) => Float32Array.of(n, n / 3, -n);
const order = (board: string, task: number, more: Partial<StoredTask> = {}): Arrival["orders"][number] => ({
  task: {
    board,
    task,
    baseVersion: task - 1,
    frozenVersion: 0,
    seed: 1000 + task,
    finish: task * 1.25,
    full: Uint8Array.of(task, 2, 3),
    state: "sent",
    arrival: 0,
    ...more,
  },
  held: values(task),
});
const arrived = (board: string, task: number, arrival: number) => ({ board, task, state: "arrived", arrival }) as const;
const fold = (version: number, ...folded: [string, number][]): Arrival["fold"] & {} => ({
  version,
  parameters: values(version),
  folded: folded.map(([board, task]) => ({ board, task })),
  seconds: version / 2,
});

describe("a store's file", () => {
  it("is in write-ahead mode, with every commit flushed to the disk", () => {
    const { path, store } = fresh();
    expect([...readFileSync(path).subarray(18, 20)]).toEqual([2, 2]); // the file's own word for WAL
    expect(connection(store).pragma("journal_mode", { simple: true })).toBe("wal");
    expect(connection(store).pragma("synchronous", { simple: true })).toBe(2); // FULL
  });

  it("gives back all that was put in, after a close and after a power cut", async () => {
    const { path, store, run } = fresh();
    const delta = { baseVersion: 0, baseCrc: 0xdeadbeef, bytes: Uint8Array.of(9, 8, 7) };
    run.putModel(0, values(0), 0);
    run.commit({ orders: [order("b", 1), order("a", 1)] });
    await Promise.all([run.putUpdate("a", 1, Uint8Array.of(1)), run.putUpdate("b", 1, Uint8Array.of(2, 2))]);
    run.commit({ task: arrived("b", 1, 1), orders: [order("b", 2, { delta, frozenVersion: 1 })] });
    run.commit({ task: arrived("a", 1, 2), fold: fold(1, ["b", 1], ["a", 1]), orders: [order("a", 2)], duplicates: 3 });
    run.commit({ task: { board: "a", task: 2, state: "rejected", arrival: 0, reason: "no" }, orders: [order("a", 3)] });
    await run.putUpdate("b", 2, Uint8Array.of(3));
    run.putEvaluation(1, 2.5, { accuracy: 0.75, loss: 0.5 });
    const seen = (from: Store) => {
      const again = from.open(1);
      const plain = again.tasks().map((t) => ({ ...t, full: [...t.full], update: t.update && [...t.update] }));
      const models = [undefined, 0, 1, 7].map((version) => again.model(version));
      const { created: _, ...record } = from.runRecord(1);
      return {
        record,
        boards: again.boards(),
        tasks: plain,
        models,
        counts: again.counts(),
        now: again.virtualTime(),
        evaluations: from.evaluations(1),
      };
    };
    const expected = {
      record: { id: 1, name: "test", config: '{"a":1}', state: "running", versions: 1 },
      boards: [
        { id: "a", tasks: 3, held: { version: 2, values: values(3) }, frozenVersion: 0, lastVersion: 0 },
        { id: "b", tasks: 2, held: { version: 1, values: values(2) }, frozenVersion: 1, lastVersion: 0 },
      ],
      tasks: [
        { board: "a", task: 3, state: "sent", baseVersion: 2, finish: 3.75, full: [3, 2, 3] },
        { board: "b", task: 2, state: "received", update: [3], frozenVersion: 1 },
      ],
      models: [{ version: 1, parameters: values(1) }, { version: 0, parameters: values(0) }, { version: 1 }, undefined],
      counts: { folded: 2, rejected: 1, duplicates: 3 },
      now: 2.5, // of the rejected task
      evaluations: [{ version: 1, seconds: 2.5, accuracy: 0.75, loss: 0.5 }],
    };
    const before = seen(store);
    expect(before).toMatchObject(expected);
    expect(Buffer.from(store.open(1).tasks()[1]!.delta!.bytes)).toEqual(Buffer.from(delta.bytes));
    const afterCut = Store.open(cut(path).path);
    stores.push(afterCut);
    expect(seen(afterCut)).toEqual(before);
    store.close();
    stores.splice(0, 1);
    const reopened = Store.open(path);
    stores.push(reopened);
    expect(seen(reopened)).toEqual(before);
  });

  it("is refused, and left free for others, when another version of ftte wrote it", () => {
    const { path, store } = fresh();
    connection(store).pragma(`user_version = ${schemaVersion + 1}`);
    store.close();
    stores.pop();
    const wrong = expect.objectContaining({ code: "store-corrupt", message: expect.stringMatching(/another version/) });
    expect(() => Store.open(path)).toThrow(wrong);
    const other = new Database(path, { timeout: 0 });
    other.exec("BEGIN EXCLUSIVE; COMMIT"); // fails while anybody holds the file
    other.close();
  });

  it("knows the latest updates that had weight, in the order in which they came", async () => {
    const { run } = fresh();
    run.putModel(0, values(0), 0);
    const boards = ["a", "b", "c", "d", "e"]; // a started from version 3, e from -1
    run.commit({ orders: boards.map((board, i) => order(board, 1, { baseVersion: 3 - i })) });
    for (const [i, board] of [..."cbdea"].entries()) {
      await run.putUpdate(board, 1, Uint8Array.of(1));
      run.commit({ task: arrived(board, 1, i + 1) });
    }
    expect(run.latestWeighed(9)).toEqual([]);
    run.commit({ fold: fold(4, ["b", 1], ["c", 1]) });
    const left = { board: "d", task: 1, reason: "too long" };
    run.commit({ fold: { ...fold(5, ["e", 1], ["a", 1]), folded: [left, ...fold(5, ["e", 1], ["a", 1]).folded] } });
    const latest = Object.entries({ c: 2, b: 1, e: 5, a: 1 }).map(([board, staleness]) => ({ board, staleness }));
    expect(run.latestWeighed(9)).toEqual(latest);
    expect(run.latestWeighed(3)).toEqual(latest.slice(1));
  });

  it("knows how old the updates of all orders that ended were, of each board in their order, and which came to nothing", async () => {
    const { run } = fresh();
    run.putModel(0, values(0), 0);
    run.commit({ orders: [order("b", 1, { baseVersion: 0 }), order("a", 1, { baseVersion: 0 })] });
    expect([...run.endedOrders()]).toEqual([]);
    run.commit({ task: { board: "b", task: 1, state: "rejected", arrival: 0, reason: "lost" } });
    const arrives = async (board: string, task: number) => {
      await run.putUpdate(board, task, Uint8Array.of(1));
      run.commit({ task: arrived(board, task, 1) });
    };
    await arrives("a", 1);
    expect([...run.endedOrders()]).toEqual([
      { board: "a", staleness: 0 },
      { board: "b", staleness: undefined },
    ]);
    run.commit({
      fold: fold(1, ["a", 1]),
      orders: [order("b", 2, { baseVersion: 1 }), order("a", 2, { baseVersion: 1 })],
    });
    await arrives("a", 2);
    run.commit({ fold: fold(2) });
    await arrives("b", 2);
    expect([...run.endedOrders()]).toEqual([
      { board: "a", staleness: 0 },
      { board: "a", staleness: 1 },
      { board: "b", staleness: undefined },
      { board: "b", staleness: 1 },
    ]);
  });

  it("lists its runs, a new one with no versions yet, and knows a run that is not there", () => {
    const { path, store, run } = fresh();
    run.putModel(0, values(0), 0);
    run.commit({ fold: fold(1) });
    store.createRun("second", "{}");
    expect(store.runs().map((r) => [r.name, r.versions])).toEqual([
      ["test", 1],
      ["second", 0],
    ]);
    store.setState(2, "finished");
    expect(store.runRecord(2)).toMatchObject({ state: "finished", config: "{}" });
    expect(() => store.runRecord(3)).toThrow(expect.objectContaining({ code: "run-unknown" }));
    expect(() => store.runRecord(3)).toThrow(path);
  });
});

describe("putting an update", () => {
  it("resolves when it is in the file, not before", async () => {
    const { path, run } = fresh();
    run.commit({ orders: [order("a", 1)] });
    const put = run.putUpdate("a", 1, Uint8Array.of(5));
    expect(cut(path).rows("updates")).toEqual([]);
    expect(run.holds("a", 1)).toBe(false);
    await put;
    expect(cut(path).rows("updates")).toMatchObject([{ board: "a", task: 1 }]);
    expect(run.holds("a", 1)).toBe(true);
  });

  it("keeps the first copy and tells that others are none, also in the same commit", async () => {
    const { run } = fresh();
    run.commit({ orders: [order("a", 1)] });
    const copies = [1, 2, 3].map((n) => run.putUpdate("a", 1, Uint8Array.of(n)));
    expect(await Promise.all(copies)).toEqual([true, false, false]);
    expect(await run.putUpdate("a", 1, Uint8Array.of(4))).toBe(false);
    expect([...run.tasks()[0]!.update!]).toEqual([1]);
  });

  it("shares one commit among 64 updates, or those of 10 ms", async () => {
    const { path, run } = fresh();
    const before = commits(path);
    const puts = Array.from({ length: 200 }, (_, i) => run.putUpdate("a", i + 1, Uint8Array.of(i)));
    expect(commits(path) - before).toBe(3); // 3 × 64 at once; the last 8 wait for others
    expect(cut(path).rows("updates")).toHaveLength(192);
    expect(await Promise.all(puts)).toEqual(Array(200).fill(true));
    expect(commits(path) - before).toBe(4);
    expect(cut(path).rows("updates")).toHaveLength(200);
  });

  it("rejects all that share a commit when it fails, and keeps none of them", async () => {
    const { path, store, run } = fresh();
    connection(store).exec(
      "CREATE TEMP TRIGGER fault BEFORE INSERT ON updates WHEN NEW.task = 3 BEGIN SELECT RAISE(ABORT, 'fault'); END",
    );
    const puts = [1, 2, 3, 4].map((task) => run.putUpdate("a", task, Uint8Array.of(task)));
    for (const { status } of await Promise.allSettled(puts)) expect(status).toBe("rejected");
    expect(cut(path).rows("updates")).toEqual([]);
  });

  it("is finished by a close, and refused after it", async () => {
    const { path, store, run } = fresh();
    const put = run.putUpdate("a", 1, Uint8Array.of(1));
    store.close();
    stores.pop();
    expect(await put).toBe(true);
    expect(cut(path).rows("updates")).toHaveLength(1);
    await expect(run.putUpdate("a", 2, Uint8Array.of(2))).rejects.toThrow(/not open/);
  });
});

describe("a commit", () => {
  /** Two durable updates, one of them in the buffer. */
  async function ready() {
    const all = fresh();
    all.run.putModel(0, values(0), 0);
    all.run.commit({ orders: [order("a", 1), order("b", 1)] });
    await Promise.all([all.run.putUpdate("a", 1, Uint8Array.of(1)), all.run.putUpdate("b", 1, Uint8Array.of(2))]);
    all.run.commit({ task: arrived("a", 1, 1) });
    return all;
  }
  const whole: Partial<Arrival> = {
    task: arrived("b", 1, 2),
    fold: fold(1, ["a", 1], ["b", 1]),
    orders: [order("a", 2), order("b", 2)],
    duplicates: 1,
  };

  const faults = [
    ["the state of the task", "BEFORE UPDATE ON tasks WHEN NEW.state = 'arrived'"],
    ["the new model", "BEFORE INSERT ON models"],
    ["the first folded task", "BEFORE UPDATE ON tasks WHEN NEW.state = 'folded' AND NEW.board = 'a'"],
    ["the last folded task", "BEFORE UPDATE ON tasks WHEN NEW.state = 'folded' AND NEW.board = 'b'"],
    ["the first order", "BEFORE INSERT ON tasks WHEN NEW.board = 'a'"],
    ["what a board holds", "BEFORE UPDATE ON boards WHEN NEW.id = 'a'"],
    ["the last order", "BEFORE INSERT ON tasks WHEN NEW.board = 'b'"],
    ["the last word of it", "BEFORE UPDATE ON runs"],
  ];
  it.each(faults)("leaves nothing when it fails at %s, and can be made again", async (_what, when) => {
    const { path, store, run } = await ready();
    const before = everything(path);
    connection(store).exec(`CREATE TEMP TRIGGER fault ${when} BEGIN SELECT RAISE(ABORT, 'fault'); END`);
    expect(() => run.commit(whole)).toThrow(/fault/);
    expect(everything(path)).toEqual(before);
    connection(store).exec("DROP TRIGGER fault");
    run.commit(whole);
    expect(run.counts()).toMatchObject({ folded: 2, duplicates: 1 });
    expect(run.model()!.version).toBe(1);
  });

  it("is one commit of the file", async () => {
    const { path, run } = await ready();
    const before = commits(path);
    run.commit(whole);
    expect(commits(path) - before).toBe(1);
  });

  const impossible: [what: string, change: Partial<Arrival>][] = [
    ["folds an update that is folded already", { fold: fold(2, ["a", 1]) }],
    ["folds an update that is not in the buffer", { fold: fold(2, ["a", 2]) }],
    ["folds a task that was never ordered", { fold: fold(2, ["a", 99]) }],
    ["folds an update twice in one step", { task: arrived("a", 2, 3), fold: fold(2, ["a", 2], ["a", 2]) }],
    ["lets a folded update into the buffer again", { task: arrived("a", 1, 3) }],
    ["lets an update into the buffer that is not durable", { task: arrived("b", 2, 3) }],
    ["rejects what was folded", { task: { board: "a", task: 1, state: "rejected", arrival: 0 } }],
    ["makes a version that there is", { fold: fold(1) }],
    ["orders a task that was ordered", { orders: [order("a", 2)] }],
  ];
  it.each(impossible)("is refused when it %s", async (_what, change) => {
    const { path, run } = await ready();
    run.commit(whole);
    await run.putUpdate("a", 2, Uint8Array.of(3));
    const before = everything(path);
    // Beside something that alone would be right, which must not stay either.
    expect(() => run.commit({ orders: [order("c", 1)], ...change })).toThrow(
      expect.objectContaining({ code: "store-corrupt" }),
    );
    expect(everything(path)).toEqual(before);
  });
});

describe("what a store says when it cannot go on", () => {
  const thrown = (work: () => unknown): FtteError => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(FtteError);
      return error as FtteError;
    }
    throw new Error("nothing was thrown");
  };

  it("names the file and that another process has it", () => {
    const { path } = fresh();
    const { code, message } = thrown(() => Store.open(path));
    expect(code).toBe("store-locked");
    expect(message).toBe(`${path} is in use by another ftte process; end that one first`);
  });

  it("tells a file that is no database, and one whose pages are damaged", async () => {
    const { path, run, store } = fresh();
    run.commit({ orders: Array.from({ length: 300 }, (_, i) => order("a", i + 1)) });
    store.close();
    stores.pop();
    const bytes = readFileSync(path);
    writeFileSync(
      path,
      bytes.map((b, i) => (i > 4096 && i % 4096 < 64 ? 0xa5 : b)),
    );
    const damaged = thrown(() => {
      const again = Store.open(path);
      stores.push(again);
      again.open(1).tasks();
    });
    expect(damaged).toMatchObject({ code: "store-corrupt", message: expect.stringMatching(/is damaged.*restore it/) });
    const garbage = join(mkdtempSync(join(tmpdir(), "ftte-store-")), "runs.sqlite");
    writeFileSync(garbage, "this is a text file, not a database at all\n".repeat(100));
    expect(thrown(() => Store.open(garbage))).toMatchObject({ code: "store-corrupt" });
    expect(readFileSync(garbage, "utf8")).toMatch(/^this is a text/); // and leaves it as it was
  });

  it("tells that there is no room, and has kept what it had", async () => {
    const { path, store, run } = fresh();
    run.commit({ orders: [order("a", 1)] });
    await run.putUpdate("a", 1, Uint8Array.of(1));
    connection(store).pragma("max_page_count = 1");
    const before = everything(path);
    const big = order("b", 1, { full: new Uint8Array(100_000) });
    expect(thrown(() => run.commit({ orders: [big] }))).toMatchObject({
      code: "store-full",
      message: expect.stringMatching(/the disk of .*runs\.sqlite is full; .*ftte run resume/),
    });
    await expect(run.putUpdate("b", 1, new Uint8Array(100_000))).rejects.toMatchObject({ code: "store-full" });
    expect(everything(path)).toEqual(before);
  });

  it("tells that it may not write", () => {
    const { store } = fresh();
    connection(store).pragma("query_only = 1");
    expect(thrown(() => store.createRun("no", "{}"))).toMatchObject({ code: "file-unwritable" });
  });

  it("tells that the folder cannot be made, or that a folder is in its place", () => {
    const folder = mkdtempSync(join(tmpdir(), "ftte-store-"));
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "runs.sqlite"));
    const unwritable = { code: "file-unwritable", message: expect.stringContaining(folder) };
    expect(thrown(() => Store.open(join(folder, "file", "runs.sqlite")))).toMatchObject(unwritable);
    expect(thrown(() => Store.open(join(folder, "runs.sqlite")))).toMatchObject(unwritable);
  });
});

// Every command as a user types it, on a small project; and what each mistake and mishap is answered with: one message that names the
// place, the cause and the remedy, the right exit status, and nothing half-written.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, it } from "vitest";
import { startPeer } from "../host/link/pty_peer.ts";
import { command, ftte, ftteText, gestureProject, type Outcome, resultOf, start } from "./project.ts";

const errorOf = (outcome: Outcome) => ({
  status: outcome.status,
  code: (outcome.events.at(-1) as { code?: string } | undefined)?.code,
  message: outcome.stderr.trim().split("\n").slice(-3).join("\n"),
});

interface SmallDisk {
  folder: string;
  /** Leaves so many bytes free. */
  fill(path: string, free: number): void;
  unmount(): void;
}

/** A file system of 8 MB, where this user may mount one. */
function smallDisk(): SmallDisk | undefined {
  const at = mkdtempSync(join(tmpdir(), "ftte-disk-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", at]).status !== 0) return undefined;
  return {
    folder: at,
    fill(path, free) {
      const { bavail, bsize } = statfsSync(at);
      writeFileSync(path, new Uint8Array(bavail * bsize - free));
    },
    unmount: () => spawnSync("umount", ["-l", at]),
  };
}

let folder: string;
beforeAll(async () => {
  folder = gestureProject();
  resultOf(await ftte(folder, ["train"]));
}, 120_000);

describe("commands on a project with a finished run", () => {
  it("plan shows every tensor, what fits a budget, and draws the arenas", async () => {
    const { plans } = resultOf(await ftte(folder, ["plan", "--svg", "pictures"])) as {
      plans: { class: string; arena: number; tensors: { offset: number; bytes: number }[] }[];
    };
    expect(plans.map((p) => p.class)).toEqual(["virtual-64k", "virtual-256k"]);
    for (const plan of plans) expect(Math.max(...plan.tensors.map((t) => t.offset + t.bytes))).toBe(plan.arena);
    expect(readFileSync(join(folder, "pictures/arena-virtual-64k.svg"), "utf8")).toMatch(/^<svg/);
    const fitting = resultOf(await ftte(folder, ["plan", "--budget", "1.5k"])) as { plans: { arena: number }[] };
    expect(fitting.plans[0]!.arena).toBeLessThanOrEqual(1536);
  });

  it("plan --search measures what each layer is worth, and chooses by it within each budget", {
    timeout: 60_000,
  }, async () => {
    const project = gestureProject((t) => t.replace("samples: 0, epochs: 0", "users: 8, epochs: 2"));
    const outcome = await ftte(project, ["plan", "--search", "--seeds", "2", "--svg", "pictures"]);
    const found = resultOf(outcome) as {
      before: { mean: number };
      bias: { depth: number }[];
      weights: { layer: number; ratio: number }[];
      chosen: { class: string; budget: number; bytes: number; selection: object[] }[];
      front: { bytes: number; expected: number; measured: { mean: number } }[];
    };
    expect(found.bias.map((b) => b.depth)).toEqual([1, 2]);
    expect([...new Set(found.weights.map((w) => w.layer))]).toEqual([1, 0]);
    expect(found.chosen.map((c) => c.class)).toEqual(["virtual-64k", "virtual-256k"]);
    for (const { budget, bytes, selection } of found.chosen) {
      expect(bytes).toBeLessThanOrEqual(budget);
      // What it says is a config: the same arena when it is planned.
      const train = gestureProject((t) => t.replace('train: "all"', `train: ${JSON.stringify(selection)}`));
      const { plans } = resultOf(await ftte(train, ["plan"])) as { plans: { arena: number }[] };
      expect(plans.at(-1)!.arena).toBe(bytes);
    }
    found.front.forEach((point, i) => {
      if (i === 0) return;
      expect(point.bytes).toBeGreaterThan(found.front[i - 1]!.bytes);
      expect(point.expected).toBeGreaterThan(found.front[i - 1]!.expected);
    });
    expect(readFileSync(join(project, "pictures/accuracy-by-bytes.svg"), "utf8")).toMatch(/^<svg/);
    expect(outcome.stderr).toContain("seed 8: first model");
    const again = resultOf(await ftte(project, ["plan", "--search", "--seeds", "2"]));
    expect(again).toEqual(found);
  });

  it("plan --search says what it needs", async () => {
    expect(errorOf(await ftte(folder, ["plan", "--search"]))).toMatchObject({
      status: 2,
      message: expect.stringMatching(/needs data of the host's own; give firstModel/),
    });
    for (const wrong of [
      ["--search", "--seeds", "0"],
      ["--seeds", "2"],
    ])
      expect(errorOf(await ftte(folder, ["plan", ...wrong]))).toMatchObject({ status: 2, code: "usage" });
    expect(errorOf(await ftte(folder, ["plan", "--search", "--budget", "200"])).message).toMatch(
      /arena of 200 bytes; the smallest plan needs/,
    );
  });

  it("runs, run show, eval and run export agree about the run", async () => {
    const { runs } = resultOf(await ftte(folder, ["runs"])) as {
      runs: { id: number; state: string; versions: number; accuracy: number }[];
    };
    expect(runs).toMatchObject([{ id: 1, state: "finished", versions: 5 }]);
    const shown = resultOf(await ftte(folder, ["run", "show", "1"])) as {
      run: { versions: number };
      boards: unknown[];
    };
    expect(shown.run.versions).toBe(5);
    expect(shown.boards).toHaveLength(3);
    const evaluated = resultOf(await ftte(folder, ["eval"])) as { accuracy: number };
    expect(evaluated.accuracy).toBe(runs[0]!.accuracy);
    const { files } = resultOf(await ftte(folder, ["run", "export", "1", "--out", "model"])) as { files: string[] };
    expect(files).toEqual(["model/model.safetensors", "model/model.h", "model/model.json"]);
    expect(readdirSync(join(folder, "model")).sort()).toEqual(["model.h", "model.json", "model.safetensors"]);
  });

  it("boards lists nothing where nothing is, and says of a named port why not", async () => {
    const outcome = await ftte(folder, ["boards", "--port", "/dev/ttyNone0"]);
    expect(outcome.status).toBe(3);
    expect(resultOf(outcome)).toMatchObject({
      boards: [{ address: "/dev/ttyNone0", answers: false, code: "port-absent" }],
    });
  });

  it("train goes on with an interrupted run, and says so", { timeout: 60_000 }, async () => {
    const project = gestureProject((text) => text.replace("versions: 5", "versions: 40"));
    const { child, done } = start(project, ["train"]);
    child.stdout!.on("data", (text) => {
      if (String(text).includes('"type":"version"')) child.kill("SIGINT");
    });
    const interrupted = await done;
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toContain("ftte run resume 1");
    const again = await ftte(project, ["train"]);
    expect(again.stderr).toContain("run 1 goes on at version");
    expect(resultOf(again)).toMatchObject({ run: 1, versions: 40, updates: { lost: 0 } });
  });

  it("new makes a project that plans", async () => {
    const parent = mkdtempSync(join(tmpdir(), "ftte-new-"));
    resultOf(await ftte(parent, ["new", "wrist"]));
    resultOf(await ftte(join(parent, "wrist"), ["plan"]));
    const again = errorOf(await ftte(parent, ["new", "wrist"]));
    expect(again).toMatchObject({ status: 4, code: "file-unwritable" });
  });

  it("ends without a word when its reader has had enough", () => {
    const { status, stderr } = spawnSync("sh", ["-c", `${process.execPath} ${command} plan | true`], {
      cwd: folder,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.each(["new", "plan", "train", "eval", "runs", "run show", "run resume", "run export", "boards", "demo"])(
    "%s has help with an example and its exit statuses",
    (name) => {
      const { stdout, status } = ftteText(folder, [...name.split(" "), "--help"]);
      expect(status).toBe(0);
      expect(stdout).toMatch(/Example:\n {2}.*ftte|Example:\n {2}\.\/scripts/);
      expect(stdout).toContain("Exit status: 0 done");
    },
  );
});

describe("mistakes and mishaps", () => {
  it.each<[string, (text: string) => string, RegExp]>([
    ["an unknown layer", (t) => t.replace('"conv1d"', '"conv7d"'), /model.*layers\.0|layers\.0/s],
    ["an unknown board", (t) => t.replace("virtual-256k", "wrist-9000"), /no board "wrist-9000"; known boards/],
    ["a word that no config has", (t) => t.replace("seed: 7", "seeds: 7"), /seeds/],
    ["a syntax error", (t) => t.replace("seed: 7,", "seed 7"), /cannot be read as TypeScript/],
    [
      "a window that the model does not take",
      (t) => t.replace("window: 16", "window: 32"),
      /samples of shape 32×3, model gestures takes 16×3/,
    ],
    ["a column that is not there", (t) => t.replace('"az"', '"aw"'), /line 1: there is no column "aw"/],
  ])("%s is named, before anything starts", async (_, change, message) => {
    const project = gestureProject(change);
    const error = errorOf(await ftte(project, ["train"]));
    expect(error.status).toBe(2);
    expect(error.message).toMatch(message);
  });

  it("a plan that does not fit its board is refused: which tensor, how many bytes over, what would fit", async () => {
    const project = gestureProject((t) =>
      t.replace('count: 2, train: "head"', 'count: 2, train: "head", budget: 400').replace('train: "head", ', ""),
    );
    const error = errorOf(await ftte(project, ["plan"]));
    expect(error.message).toMatch(/400 bytes; the smallest plan needs \d+, \d+ more/);
    const full = gestureProject((t) => t.replace("units: 3", "units: 3000"));
    expect(errorOf(await ftte(full, ["plan"])).message).toMatch(
      /bytes, \d+ over the budget of \d+; its largest tensor is .*"ftte plan --budget/,
    );
  });

  it("a data line that is no number is named with its line", async () => {
    const project = gestureProject();
    const csv = join(project, "imu.csv");
    writeFileSync(csv, readFileSync(csv, "utf8").replace(/\n(\d+),(\d+),[^,]+/, "\n$1,$2,much"));
    expect(errorOf(await ftte(project, ["train"]))).toMatchObject({
      status: 2,
      message: expect.stringMatching(/imu\.csv, line 2: "much"/),
    });
  });

  it("a folder without a project is told apart", async () => {
    const error = errorOf(await ftte(mkdtempSync(join(tmpdir(), "ftte-none-")), ["train"]));
    expect(error.message).toMatch(/ftte\.config\.ts does not exist; make a project with "ftte new"/);
    expect(error.status).not.toBe(0);
  });

  it("an unknown run is named", async () => {
    expect(errorOf(await ftte(folder, ["run", "show", "99"]))).toMatchObject({
      code: "run-unknown",
      message: expect.stringContaining('"ftte runs" lists them'),
    });
    expect(errorOf(await ftte(folder, ["run", "show", "seven"]))).toMatchObject({ status: 2 });
  });

  it("a store in use by another process is told apart from a damaged one", async () => {
    const project = gestureProject();
    resultOf(await ftte(project, ["runs"]));
    const path = join(project, ".ftte/runs.sqlite");
    const other = new Database(path);
    other.pragma("locking_mode = EXCLUSIVE");
    other.exec("BEGIN EXCLUSIVE");
    expect(errorOf(await ftte(project, ["train"]))).toMatchObject({
      status: 4,
      code: "store-locked",
      message: expect.stringMatching(/runs\.sqlite is in use/),
    });
    other.close();
    writeFileSync(path, "this is no database, and was never one".repeat(200));
    const before = readFileSync(path);
    expect(errorOf(await ftte(project, ["train"]))).toMatchObject({
      status: 4,
      code: "store-corrupt",
      message: expect.stringMatching(/runs\.sqlite is damaged/),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("a place that cannot be written is named, and nothing is left there", async () => {
    const project = gestureProject();
    writeFileSync(join(project, ".ftte"), "a file where the folder should be");
    expect(errorOf(await ftte(project, ["train"]))).toMatchObject({ status: 4, code: "file-unwritable" });
    mkdirSync(join(folder, "blocked"));
    writeFileSync(join(folder, "blocked/out"), "");
    expect(errorOf(await ftte(folder, ["run", "export", "1", "--out", "blocked/out/model"]))).toMatchObject({
      status: 4,
      code: "file-unwritable",
    });
    expect(errorOf(await ftte(folder, ["demo", "--svg", "/nowhere/at/all.svg"]))).toMatchObject({
      status: 4,
      code: "file-unwritable",
    });
  });

  it("a full disk is told, and the run goes on when there is room again", { timeout: 60_000 }, async (context) => {
    const disk = smallDisk();
    if (!disk) return context.skip("only root may mount a small disk");
    try {
      const project = gestureProject(undefined, disk.folder);
      const filler = join(project, "filler");
      resultOf(await ftte(project, ["runs"]));
      disk.fill(filler, 600 * 1024);
      const full = errorOf(await ftte(project, ["train"]));
      expect([3, 4]).toContain(full.status); // a board's flash file may meet the end of the disk before the store does
      expect(full.message).toMatch(/is full|No space left on device/);
      rmSync(filler);
      expect(resultOf(await ftte(project, ["train"]))).toMatchObject({ versions: 5, updates: { lost: 0 } });
    } finally {
      disk.unmount();
    }
  });

  it("ports that are absent, busy and forbidden are told apart", async () => {
    const held = await startPeer("silent");
    const onPort = (port: string) =>
      gestureProject((t) => t.replace('count: 1, train: "all"', `ports: ["${port}"], train: "all"`));
    expect(errorOf(await ftte(onPort("/dev/ttyNone0"), ["train"]))).toMatchObject({
      status: 3,
      code: "port-absent",
      message: expect.stringContaining("/dev/ttyNone0"),
    });
    expect(errorOf(await ftte(onPort(held.path), ["train"]))).toMatchObject({ status: 3, code: "board-silent" });
    await held.vanish();
    if (process.getuid?.() !== 0) {
      const forbidden = join(folder, "forbidden");
      writeFileSync(forbidden, "");
      chmodSync(forbidden, 0);
      expect(errorOf(await ftte(onPort(forbidden), ["train"]))).toMatchObject({ status: 3, code: "port-forbidden" });
    }
  });

  it("leaves no process and no half of a file behind", () => {
    expect(existsSync(join(folder, "model/model.h.new"))).toBe(false);
  });
});

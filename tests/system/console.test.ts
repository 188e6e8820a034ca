// `ftte boards`, its names, and `ftte console` on a board that runs: the built command as it is typed, on the real firmware.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBoard } from "../../host/boards/find.ts";
import { KnownBoards } from "../../host/boards/names.ts";
import { openSerial } from "../../host/link/serial.ts";
import { type LiveBoard, liveBoard, oneTask } from "./live_board.ts";
import { command, ftte, resultOf } from "./project.ts";

const state = mkdtempSync(join(tmpdir(), "ftte-state-"));
const env = { XDG_STATE_HOME: state };
const at = (args: string[]) => ftte(state, args, env);
let live: LiveBoard;
let port: string;
beforeAll(async () => {
  live = await liveBoard("console", { further: ["--battery", "80", "--baud", "0"] });
  port = live.board.address;
}, 60_000);
afterAll(async () => {
  await live.end();
  rmSync(state, { recursive: true });
});

const listed = async (...args: string[]) => (await at(["boards", ...args])).events.at(-1)!.boards as object[];

/** The console with lines on its standard input. */
function typed(lines: string[], args: string[] = []) {
  const input = `${lines.join("\n")}\n`;
  const options = { cwd: state, env: { ...process.env, ...env }, input, encoding: "utf8" } as const;
  return spawnSync(process.execPath, [command, "console", "wrist-07", ...args], options);
}

describe("ftte boards", () => {
  it("says of a board what it is, where it is and how it is", async () => {
    const about = {
      chipId: live.board.chipId,
      name: null,
      chip: "virtual",
      boards: ["virtual-64k"],
      memoryBytes: 65536,
    };
    expect(await listed("--port", port)).toMatchObject([
      { ...about, link: "pty", battery: 80, run: null, state: "idle" },
    ]);
  });

  it("names a board, which is then found by its name, also behind another port, and says where it was", async () => {
    const { chipId } = live.board;
    expect(resultOf(await at(["boards", "name", port, "wrist-07"]))).toMatchObject({ chipId, name: "wrist-07" });
    expect(await listed()).toContainEqual(expect.objectContaining({ chipId, name: "wrist-07", address: port }));
    const moved = `${port}.moved`;
    renameSync(port, moved);
    try {
      const known = KnownBoards.read(join(state, "ftte"));
      await expect(findBoard("wrist-07", { known, ports: async () => [] })).rejects.toMatchObject({
        code: "port-absent",
        message: `wrist-07: no port answers as chip ${chipId}; it was last on ${port}; is it plugged in? See: ftte boards`,
      });
      expect(await listed("--port", moved)).toMatchObject([{ chipId, name: "wrist-07", wasOn: port }]);
      expect(resultOf(await at(["console", "wrist-07", "hello"]))).toMatchObject({ chipId, address: moved });
    } finally {
      renameSync(moved, port);
    }
    await listed("--port", port);
  });

  it("tells absent and busy apart", async () => {
    const held = await openSerial(port);
    try {
      const outcome = await at(["boards", "--port", port, "/dev/ttyNone0"]);
      expect(outcome.status).toBe(3);
      const codes = (outcome.events.at(-1)!.boards as { code: string }[]).map(({ code }) => code);
      expect(codes.sort()).toEqual(["port-absent", "port-busy"]);
    } finally {
      await held.close();
    }
  });
});

describe("ftte console", () => {
  it("asks one thing: hello, stats, memory, self-test", async () => {
    await oneTask(live, live.order(1));
    const ask = async (name: string) => resultOf(await at(["console", "wrist-07", name]));
    expect(await ask("hello")).toMatchObject({ boardClass: "virtual-64k", state: "idle", samples: 12, battery: 80 });
    const { arenaPlanned, arenaPeak, poolBytes, stackBytes } = (await ask("memory")) as Record<string, number>;
    expect(arenaPeak).toBe(arenaPlanned);
    expect(poolBytes! + stackBytes!).toBe(65536);
    expect(await ask("stats")).toMatchObject({ arenaPlanned, resets: { powerOn: 1, watchdog: 0 } });
    expect(await ask("self-test")).toMatchObject({ passed: true });
  });

  it("restarts a board and returns when it is back", async () => {
    expect(resultOf(await at(["console", port, "reset"]))).toMatchObject({ resets: 2 });
    expect(resultOf(await at(["console", port, "hello"]))).toMatchObject({ lastReset: "software", samples: 12 });
  });

  it("asks back before it erases, and erases nothing without a yes", async () => {
    expect((await at(["console", "wrist-07", "erase"])).status).toBe(2);
    const { status, stdout } = typed(["erase", "y", "hello"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/erase: wrist-07 loses its samples, kernels, model and update.*Type yes.*nothing was done/s);
    expect(stdout).toMatch(/^samples +12$/m);
    const erased = typed(["erase", "yes", "hello"]);
    expect(erased.stdout).toMatch(/^samples +0$/m);
    expect(resultOf(await at(["console", "wrist-07", "erase", "--yes"]))).toMatchObject({ resets: 4 });
  });

  it("speaks NDJSON in a conversation, which a script's mistake ends", () => {
    const { status, stdout } = typed(["help", "memory", "", "hello", "quit", "stats"], ["--json"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(status).toBe(0);
    expect(lines).toMatchObject([
      { type: "answer", command: "memory", poolBytes: 57344 },
      { type: "answer", command: "hello" },
      { type: "result", commands: 2 },
    ]);
    const wrong = typed(["self-test", "hello"]); // no kernels are left
    expect([wrong.status, wrong.stdout]).toEqual([1, ""]);
    expect(wrong.stderr).toMatch(/wrist-07: the board does not hold the blob/);
    expect(typed(["hullo"]).status).toBe(2);
  });

  it("completes commands on a terminal, and forgives mistakes there", async (context) => {
    if (spawnSync("script", ["--version"]).status !== 0)
      return context.skip("needs script(1), of util-linux, for a terminal");
    const run = `${process.execPath} ${command} console wrist-07`;
    const terminal = spawn("script", ["-qec", run, "/dev/null"], {
      cwd: state,
      env: { ...process.env, ...env, TERM: "xterm" },
    });
    let shown = "";
    terminal.stdout.on("data", (text) => {
      shown += text;
    });
    /** Types when the terminal shows what the last keys led to. */
    const press = async (keys: string, after: RegExp) => {
      await expect.poll(() => shown, { timeout: 20_000 }).toMatch(after);
      shown = "";
      terminal.stdin.write(keys);
    };
    await press("mem\t", /wrist-07> \S*$/);
    await press("\n", /ory \S*$/);
    await press("hullo\n", /native stack +\d+ +8192.*wrist-07> \S*$/s);
    await press("quit\n", /"hullo" is no command of the console.*\(usage\).*wrist-07> \S*$/s);
    expect(await new Promise((resolve) => terminal.on("exit", resolve))).toBe(0);
  });
});

it("keeps what it knows in one file of the user's", () => {
  const { boards } = JSON.parse(readFileSync(join(state, "ftte", "boards.json"), "utf8"));
  expect(boards).toEqual({ [live.board.chipId]: { name: "wrist-07", address: port } });
});

// The hardware-in-the-loop suite on a virtual board, as CI runs it on every kind of board that it has: by its address.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../core/c_program.ts";
import { startPeer } from "../host/link/pty_peer.ts";
import { type LiveBoard, liveBoard } from "./live_board.ts";

let live: LiveBoard;
beforeAll(async () => {
  live = await liveBoard("hil"); // its sensor delivers samples: the board holds work
}, 60_000);
afterAll(() => live.end());

function hil(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(`${root}node_modules/.bin/tsx`, ["scripts/hil.ts", ...args], { cwd: root });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}

it("refuses a board that holds samples, and erases nothing", { timeout: 60_000 }, async () => {
  const { status, stdout } = await hil("--board", live.board.address, "--files", "suite");
  expect(status).toBe(1);
  expect(stdout).toMatch(/holds samples or a task; erase them with --erase/);
});

it("says what is wrong when no board is named, or none answers", { timeout: 60_000 }, async () => {
  expect((await hil()).status).toBe(2);
  const absent = await hil("--board", "/dev/ttyNone0");
  expect(absent.status).toBe(3);
  expect(absent.stderr).toMatch(/hil: \/dev\/ttyNone0: there is no such device/);
});

it("ends when nobody answers at the port", { timeout: 60_000 }, async () => {
  const peer = await startPeer("silent");
  const silent = await hil("--board", peer.path);
  expect(silent.status).toBe(3);
  expect(silent.stderr).toMatch(/no answer in \d+ ms/);
  await peer.vanish();
});

it("passes on a virtual board, power cut included, and reports it", { timeout: 180_000 }, async () => {
  const junit = join(mkdtempSync(join(tmpdir(), "ftte-hil-")), "junit.xml");
  // The relay: the process dies, and this test gives the power back.
  const relay = setInterval(() => void (live.board.running || live.board.start()), 50);
  const cut = `kill -9 ${live.board.pid}`;
  const { status, stdout, stderr } = await hil(
    ...["--board", live.board.address, "--erase", "--junit", junit, "--power-cycle", cut, "--json"],
  );
  clearInterval(relay);
  const report = JSON.parse(stdout) as { class: string; chip: string; results: { name: string; status: string }[] };
  expect(status, stderr.slice(-4000)).toBe(0);
  expect(report).toMatchObject({ class: "virtual-64k", chip: live.board.chipId });
  expect(report.results.filter((r) => r.status !== "passed").map((r) => r.name)).toEqual(["soaks"]);
  expect(readFileSync(junit, "utf8")).toMatch(/<testsuite .*suite\.hil\.ts/);
});

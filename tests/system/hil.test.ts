// The hardware-in-the-loop suite on a virtual board and on an emulated board of every chip port, as anybody runs it on a real one: by its
// address.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { buildProgram, localBoard } from "../../host/boards/local_board.ts";
import { board } from "../../host/hil/board.ts";
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

interface Report {
  class: string;
  chip: string;
  results: { name: string; status: string }[];
}
const unpassed = ({ results }: Report) => results.filter((r) => r.status !== "passed").map((r) => r.name);

it("passes on a virtual board, power cut included, and reports it", { timeout: 180_000 }, async () => {
  const junit = join(mkdtempSync(join(tmpdir(), "ftte-hil-")), "junit.xml");
  // The relay: the process dies, and this test gives the power back.
  const relay = setInterval(() => void (live.board.running || live.board.start()), 50);
  const cut = `kill -9 ${live.board.pid}`;
  const { status, stdout, stderr } = await hil(
    ...["--board", live.board.address, "--erase", "--junit", junit, "--power-cycle", cut, "--json"],
  );
  clearInterval(relay);
  const report = JSON.parse(stdout) as Report;
  expect(status, stderr.slice(-4000)).toBe(0);
  expect(report).toMatchObject({ class: "virtual-64k", chip: live.board.chipId });
  expect(unpassed(report)).toEqual(["soaks"]);
  expect(readFileSync(junit, "utf8")).toMatch(/<testsuite .*suite\.hil\.ts/);
});

const sweep = process.env.FTTE_SWEEP !== undefined; // sim-esp32s3: see chipPortNames in tests/contracts/port/emulated.ts
const emulated = [
  ...["mps2-nrf52840", "microbit-nrf52840", "virt-esp32c3", "sim-esp32"],
  ...(sweep ? ["sim-esp32s3"] : []),
];

it.concurrent.each(emulated)("passes on %s, power cut included", { timeout: 300_000 }, async (id) => {
  const folder = mkdtempSync(join(tmpdir(), "ftte-hil-"));
  const config = loadBoardConfig(id);
  const emulatedBoard = localBoard(config, { name: id, folder, program: await buildProgram(config, "wasm3") });
  await emulatedBoard.start();
  // The relay: the suite asks for a power cut by a file, and waits until it is gone.
  const asked = join(folder, "cut");
  let cutting: Promise<void> | undefined;
  const relay = setInterval(() => {
    if (existsSync(asked)) cutting ??= emulatedBoard.restart().then(() => rmSync(asked));
  }, 50);
  const cut = `touch ${asked}; while [ -e ${asked} ]; do sleep 0.1; done`;
  const { status, stdout, stderr } = await hil(
    ...["--board", emulatedBoard.address, "--junit", join(folder, "junit.xml"), "--power-cycle", cut, "--json"],
  );
  clearInterval(relay);
  await cutting;
  await emulatedBoard.kill();
  const report = JSON.parse(stdout) as Report;
  rmSync(folder, { recursive: true });
  expect(status, stderr.slice(-4000)).toBe(0);
  expect(report).toMatchObject({ class: config.class, chip: emulatedBoard.chipId });
  expect(unpassed(report)).toEqual(["soaks"]);
});

/** `npm run board`, and the address that it says. */
async function startBoard(...args: string[]): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(`${root}node_modules/.bin/tsx`, ["scripts/board.ts", ...args], { cwd: root });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", () => /, at (\S+)\n/.test(said) && resolve(/, at (\S+)\n/.exec(said)![1]!));
    child.once("close", () => reject(new Error(said)));
  });
  return { child, address };
}

it("starts a board by its id, which keeps what its flash holds after Ctrl-C", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "ftte-board-"));
  const held: number[] = [];
  for (const _ of [1, 2]) {
    const { child, address } = await startBoard("microbit-nrf52840", "--folder", folder);
    const wrist = await board({ address });
    held.push(wrist.hello.samples);
    await wrist.record([{ label: 1, elements: new Uint8Array(8) }]);
    await wrist.close();
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    await ended;
  }
  expect(held).toEqual([0, 1]);
  rmSync(folder, { recursive: true });
});

// `ftte monitor` on two virtual boards: what they say, a fault with the function that addr2line names, an unplugged and replugged board, an
// orderly end; and what stands in its way: a port in use, firmware that keeps no log.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BoardMonitor } from "../../host/boards/board_monitor.ts";
import { findBoard } from "../../host/boards/find.ts";
import type { MonitorEvent } from "../../host/boards/monitor_events.ts";
import { KnownBoards } from "../../host/boards/names.ts";
import { programOf } from "../../host/build/symbols.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { encodeFrame, FrameParser } from "../../host/wire/frame.ts";
import { FrameType } from "../../host/wire/spec.gen.ts";
import { type LiveBoard, liveBoard, oneTask } from "./live_board.ts";
import { command, ftte, type Outcome, start } from "./project.ts";

let left: LiveBoard;
let right: LiveBoard;
let folder: string;
const started: ChildProcess[] = [];
const env = () => ({ XDG_STATE_HOME: folder });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-monitor-"));
  [left, right] = await Promise.all([liveBoard("left"), liveBoard("right")]);
  await oneTask(left, left.order(1), { patienceMs: 10_000 });
}, 60_000);
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL"); // of a test that failed
  await Promise.all([left.end(), right.end()]);
  rmSync(folder, { recursive: true, force: true });
});

/** By addr2line: the function whose code it is, whatever was inlined there. */
function functionAt(program: string, address: number): string | undefined {
  const lines = execFileSync("addr2line", ["-f", "-i", "-e", program, address.toString(16)], { encoding: "utf8" });
  const name = lines
    .split("\n")
    .filter((_, i) => i % 2 === 0)
    .filter(Boolean)
    .at(-1);
  return name === "??" ? undefined : name;
}

type Told = MonitorEvent | { type: "result"; boards: Record<string, unknown>[] };

/** The command, watched while it runs. */
function watch(args: string[]) {
  const { child, done } = start(folder, ["monitor", ...args], env());
  started.push(child);
  let text = "";
  child.stdout!.on("data", (data) => {
    text += data;
  });
  const events = () =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Told);
  return {
    /** The first event of that kind; waits for it. */
    async told<T extends MonitorEvent["type"]>(
      type: T,
      of: LiveBoard,
      which: (e: MonitorEvent & { type: T }) => boolean = () => true,
    ) {
      const find = () =>
        events().find(
          (e): e is MonitorEvent & { type: T } =>
            e.type === type && "board" in e && e.board === of.board.chipId && which(e as never),
        );
      await expect.poll(find, { timeout: 30_000 }).toBeDefined();
      return find()!;
    },
    async end(): Promise<Outcome> {
      child.kill("SIGINT");
      return done;
    },
  };
}

it("tells what two boards say, through a fault and a power cut, and ends when it is told to", {
  timeout: 120_000,
}, async () => {
  const saved = join(folder, "saved.ndjson");
  const run = watch([left.board.address, right.board.address, "--save", saved]);
  const installed = await run.told("log", left, ({ code }) => code === "taskEnded");
  expect(installed).toMatchObject({ level: "info", a: 1, b: 20 });
  expect(installed.text).toMatch(/^task 1 done after 20 steps, loss \d/);
  expect(Math.abs(Date.parse(installed.time) - Date.now())).toBeLessThan(600_000);
  expect((await run.told("log", right)).code).toBe("started");
  expect(await run.told("progress", left)).toMatchObject({ state: "idle", battery: null });

  truncateSync(left.board.flash, 0); // flash that answers no more: the next look at it is a fault
  const panic = await run.told("panic", left);
  const { build } = await run.told("online", left);
  expect(panic).toMatchObject({ reason: "fault", architecture: "posix", cause: "SIGBUS" });
  // In our code, or in the C library's, called by ours.
  const judged = functionAt(programOf(build)!, panic.pc) ?? functionAt(programOf(build)!, panic.lr);
  expect(judged).toMatch(/^[a-z]\w+$/);
  expect(panic.function ?? panic.caller).toBe(judged);
  expect(await run.told("restarted", left)).toMatchObject({ reason: "fault" });
  await run.told("log", left, ({ code }) => code === "panicked");

  await right.board.kill();
  expect((await run.told("offline", right)).code).toMatch(/^(link-gone|port-absent)$/);
  await right.board.start();
  expect(await run.told("restarted", right)).toMatchObject({ reason: "powerOn", resets: 2 });

  const { status, events } = await run.end();
  expect(status).toBe(0);
  expect(events.at(-1)).toMatchObject({
    type: "result",
    boards: [
      { chipId: left.board.chipId, panics: 1, restarts: 1, lost: 0 },
      { chipId: right.board.chipId, panics: 0, restarts: 1, lost: 0 },
    ],
  });
  const lines = readFileSync(saved, "utf8").split("\n").slice(0, -1);
  expect(lines.map((line) => JSON.parse(line))).toEqual(events.slice(0, -1));
});

/** What the command prints for people, until there are as many lines; it is then ended as by Ctrl-C. */
async function textOf(args: string[], lines: number): Promise<string> {
  const child = spawn(process.execPath, [command, "monitor", ...args], { env: { ...process.env, ...env() } });
  started.push(child);
  const ended = once(child, "close");
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
  });
  await expect.poll(() => text.split("\n").length - 1, { timeout: 30_000 }).toBeGreaterThanOrEqual(lines);
  child.kill("SIGINT");
  expect((await ended)[0]).toBe(0);
  return text;
}

it("shows lines with the boards' names, and only what --filter lets through", { timeout: 60_000 }, async () => {
  const text = await textOf([left.board.address, right.board.address, "--filter", "STARTED"], 2);
  const [lines, counts] = text.split("\n\n");
  expect(lines!.split("\n")).toHaveLength(2);
  for (const line of lines!.split("\n"))
    expect(line).toMatch(/^[0-9a-f]{8} {2}\d\d:\d\d:\d\d\.\d{3} info {4}started; reset: \w+/);
  expect(counts).toMatch(/board +log entries +lost +panics +restarts/);
});

it("ends after --seconds, and says who may hold a port, and what no board and no file is", {
  timeout: 60_000,
}, async () => {
  const held = await openSerial(left.board.address);
  const busy = await ftte(folder, ["monitor", left.board.address], env()).finally(() => held.close());
  expect(busy.status).toBe(3);
  expect(busy.events.at(-1)).toMatchObject({ type: "error", code: "port-busy" });
  expect(busy.stderr).toMatch(/a training run holds the ports of its boards/);
  const [timed, absent, unwritable] = await Promise.all([
    ftte(folder, ["monitor", right.board.address, "--seconds", "1"], env()),
    ftte(folder, ["monitor", join(folder, "nothing.pty")], env()),
    ftte(folder, ["monitor", left.board.address, "--save", join(folder, "no", "where")], env()),
  ]);
  expect([timed.status, timed.events.at(-1)?.type]).toEqual([0, "result"]);
  expect(absent.status).toBe(3);
  expect([unwritable.status, unwritable.events.at(-1)?.code]).toEqual([4, "file-unwritable"]);
});

/** A real board, but that it never heard of `log` and `panic`: on the way to it they become commands that there are not. */
const outdated: OpenPipe = async (address, options) => {
  const pipe = await openSerial(address, options);
  const parser = new FrameParser();
  const older = (type: number) => (type === FrameType.log || type === FrameType.panic ? 127 : type);
  return {
    address,
    closed: pipe.closed,
    close: () => pipe.close(),
    onData: (listener) => pipe.onData(listener),
    write: (bytes) =>
      pipe.write(
        Buffer.concat([
          Uint8Array.of(0),
          ...parser.push(bytes).map((frame) => encodeFrame({ ...frame, type: older(frame.type) })),
        ]),
      ),
  };
};

it("watches a board with older firmware as far as that goes, and says so", { timeout: 60_000 }, async () => {
  const finding = { known: KnownBoards.read(folder), ports: async () => [] };
  const board = await findBoard(right.board.address, finding);
  const told: MonitorEvent[] = [];
  const stop = new AbortController();
  const find = () => findBoard(right.board.address, finding);
  const monitor = new BoardMonitor(board, {
    level: "info",
    open: outdated,
    find,
    emit: (e) => told.push(e),
    pollMs: 50,
  });
  const done = monitor.run(stop.signal);
  const kinds = () => told.map(({ type }) => type);
  await expect.poll(kinds, { timeout: 20_000 }).toEqual(["online", "notice", "progress"]);
  expect(told[1]).toMatchObject({ text: expect.stringMatching(/older than this host .* flash the firmware/) });
  await right.board.restart();
  await expect.poll(kinds, { timeout: 20_000 }).toContain("restarted");
  stop.abort();
  await done;
});

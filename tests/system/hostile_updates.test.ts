// Updates that lie: real boards with the real firmware, and a pipe that hands the host another update than the board made. Each is refused
// with a message that names the board and the cause, the board gets a new task, the others' work goes on, the model stays finite and every
// count is right. And the same update, a thousand times: it counts once.

import { afterAll, beforeAll, expect, it } from "vitest";
import { seeded } from "../../host/data/random.ts";
import type { RunEvent } from "../../host/fl/events.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import {
  decodeUpdateHeader,
  encodeUpdateHeader,
  RowEncoding,
  type UpdateHeader,
  UpdateHeaderBytes,
} from "../../host/wire/spec.gen.ts";
import { type Tampering, tamperedPipe } from "../host/link/tamper.ts";
import { firstParameters, type LiveBoard, liveBoard } from "./live_board.ts";
import { smallRun } from "./small_run.ts";

const boards: LiveBoard[] = [];
beforeAll(async () => {
  for (const [i, name] of ["liar", "honest-1", "honest-2"].entries())
    boards.push(await liveBoard(name, { seed: i + 1, further: ["--baud", "0"] }));
}, 60_000);
afterAll(() => Promise.all(boards.map((board) => board.end())));

const header = (change: (header: UpdateHeader) => Partial<UpdateHeader>) => (update: Uint8Array) => {
  const out = Uint8Array.from(update);
  const before = decodeUpdateHeader(update);
  out.set(encodeUpdateHeader({ ...before, ...change(before) }));
  return out;
};
/** The first row's scale. */
const scale = (value: number) => (update: Uint8Array) => {
  const out = Uint8Array.from(update);
  new DataView(out.buffer).setFloat32(UpdateHeaderBytes, value, true);
  out.fill(127, UpdateHeaderBytes + 4, UpdateHeaderBytes + 8);
  return out;
};
const random = seeded(5);
const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256);

const lies: [what: string, alter: (update: Uint8Array) => Uint8Array, cause: RegExp][] = [
  [
    "a stale base version",
    header((h) => ({ baseVersion: h.baseVersion + 7 })),
    /names base version \d+ instead of \d+/,
  ],
  ["another run", header((h) => ({ run: h.run + 1 })), /names run \d+ instead of \d+/],
  ["another task", header((h) => ({ task: h.task + 1 })), /names task \d+ instead of \d+/],
  ["another plan", header((h) => ({ planCrc: h.planCrc ^ 1 })), /names plan \d+ instead of \d+/],
  ["another number of rows", header((h) => ({ rows: h.rows - 1 })), /names number of rows/],
  ["another number of elements", header((h) => ({ count: h.count + 1 })), /names number of elements/],
  ["another encoding", header(() => ({ encoding: RowEncoding.f32 })), /names encoding 2 instead of 1/],
  ["other steps than it was given", header((h) => ({ steps: h.steps * 2 })), /names number of steps/],
  ["no samples", header(() => ({ samples: 0 })), /was trained on no samples/],
  ["a loss that is no number", header(() => ({ lossLast: Number.NaN })), /loss that is not finite/],
  ["a scale that is no number", scale(Number.NaN), /has a scale of NaN/],
  ["a scale of 1e30", scale(1e30), /has a scale of 1.00e\+30/],
  ["a scale of -1e30", scale(-1e30), /has a scale of -1/],
  ["an infinite scale", scale(Number.POSITIVE_INFINITY), /has a scale of Infinity/],
  ["a scale of minus infinity", scale(Number.NEGATIVE_INFINITY), /has a scale of -Infinity/],
  ["a negative scale", scale(-0.001), /has a scale of -0.001/],
  ["one byte less", (update) => update.slice(0, -1), /has \d+ bytes instead of \d+/],
  ["one byte more", (update) => Buffer.concat([update, Uint8Array.of(0)]), /has \d+ bytes instead of \d+/],
  ["its header only", (update) => update.slice(0, UpdateHeaderBytes), /has 44 bytes instead of \d+/],
  ["half a header", (update) => update.slice(0, UpdateHeaderBytes / 2), /has 22 bytes instead of \d+/],
  ["nothing", () => new Uint8Array(0), /has 0 bytes instead of \d+/],
  ["noise", (update) => noise(update.length), /names run \d+ instead of \d+/],
  ["much noise", () => noise(5000), /has 5000 bytes instead of \d+/],
];

type UpdateEvent = Extract<RunEvent, { type: "update" }>;
const updatesOf = (events: readonly RunEvent[], board?: LiveBoard) =>
  events.filter((e): e is UpdateEvent => e.type === "update" && (!board || e.board === board.identity.id));
const count = (events: readonly UpdateEvent[], outcome: UpdateEvent["outcome"]) =>
  events.filter((e) => e.outcome === outcome).length;

/** The liar's line, as `tampering` has it; the others' as they are. */
const lying =
  (tampering: Tampering): OpenPipe =>
  async (address, options) => {
    const pipe = await openSerial(address, options);
    return address === boards[0]!.board.address ? tamperedPipe(pipe, tampering) : pipe;
  };

it("are refused, one by one, while everybody else works", { timeout: 120_000 }, async () => {
  const [liar, ...honest] = boards as [LiveBoard, ...LiveBoard[]];
  let told = 0;
  // A truth after each lie: three lies in a row would set the board aside.
  const alter = (update: Uint8Array) => {
    const lie = told++ % 2 === 0 ? lies[(told - 1) / 2] : undefined;
    return lie ? lie[1](update) : update;
  };
  const run = await smallRun({
    boards,
    open: lying({ alter }),
    until: (events) =>
      count(updatesOf(events, liar), "folded") >= lies.length + 3 &&
      honest.every((board) => count(updatesOf(events, board), "folded") >= lies.length),
  });
  const rejected = updatesOf(run.events, liar).filter((e) => e.outcome === "rejected");
  expect(rejected).toHaveLength(lies.length);
  for (const [i, [what, , cause]] of lies.entries()) {
    expect(rejected[i]!.reason, what).toMatch(/^liar: its update .*; it was not used and the board gets a new task$/);
    expect(rejected[i]!.reason, what).toMatch(cause);
  }
  const all = updatesOf(run.events);
  expect(run.parameters.every(Number.isFinite)).toBe(true);
  expect(run.parameters).not.toEqual(firstParameters());
  expect(run.updates).toEqual({
    folded: count(all, "folded"),
    leftOut: 0,
    rejected: lies.length,
    duplicates: 0,
    lost: 0,
  });
  expect(run.stored).toMatchObject({ folded: run.updates.folded, rejected: lies.length, version: run.version });
  expect(run.stored.parameters).toEqual(run.parameters);
  expect(run.version * 2).toBe(run.updates.folded);
  console.log(
    `${lies.length} lies refused (${lies.map(([what]) => what).join(", ")}); ${run.updates.folded} updates folded beside`,
  );
});

it("set the board aside when it sends nothing else, and the run goes on without it", { timeout: 120_000 }, async () => {
  const [liar, ...honest] = boards as [LiveBoard, ...LiveBoard[]];
  const run = await smallRun({
    boards,
    open: lying({ alter: (update) => noise(update.length) }),
    until: (events) =>
      events.some((e) => e.type === "notice" && e.text.startsWith("liar failed")) &&
      honest.every((board) => count(updatesOf(events, board), "folded") >= 10),
  });
  const liars = updatesOf(run.events, liar);
  expect(liars.map((e) => e.outcome)).toEqual(["rejected", "rejected", "rejected"]);
  const notices = run.events.flatMap((e) => (e.type === "notice" ? [e.text] : []));
  const aside = /^liar failed 3 tasks in a row and gets no more in this session: liar: its update names run \d+ /;
  expect(notices.filter((text) => aside.test(text))).toHaveLength(1);
  expect(run.updates).toMatchObject({ rejected: 3, duplicates: 0, lost: 0 });
});

it("count once when they come a thousand times", { timeout: 120_000 }, async () => {
  // A board that no run left an update on: runs of two stores may have the same number.
  const liar = boards[0]!;
  await liar.board.erase();
  await liar.board.start();
  const repeats = 1000;
  const run = await smallRun({
    boards: [liar],
    buffer: 1,
    open: lying({ repeats }),
    until: (events) => count(updatesOf(events), "duplicate") >= repeats && count(updatesOf(events), "folded") >= 3,
  });
  const outcomes = updatesOf(run.events).map((e) => e.outcome);
  expect(outcomes.slice(0, repeats + 1)).toEqual(["folded", ...Array(repeats).fill("duplicate")]);
  expect(outcomes.slice(repeats + 1).every((outcome) => outcome === "folded")).toBe(true);
  expect(run.updates).toEqual({
    folded: outcomes.length - repeats,
    leftOut: 0,
    rejected: 0,
    duplicates: repeats,
    lost: 0,
  });
  expect(run.stored).toMatchObject({ folded: run.updates.folded, rejected: 0, version: run.version });
  expect(run.version).toBe(run.updates.folded);
  console.log(`the same update ${repeats + 1} times: folded once, and the run goes on`);
});

// A task on real boards over a bad line: every frame of it, both ways, lost, repeated, reordered and truncated; every byte of every kind of
// frame flipped; the link gone for seconds or minutes, the terminal vanishing, the power cut in the middle. It completes with the same
// update as over a clean line. Ports with other boards, or none, behind them are strange_ports.test.ts.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Plugs } from "../../host/boards/virtual.ts";
import type { Order } from "../../host/fl/fleet.ts";
import type { OpenPipe, Pipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { FrameParser } from "../../host/wire/frame.ts";
import { FrameType, Reply } from "../../host/wire/spec.gen.ts";
import { numbered } from "../core/altered_kernels.ts";
import { type Harm, type HarmedPipe, type HarmPlan, harmedPipe } from "../host/link/harm.ts";
import { together } from "./flash_cuts.ts";
import { type LiveBoard, liveBoard, oneTask, rowsOf, type TaskOptions, withKernels } from "./live_board.ts";

const everyBit = process.env.FTTE_SWEEP === "1";
const lanes = 12;
const boards: LiveBoard[] = [];
const tasks: number[] = Array(lanes).fill(0); // of each board
let clean: string;
beforeAll(async () => {
  for (let i = 0; i < lanes; i++) boards.push(await liveBoard(`harmed-${i}`, { further: ["--baud", "0"] }));
  const updates = await Promise.all(boards.map((_, lane) => task(lane, {})));
  clean = rowsOf(updates[0]!);
  for (const update of updates) expect(rowsOf(update)).toBe(clean);
}, 60_000);
afterAll(() => Promise.all(boards.map((board) => board.end())));

/** The next task of a board; with `afresh` other kernels are sent before it, so that it begins with a long transfer. */
function task(lane: number, options: TaskOptions, { afresh = false } = {}): Promise<Uint8Array> {
  const number = ++tasks[lane]!;
  const order: Order = { ...boards[lane]!.order(number), steps: 8 };
  return oneTask(boards[lane]!, afresh ? withKernels(order, numbered(number % 2)) : order, options);
}

type Way = "down" | "up";
interface Passed {
  way: Way;
  type: number;
  at: number; // the how manieth of its type
  bytes: number; // encoded
}

/** Every frame of a task over a clean line, but for repeated questions for progress, whose number differs. */
async function framesOf(afresh: boolean): Promise<Passed[]> {
  const passed: Passed[] = [];
  const tap = (way: Way) => {
    const parser = new FrameParser();
    const seen = new Map<number, number>();
    let rest = Buffer.alloc(0);
    return (bytes: Uint8Array) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        const [frame] = parser.push(rest.subarray(0, end + 1));
        if (frame) {
          const at = seen.get(frame.type) ?? 0;
          seen.set(frame.type, at + 1);
          const asked = (frame.type & ~Reply.flag) === FrameType.progress;
          if (!asked || at === 0) passed.push({ way, type: frame.type, at, bytes: end + 1 });
        }
        rest = rest.subarray(end + 1);
      }
    };
  };
  const open: OpenPipe = async (address, options) => {
    const pipe = await openSerial(address, options);
    const [down, up] = [tap("down"), tap("up")];
    return {
      address,
      closed: pipe.closed,
      close: () => pipe.close(),
      onData: (listener) =>
        pipe.onData((bytes) => {
          up(bytes);
          listener(bytes);
        }),
      write(bytes) {
        down(bytes);
        return pipe.write(bytes);
      },
    };
  };
  await task(0, { open }, { afresh });
  return passed;
}

/** A task over a line that does harm as planned on its first connection; true when there was a frame to harm. */
async function harmed(lane: number, plan: HarmPlan, afresh: boolean, what: string): Promise<boolean> {
  const pipes: HarmedPipe[] = [];
  const open: OpenPipe = async (address, options) => {
    pipes.push(harmedPipe(await openSerial(address, options), pipes.length === 0 ? plan : {}));
    return pipes.at(-1)!;
  };
  expect(rowsOf(await task(lane, { open }, { afresh })), what).toBe(clean);
  const wanted = plan.flips ?? (plan.frame?.type !== undefined ? [{ ...plan.frame, type: plan.frame.type }] : []);
  return wanted.every(({ direction, type, at }) => (pipes[0]!.passed[direction].types.get(type) ?? 0) > at);
}

const nameOf = (type: number) => Object.entries(FrameType).find(([, value]) => value === (type & ~Reply.flag))?.[0];

describe("a task over a bad line", () => {
  it("completes whichever frame is lost, repeated, reordered or truncated", { timeout: 600_000 }, async () => {
    const frames = await framesOf(true);
    expect(new Set(frames.map(({ way }) => way)).size).toBe(2);
    const harms: Harm[] = ["drop", "repeat", "swap", "truncate"];
    const cases = frames.flatMap((frame) => harms.map((harm) => ({ ...frame, harm })));
    let hit = 0;
    await together(cases, lanes, async ({ way, type, at, harm }, lane) => {
      const plan: HarmPlan = { frame: { direction: way, type, at, harm } };
      if (await harmed(lane, plan, true, `${harm} ${way} ${nameOf(type)} ${at}`)) hit++;
    });
    console.log(
      `${frames.length} frames, each harmed in ${harms.length} ways: ${cases.length} tasks, ${hit} of them hit`,
    );
    expect(hit).toBeGreaterThan(cases.length * 0.95); // a repeat of another frame may have come first
  });

  it("completes whichever byte of a frame is flipped", { timeout: 7_200_000 }, async () => {
    const kinds = (await framesOf(false)).filter(({ at }) => at === 0);
    const bitsOf = ({ way, type, at, bytes }: Passed) =>
      Array.from({ length: everyBit ? bytes * 8 : bytes }, (_, i) => {
        const bit = everyBit ? i : i * 8 + ((i * 5) % 8);
        return { direction: way, type, at, bit };
      });
    const [down, up] = (["down", "up"] as const).map((way) => kinds.filter((k) => k.way === way).flatMap(bitsOf));
    // One flip each way in a task.
    const pairs = Array.from({ length: Math.max(down!.length, up!.length) }, (_, i) =>
      [down![i], up![i]].filter((flip) => flip !== undefined),
    );
    let hit = 0;
    await together(pairs, lanes, async (flips, lane) => {
      const what = flips.map(({ direction, type, bit }) => `${direction} ${nameOf(type)} bit ${bit}`).join(", ");
      if (await harmed(lane, { flips }, false, what)) hit++;
    });
    const bits = down!.length + up!.length;
    console.log(`${kinds.length} kinds of frames, ${bits} flipped bits in ${pairs.length} tasks, ${hit} of them hit`);
    expect(hit).toBeGreaterThan(pairs.length * 0.95);
  });
});

describe("a link that goes", () => {
  // Retried after 0.2, 0.4, 0.8, 1.6, 2, 2, ... seconds: six rounds in the longest outage here; minutes with FTTE_SWEEP=1.
  const outages = everyBit ? [1_200, 60_000, 150_000] : [1_200, 4_000, 8_000];

  async function unplugged(lane: number, outMs: number): Promise<void> {
    const plugs = new Plugs();
    const { board } = boards[lane]!;
    const offline: string[] = [];
    let pulled = false;
    const update = await task(lane, {
      open: plugs.open,
      on(event) {
        if (event.type === "offline") offline.push(event.reason);
        if (pulled || event.type !== "phase" || event.phase !== "training") return;
        pulled = true;
        void plugs.unplug(board).then(() => setTimeout(() => plugs.replug(board), outMs));
      },
    });
    expect(rowsOf(update)).toBe(clean);
    expect(offline).toEqual([
      expect.stringMatching(/closed$/),
      expect.stringMatching(/harmed-\d\.pty: there is no such device; is the board plugged in\?/), // once, not at each retry
    ]);
  }

  async function powerless(lane: number, outMs: number): Promise<void> {
    const { board } = boards[lane]!;
    let back: Promise<void> | undefined;
    const update = await task(lane, {
      on(event) {
        if (back || event.type !== "phase" || event.phase !== "training") return;
        back = board.kill().then(async () => {
          await new Promise((resolve) => setTimeout(resolve, outMs));
          await board.start();
        });
      },
    });
    expect(back).toBeDefined();
    expect(rowsOf(update)).toBe(clean);
  }

  it("for seconds or minutes, alone or with its terminal, costs nothing but time", { timeout: 600_000 }, async () => {
    const absent = outages.map((outMs, i) => unplugged(i, outMs));
    const vanished = outages.map((outMs, i) => powerless(outages.length + i, outMs));
    await Promise.all([...absent, ...vanished]);
    console.log(`unplugged, and without power, for ${outages.join(", ")} ms in the middle of a task: each completed`);
  });

  it("at any kind of frame costs nothing but time", { timeout: 300_000 }, async () => {
    const frames = await framesOf(true);
    const first = frames.filter(({ at }) => at === 0 || at === 7);
    await together(first, lanes, async ({ way, type, at }, lane) => {
      let gone = false;
      const open: OpenPipe = async (address, options) => {
        const pipe = await openSerial(address, options);
        if (gone) return pipe;
        return closingPipe(pipe, way, type, at, () => {
          gone = true;
        });
      };
      expect(rowsOf(await task(lane, { open }, { afresh: true })), `${way} ${nameOf(type)} ${at}`).toBe(clean);
      expect(gone, `${way} ${nameOf(type)} ${at}`).toBe(true);
    });
    console.log(`the link went at ${first.length} kinds of frames; every task completed`);
  });
});

/** Closes itself in the middle of the frame of `type` with number `at`, which the other side does not get. */
function closingPipe(pipe: Pipe, way: Way, type: number, at: number, tell: () => void): Pipe {
  const parser = new FrameParser();
  let seen = 0;
  const closes = (bytes: Uint8Array) => {
    for (const frame of parser.push(bytes)) if (frame.type === type && seen++ === at) return true;
    return false;
  };
  const close = () => {
    tell();
    void pipe.close();
  };
  return {
    address: pipe.address,
    closed: pipe.closed,
    close: () => pipe.close(),
    onData: (listener) => pipe.onData((bytes) => (way === "up" && closes(bytes) ? close() : listener(bytes))),
    async write(bytes) {
      if (way === "down" && closes(bytes)) return close();
      await pipe.write(bytes);
    },
  };
}

// "Learn my baseline, tell me what is unusual": autoencoders trained on a real board, dense and convolutional. The board's scores, mean,
// variance and threshold are held to Node's over the same samples; unusual samples are counted, usual ones are not; the baseline follows the
// weights, outlives resets by way of the log, and is shown by `ftte boards`.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { recordingFile } from "../../host/boards/recording.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard, type VirtualBoardOptions } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { builtGuest } from "../../host/build/root.ts";
import { seeded } from "../../host/data/random.ts";
import type { Order } from "../../host/fl/fleet.ts";
import { openSerial } from "../../host/link/serial.ts";
import { packFrozen } from "../../host/plan/frozen.ts";
import { initialise } from "../../host/plan/initialise.ts";
import { planModel } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { shapeModel } from "../../host/plan/shapes.ts";
import { applyRows, bytesOf, encodeSlice, gatherSlice } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";
import { Guest } from "../../host/sim/guest.ts";
import { BoardState, type Hello, type Stats, UpdateHeaderBytes } from "../../host/wire/spec.gen.ts";
import { conversing, kernels, oneTask } from "./live_board.ts";
import { ftteText } from "./project.ts";

type Random = () => number;
interface Subject {
  name: string;
  model: Model;
  scale: number; // of the normalisation
  /** `loudness` of the noise: 1 as it was when the model learned. */
  usual: (random: Random, loudness?: number) => number[];
  unusual: (random: Random) => number[];
  learningRate: number;
}

const wave = (n: number, at: (t: number) => number) => Array.from({ length: n }, (_, t) => at(t));
const noise = (random: Random) => random() + random() - 1;
const bump = (t: number, middle: number, width: number) => Math.exp(-(((t - middle) / width) ** 2));

const subjects: Subject[] = [
  {
    name: "dense",
    model: {
      name: "swing",
      kind: "autoencoder",
      input: { shape: [32], type: "f32" },
      layers: [
        { kind: "dense", units: 8, activation: "tanh" },
        { kind: "dense", units: 32 },
      ],
    },
    scale: 1,
    usual: (random, loudness = 1) => {
      const [a, b] = [noise(random), noise(random)];
      return wave(32, (t) => a * Math.sin(t / 3) + b * Math.cos(t / 3) + 0.05 * loudness * noise(random));
    },
    unusual: (random) => wave(32, (t) => Math.sin(1.5 * t + 6 * random()) + 0.05 * noise(random)),
    learningRate: 0.5,
  },
  {
    name: "convolutional",
    model: referenceModels["ecg-autoencoder"],
    scale: 1 / 4000,
    usual: (random, loudness = 1) => {
      const height = 7000 + 1500 * noise(random);
      return wave(64, (t) => height * bump(t, 32, 3) + 1200 * bump(t, 52, 6) + 150 * loudness * noise(random));
    },
    unusual: (random) => {
      const height = 5000 + 1000 * noise(random);
      return wave(64, (t) => -height * bump(t, 28 + 4 * random(), 10) + 150 * noise(random));
    },
    learningRate: 0.3,
  },
];

/** What a board should say after these scores: f64, and the rules of docs/wire.md. */
class Baseline {
  private scores: number[] = [];
  unusual = 0;

  get mean(): number {
    return this.scores.reduce((a, b) => a + b, 0) / Math.max(1, this.scores.length);
  }
  get variance(): number {
    return this.scores.reduce((sum, s) => sum + (s - this.mean) ** 2, 0) / Math.max(1, this.scores.length);
  }
  get threshold(): number {
    return this.scores.length < 16 ? 0 : this.mean + 3 * Math.sqrt(this.variance);
  }
  /** From the newest 64 samples of a log. */
  static of(log: readonly number[]): Baseline {
    const baseline = new Baseline();
    for (const score of log.slice(-64))
      if (baseline.threshold === 0 || score <= baseline.threshold) baseline.take(score);
    return baseline;
  }
  take(score: number): void {
    const { threshold } = this;
    const unusual = threshold > 0 && score > threshold;
    if (unusual) this.unusual++;
    this.scores.push(unusual ? threshold : score);
  }
}

function expectAlike(stats: Stats, baseline: Baseline): void {
  const told = [stats.anomalyMean, Math.sqrt(stats.anomalyVariance), stats.anomalyThreshold];
  const computed = [baseline.mean, Math.sqrt(baseline.variance), baseline.threshold];
  for (const [i, value] of computed.entries())
    expect(Math.abs(told[i]! / value - 1), `${told} ${computed}`).toBeLessThan(1e-3);
}

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-anomaly-"));
  program = (await buildFirmware({ port: "posix", engine: "wasm3" })).path;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(subjects)("a $name autoencoder on a board", ({ name, model, scale, usual, unusual, learningRate }) => {
  const plan = planModel(model, { selection: "all" });
  const channels = model.input.shape.at(-1)!;
  const normalisation = { scale: Array<number>(channels).fill(scale), offset: Array<number>(channels).fill(0) };
  const random = seeded(17);
  const parameters = initialise(shapeModel(model), random);
  const frozen = packFrozen(plan, parameters, normalisation);
  const config = loadBoardConfig("virtual-64k");
  const options: VirtualBoardOptions = {
    name,
    program,
    folder,
    configArguments: [...virtualBoardArguments(config), "--baud", "0"],
  };
  const pack = (sample: number[]) =>
    bytesOf(model.input.type === "i16" ? (Int16Array.from(sample) as never) : Float32Array.from(sample));
  let board: VirtualBoard;
  let slice = gatherSlice(plan, parameters);
  let version = 0;
  let log: Uint8Array[] = []; // what the board has recorded
  let baseline = new Baseline();

  beforeAll(async () => {
    board = new VirtualBoard({ ...options, program, folder });
    await board.start();
  });
  afterAll(() => board.kill());

  async function talk<T>(work: (session: BoardSession) => Promise<T>): Promise<T> {
    const pipe = await openSerial(board.address);
    return conversing(new BoardSession(pipe, { name, chipId: board.chipId }), work);
  }
  const stats = () => talk((session) => session.stats());

  /** The same kernels in Node. */
  function scoresOf(samples: readonly Uint8Array[]): number[] {
    const stride = (samples[0]!.length + 3) & ~3;
    const all = new Uint8Array(stride * samples.length);
    for (const [i, sample] of samples.entries()) all.set(sample, i * stride);
    const guest = new Guest(readFileSync(builtGuest("kernels.twin.wasm")), plan.binary, {
      frozen,
      slice,
      samples: all,
    });
    guest.start();
    return samples.map((_, i) => guest.score(i * stride));
  }

  async function record(make: (random: Random) => number[], count: number): Promise<number[]> {
    const samples = Array.from({ length: count }, () => pack(make(random)));
    await talk(async (session) => {
      for (const sample of samples) await session.sampleAppend(0, sample);
    });
    log = [...log, ...samples];
    const scores = scoresOf(samples);
    for (const score of scores) baseline.take(score);
    return scores;
  }

  /** One task, whose update becomes the next version. */
  async function train(steps: number): Promise<{ first: number; last: number }> {
    const full = encodeSlice(++version, slice);
    const order: Order = {
      run: 1,
      board: board.chipId,
      task: version,
      required: [
        { kind: "kernels", bytes: kernels(), crc: crc32(kernels()) },
        { kind: "plan", bytes: plan.binary, crc: plan.planCrc },
        { kind: "frozen", bytes: frozen, crc: crc32(frozen) },
      ],
      slice: { version, crc: crc32(bytesOf(slice)), full },
      ...{ steps, learningRate, seed: version, checkpointEvery: 0, encoding: "int8" as const },
    };
    const identity = { id: board.chipId, address: board.address, name };
    const update = await oneTask({ identity }, order, { verdict: "accepted", patienceMs: 5000 });
    slice = applyRows(plan, slice, update.subarray(UpdateHeaderBytes));
    const view = new DataView(update.buffer, update.byteOffset);
    return { first: view.getFloat32(24, true), last: view.getFloat32(28, true) };
  }

  /** Sends the newest weights, and waits for the baseline that the board makes of its log. */
  async function settled(): Promise<void> {
    await talk((session) => session.put("slice", encodeSlice(version + 1, slice)));
    await rebuilt();
  }
  async function rebuilt(): Promise<void> {
    baseline = Baseline.of(scoresOf(log));
    const near = async () => Math.abs((await stats()).anomalyMean / baseline.mean - 1) < 1e-3;
    await expect.poll(near, { timeout: 20_000 }).toBe(true);
    expectAlike(await stats(), baseline);
  }

  it("learns its baseline", { timeout: 120_000 }, async () => {
    await record(usual, 200);
    expect((await stats()).anomalyThreshold).toBe(0); // no model yet
    const losses: number[] = [];
    for (let round = 0; round < 4; round++) losses.push((await train(3000)).last);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    await settled();
    const told = await stats();
    expect(told).toMatchObject({ anomalies: 0, arenaPlanned: plan.memoryBytes, arenaPeak: plan.memoryBytes });
    console.log(
      `${name}: losses ${losses.map((l) => l.toPrecision(2))}; threshold ${told.anomalyThreshold.toPrecision(3)}`,
    );
  });

  it("counts what is unusual, and nothing else", async () => {
    const quiet = await record(usual, 40);
    expectAlike(await stats(), baseline);
    expect(await stats()).toMatchObject({ anomalies: baseline.unusual });
    expect(baseline.unusual).toBeLessThanOrEqual(1); // of 40, at three standard deviations
    const before = baseline.unusual;
    const loud = await record(unusual, 20);
    expect(baseline.unusual).toBe(before + 20);
    const told = await stats();
    expect(told).toMatchObject({ anomalies: before + 20 });
    expect(told.anomalyLast / loud.at(-1)!).toBeCloseTo(1, 3);
    expectAlike(told, baseline);
    await record(usual, 10);
    expect((await stats()).anomalies).toBe(baseline.unusual);
    const highest = Math.max(...quiet).toPrecision(3);
    console.log(
      `${name}: usual scores up to ${highest}, unusual from ${Math.min(...loud).toPrecision(3)}: 20 of 20 told`,
    );
  });

  it("is shown by ftte boards", () => {
    const json = ftteText(folder, ["boards", "--port", board.address, "--json"]);
    const [shown] = (JSON.parse(json.stdout) as { boards: { watch?: Record<string, number> }[] }).boards;
    expect(shown!.watch).toEqual({
      score: expect.closeTo(scoresOf(log.slice(-1))[0]!, 4),
      mean: expect.closeTo(baseline.mean, 4),
      threshold: expect.closeTo(baseline.threshold, 4),
      unusual: baseline.unusual,
    });
    const { stdout, status } = ftteText(folder, ["boards", "--port", board.address]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/state +last score +threshold +unusual\n/);
    expect(stdout).toMatch(new RegExp(`idle +\\S+ +${(baseline.threshold).toPrecision(3)} +${baseline.unusual}\n`));
  });

  it("makes the baseline anew from its log after a power cut", { timeout: 60_000 }, async () => {
    await board.restart();
    await rebuilt();
    expect((await stats()).anomalies).toBe(0); // counted since the start
    await record(unusual, 5);
    expect((await stats()).anomalies).toBe(5);
    expect((await stats()).arenaPeak).toBeLessThanOrEqual(plan.memoryBytes);
  });

  it("makes a new baseline for new weights", { timeout: 60_000 }, async () => {
    const before = (await stats()).anomalyThreshold;
    await train(2000);
    await settled();
    expect((await stats()).anomalyThreshold).not.toBe(before);
    expect((await stats()).anomalies).toBe(5);
  });

  it("takes what goes on and on for the new usual", async () => {
    const louder = (r: Random) => usual(r, 3);
    await record(louder, 10);
    expect(baseline.unusual).toBeGreaterThanOrEqual(6);
    await record(louder, 90);
    const all = baseline.unusual;
    expect((await stats()).anomalies).toBe(5 + all);
    await record(louder, 20);
    expect(baseline.unusual).toBeLessThanOrEqual(all + 2);
    expect((await stats()).anomalies).toBe(5 + baseline.unusual);
    expectAlike(await stats(), baseline);
    console.log(`${name}: ${all} of 100 louder samples were unusual, of the next 20 ${baseline.unusual - all}`);
  });

  it("forgets its wearer with its samples", async () => {
    await talk((session) => session.sampleClear());
    log = [];
    baseline = new Baseline();
    expect(await stats()).toMatchObject({ anomalyMean: 0, anomalyVariance: 0, anomalyThreshold: 0 });
    await record(usual, 15);
    expect((await stats()).anomalyThreshold).toBe(0);
    await record(usual, 1);
    expectAlike(await stats(), baseline);
  });

  it("goes on watching when its log is full", { timeout: 60_000 }, async () => {
    const capacity = await fill();
    const file = join(folder, `${name}.samples`);
    const samples = [
      ...Array.from({ length: 10 }, () => usual(random)),
      ...Array.from({ length: 5 }, () => unusual(random)),
    ];
    const records = samples.map((sample) => recordOf(pack(sample)));
    writeFileSync(
      file,
      recordingFile(Buffer.concat(records), { type: model.input.type, elements: samples[0]!.length }),
    );
    await board.kill();
    board = new VirtualBoard({ ...options, program, folder, samples: file });
    const scores = scoresOf(samples.map(pack));
    await board.start();
    await expect.poll(async () => (await stats()).anomalyLast / scores.at(-1)!, { timeout: 20_000 }).toBeCloseTo(1, 3);
    const hello: Hello = await talk((session) => session.hello());
    expect(hello).toMatchObject({ samples: capacity, state: BoardState.idle });
  });

  /** Fills the log; returns how many samples it holds. */
  async function fill(): Promise<number> {
    const sample = pack(usual(random));
    return talk(async (session) => {
      for (;;)
        try {
          await session.sampleAppend(0, sample);
        } catch (error) {
          expect(error).toMatchObject({ code: "samples-full" });
          return (await session.hello()).samples;
        }
    });
  }
});

/** As boards record a sample: label, two zero bytes, elements, padding to 4. */
const recordOf = (sample: Uint8Array) => Buffer.concat([new Uint8Array(4), sample], 4 + ((sample.length + 3) & ~3));

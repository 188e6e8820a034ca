// HAPT (Reyes-Ortiz et al., 2015): accelerometer and gyroscope of a phone on the waist, 50 Hz, 30 people, six basic activities (the six
// transitions are left out). Files as UCI ships them: RawData/acc_expEE_userUU.txt, gyro_…, labels.txt. Research use only.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { subset } from "./dataset.ts";
import type { Dataset } from "./types.ts";
import { toI16, windowStarts } from "./windows.ts";

/** 2.56 s, half overlapping. */
export const haptWindows = { window: 128, hop: 64 };
const { window } = haptWindows;
const classes = ["walking", "upstairs", "downstairs", "sitting", "standing", "lying"];
/** The official split is by person. */
const testUsers = new Set([2, 4, 9, 10, 12, 13, 18, 20, 24]);
/** Counts per g and per rad/s: an IMU's 16 bits over ±4 g and ±1000 °/s or more. */
const countsPerG = 8192;
const countsPerRadian = 1800;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FtteError("file-unreadable", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Rows of `columns` numbers each. @throws FtteError "data-invalid" with file and line */
function numbers(path: string, columns: number): number[][] {
  const lines = read(path).trimEnd().split("\n");
  return lines.map((line, i) => {
    const row = line.trim().split(/\s+/).map(Number);
    if (row.length !== columns || !row.every(Number.isFinite))
      throw new FtteError("data-invalid", `${path}, line ${i + 1}: has to be ${columns} numbers`);
    return row;
  });
}

/** A stretch of one activity, by samples from 1 on, both ends inclusive. */
interface Stretch {
  experiment: number;
  user: number;
  activity: number;
  first: number;
  last: number;
}

/** @throws FtteError "data-invalid" with file and line */
function stretches(path: string): Stretch[] {
  return numbers(path, 5).map(([experiment = 0, user = 0, activity = 0, first = 0, last = 0], i) => {
    const whole = [experiment, user, activity, first, last].every((n) => Number.isInteger(n) && n >= 1);
    if (!whole || activity > 12 || last < first)
      throw new FtteError(
        "data-invalid",
        `${path}, line ${i + 1}: has to be experiment, user, activity (1 to 12), first and last sample`,
      );
    return { experiment, user, activity, first, last };
  });
}

/** One experiment as interleaved [ax, ay, az, gx, gy, gz] in the sensor's counts. */
function recording(folder: string, experiment: number, user: number): Int16Array {
  const two = (n: number) => String(n).padStart(2, "0");
  const tail = `_exp${two(experiment)}_user${two(user)}.txt`;
  const acceleration = numbers(join(folder, `acc${tail}`), 3);
  const rotation = numbers(join(folder, `gyro${tail}`), 3);
  const out = new Int16Array(Math.min(acceleration.length, rotation.length) * 6);
  for (let t = 0; t < out.length / 6; t++)
    for (let axis = 0; axis < 3; axis++) {
      out[t * 6 + axis] = toI16(acceleration[t]![axis]! * countsPerG);
      out[t * 6 + 3 + axis] = toI16(rotation[t]![axis]! * countsPerRadian);
    }
  return out;
}

/** Rows of a sensor, each with its label. */
export interface LabelledRows {
  /** Interleaved, `channels` of each row. */
  values: Int16Array;
  channels: number;
  /** Of each row; 0xffff where nobody labelled it. */
  labels: Uint16Array;
  /** Rows that begin a stretch. */
  begins: Set<number>;
}

const unlabelled = 0xffff;

/**
 * Every row of every experiment, as a board's sensor would have measured it: what a virtual board plays (host/boards/recording.ts).
 * @throws FtteError "file-unreadable" or "data-invalid"
 */
export function haptRows(path: string): LabelledRows {
  const folder = join(path, "RawData");
  const all = stretches(join(folder, "labels.txt"));
  const experiments = [...new Map(all.map((s) => [s.experiment, s.user]))];
  const recordings = experiments.map(([experiment, user]) => ({
    experiment,
    values: recording(folder, experiment, user),
  }));
  const rows = recordings.reduce((sum, { values }) => sum + values.length / 6, 0);
  const whole: LabelledRows = {
    values: new Int16Array(rows * 6),
    channels: 6,
    labels: new Uint16Array(rows).fill(unlabelled),
    begins: new Set(),
  };
  let base = 0;
  for (const { experiment, values } of recordings) {
    whole.values.set(values, base * 6);
    whole.begins.add(base);
    for (const { activity, first, last } of all.filter(
      (s) => s.experiment === experiment && s.activity <= classes.length,
    )) {
      whole.labels.fill(activity - 1, base + first - 1, base + Math.min(last, values.length / 6));
      whole.begins.add(base + first - 1);
    }
    base += values.length / 6;
  }
  return whole;
}

/**
 * Windows of [128, 6] i16, half overlapping, never across a label's border.
 * @param path the folder that holds RawData/
 * @throws FtteError "file-unreadable" or "data-invalid"
 */
export function hapt(path: string): { train: Dataset; test: Dataset } {
  const folder = join(path, "RawData");
  if (!existsSync(folder))
    throw new FtteError("file-unreadable", `${path} holds no RawData folder; unpack it there: tar -xJf RawData.tar.xz`);
  const recordings = new Map<number, Int16Array>();
  const windows: Int16Array[] = [];
  const labels: number[] = [];
  const users: number[] = [];
  for (const { experiment, user, activity, first, last } of stretches(join(folder, "labels.txt"))) {
    if (activity > classes.length) continue;
    const samples = recordings.get(experiment) ?? recording(folder, experiment, user);
    recordings.set(experiment, samples);
    for (const at of windowStarts(first - 1, Math.min(last, samples.length / 6), haptWindows)) {
      windows.push(samples.subarray(at * 6, (at + window) * 6));
      labels.push(activity - 1);
      users.push(user);
    }
  }
  const elements = new Int16Array(windows.length * window * 6);
  windows.forEach((w, i) => {
    elements.set(w, i * window * 6);
  });
  const whole: Dataset = {
    name: "hapt",
    shape: [window, 6],
    type: "i16",
    count: windows.length,
    elements,
    labels: Uint16Array.from(labels),
    users: Uint16Array.from(users),
    classes,
  };
  const indices = users.map((_, i) => i);
  return {
    train: subset(
      whole,
      indices.filter((i) => !testUsers.has(users[i]!)),
    ),
    test: subset(
      whole,
      indices.filter((i) => testUsers.has(users[i]!)),
    ),
  };
}

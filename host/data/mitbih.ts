// MIT-BIH arrhythmia database (Moody and Mark, 2001) as PhysioNet ships it: .hea, .dat (format 212) and .atr (MIT annotations). Beats of
// lead MLII around their annotation, in the four AAMI classes N, S, V, F or in two, ventricular or not; patients split as by de Chazal et al.
// (2004), whose DS1 has record 201 and DS2 record 202, which are of one man: the only person on both sides.
// Formats: WFDB "header(5)", "signal(5)" and "annot(5)".

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { thinned } from "./dataset.ts";
import type { Dataset } from "./types.ts";

/** How a beat is cut out. */
export interface BeatWindow {
  samples: number;
  /** Of them, before the annotation. */
  before: number;
  /** 360 Hz is divided by this, by the mean of so many. */
  decimation: number;
}

/** 0.53 s around the beat at 120 Hz: its shape, without the beat before it. */
const shapeOnly: BeatWindow = { samples: 64, before: 21, decimation: 3 };

/** What beats are told apart as: the classes, and which of them N, S, V and F are; -1 for those that are left out. */
const classings = {
  aami: { classes: ["N", "S", "V", "F"], labels: [0, 1, 2, 3] },
  /** A fusion beat is both at once. */
  ventricular: { classes: ["other", "V"], labels: [0, 0, 1, -1] },
};

export interface MitbihOptions {
  /** How a beat is cut out; without it, its shape alone. */
  beat?: BeatWindow | undefined;
  /** "aami", the default: N, S, V and F. "ventricular": V and others, without F. */
  classes?: keyof typeof classings | undefined;
  /** So many of the test beats at most, with the shares of classes and patients kept. */
  test?: number | undefined;
}

/** Annotation codes to AAMI classes: N L R e j → N; A a J S → S; V E → V; F → F. Paced and unknown beats are left out. */
const classOf = new Map([
  ...[1, 2, 3, 34, 11].map((code) => [code, 0] as const),
  ...[8, 4, 7, 9].map((code) => [code, 1] as const),
  ...[5, 10].map((code) => [code, 2] as const),
  [6, 3] as const,
]);

const ds1 = [
  101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230,
];
const ds2 = [
  100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210, 212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234,
];

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FtteError(
      "file-unreadable",
      `${path} cannot be read; the folder must hold every record's .hea, .dat and .atr (unpack: tar -xJf dat.tar.xz)`,
      { cause },
    );
  }
}

/** One of two signals of format 212: three bytes hold two samples of 12 bits. */
function signalOf(bytes: Uint8Array, which: number): Int16Array {
  const out = new Int16Array(Math.floor(bytes.length / 3));
  for (let i = 0; i < out.length; i++) {
    const high = which ? bytes[i * 3 + 1]! >> 4 : bytes[i * 3 + 1]! & 0x0f;
    const value = bytes[i * 3 + (which ? 2 : 0)]! | (high << 8);
    out[i] = value > 2047 ? value - 4096 : value;
  }
  return out;
}

/** Beats of an annotation file: sample number and code. @throws FtteError "data-invalid" when the file ends before its end mark */
function annotations(bytes: Uint8Array, path: string): { at: number; code: number }[] {
  const skip = 59;
  const number = 60;
  const auxiliary = 63;
  const beats: { at: number; code: number }[] = [];
  let time = 0;
  for (let i = 0; i + 1 < bytes.length; ) {
    const word = bytes[i]! | (bytes[i + 1]! << 8);
    const code = word >> 10;
    const value = word & 0x3ff;
    i += 2;
    if (word === 0) return beats;
    if (code === skip) {
      time += ((bytes[i]! | (bytes[i + 1]! << 8)) << 16) + (bytes[i + 2]! | (bytes[i + 3]! << 8));
      i += 4;
    } else if (code === auxiliary) i += value + (value & 1);
    else if (code < number) {
      time += value;
      beats.push({ at: time, code });
    }
  }
  throw new FtteError("data-invalid", `${path}: ends in the middle; fetch it again`);
}

/** Which of the two signals is lead MLII, by the header (record 114 has it second), and how many samples each has. */
function headerOf(text: string, path: string): { lead: number; samples: number } {
  const [first = "", ...lines] = text.split("\n");
  const [, signals, rate, samples] = first.trim().split(" ");
  const leads = lines.slice(0, 2);
  const which = leads.findIndex((line) => /\bMLII\s*$/.test(line));
  if (signals !== "2" || rate !== "360" || !leads.every((line) => line.split(" ")[1] === "212") || which < 0)
    throw new FtteError("data-invalid", `${path}: has to be two signals of format 212 at 360 Hz, one of them MLII`);
  return { lead: which, samples: Number(samples) };
}

function beatsOf(
  folder: string,
  record: number,
  { samples, before, decimation }: BeatWindow,
  labelsOf: readonly number[],
): { windows: Int16Array[]; labels: number[] } {
  const header = join(folder, `${record}.hea`);
  const { lead, samples: recorded } = headerOf(new TextDecoder().decode(read(header)), header);
  const signal = signalOf(read(join(folder, `${record}.dat`)), lead);
  if (signal.length !== recorded)
    throw new FtteError(
      "data-invalid",
      `${join(folder, `${record}.dat`)}: holds ${signal.length} samples instead of ${recorded}; fetch it again`,
    );
  const marks = join(folder, `${record}.atr`);
  const windows: Int16Array[] = [];
  const labels: number[] = [];
  for (const { at, code } of annotations(read(marks), marks)) {
    const label = labelsOf[classOf.get(code) ?? -1] ?? -1;
    const start = at - before * decimation;
    if (label < 0 || start < 0 || start + samples * decimation > signal.length) continue;
    const beat = new Int16Array(samples);
    for (let i = 0; i < samples; i++) {
      let sum = 0;
      for (let j = 0; j < decimation; j++) sum += signal[start + i * decimation + j]!;
      beat[i] = Math.round(sum / decimation);
    }
    windows.push(beat);
    labels.push(label);
  }
  return { windows, labels };
}

function part(
  folder: string,
  name: string,
  records: readonly number[],
  { beat: window = shapeOnly, classes: kind = "aami" }: MitbihOptions,
): Dataset {
  const { classes, labels: labelsOf } = classings[kind];
  const all = records.map((record) => ({ record, ...beatsOf(folder, record, window, labelsOf) }));
  const count = all.reduce((sum, { windows }) => sum + windows.length, 0);
  const elements = new Int16Array(count * window.samples);
  const labels = new Uint16Array(count);
  const users = new Uint16Array(count);
  let i = 0;
  for (const { record, windows, labels: own } of all)
    windows.forEach((beat, k) => {
      elements.set(beat, i * window.samples);
      labels[i] = own[k]!;
      users[i++] = record;
    });
  return { name, shape: [window.samples, 1], type: "i16", count, elements, labels, users, classes };
}

/**
 * Beats of [samples, 1] i16 in ADC units; users are record numbers. Train is DS1, test is DS2.
 * @throws FtteError "file-unreadable" or "data-invalid"
 */
export function mitbih(folder: string, options: MitbihOptions = {}): { train: Dataset; test: Dataset } {
  const train = part(folder, "mitbih-ds1", ds1, options);
  const test = part(folder, "mitbih-ds2", ds2, options);
  return { train, test: thinned(test, options.test ?? test.count) };
}

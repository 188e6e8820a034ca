// What a virtual board's sensor delivers, and the wait until the board has recorded it, so that a run starts from the same samples every time.

import type { OpenPipe } from "../link/pipe.ts";
import { SampleType } from "../wire/spec.gen.ts";
import type { FleetBoard } from "./local_fleet.ts";
import { BoardSession } from "./session.ts";

/** What a recording is, beside its rows. */
export interface RecordingOptions {
  type: keyof typeof SampleType;
  /** Of a row. */
  elements: number;
  /** Rows of a window, and from the beginning of one to the next one's: 1 and 1 when each row is a sample of its own. */
  window?: number;
  hop?: number;
  /** Rows a second; as fast as the board asks when left out. */
  rateHz?: number;
}

/** Of a row that brings no label with it. */
export const noLabel = 0xffff;

const headerBytes = 32;
const labelBytes = 4; // of a row: the label, and whether it begins a stretch

/**
 * The file that a virtual board's sensor plays (firmware/sensors/replay.h).
 * @param rows each: label u16 (or noLabel), u16 1 if it does not follow the row before it else 0, the elements, padded to 4
 */
export function recordingFile(rows: Uint8Array, options: RecordingOptions): Buffer {
  const { type, elements, window = 1, hop = 1, rateHz = 0 } = options;
  const rowBytes = labelBytes + ((elements * elementBytes[type] + 3) & ~3);
  const header = Buffer.alloc(headerBytes);
  const words = [0x324d5346 /* "FSM2" */, elements, rows.length / rowBytes, Math.round(rateHz * 1000)];
  words.forEach((word, i) => {
    header.writeUInt32LE(word, i * 4);
  });
  header.writeUInt16LE(window, 16);
  header.writeUInt16LE(hop, 18);
  header.writeUInt8(SampleType[type], 20);
  header.writeUInt32LE(rowBytes, 24);
  return Buffer.concat([header, rows]);
}

/** Rows as recordingFile takes them, of a sensor of 16 bits. */
export function recordingRows(rows: {
  values: Int16Array;
  channels: number;
  labels: Uint16Array;
  begins: ReadonlySet<number>;
}): Uint8Array {
  const { values, channels, labels, begins } = rows;
  const rowBytes = labelBytes + ((channels * 2 + 3) & ~3);
  const out = Buffer.alloc(labels.length * rowBytes);
  labels.forEach((label, row) => {
    out.writeUInt16LE(label, row * rowBytes);
    out.writeUInt16LE(begins.has(row) ? 1 : 0, row * rowBytes + 2);
    for (let i = 0; i < channels; i++)
      out.writeInt16LE(values[row * channels + i]!, row * rowBytes + labelBytes + 2 * i);
  });
  return out;
}

const elementBytes = { u8: 1, i16: 2, f32: 4 } as const;

/** The rows of a recording each of whose rows is a sample. */
function* samplesOf(file: Buffer): Generator<{ label: number; elements: Uint8Array }> {
  const rowBytes = file.readUInt32LE(24);
  for (let at = headerBytes; at < file.length; at += rowBytes)
    yield { label: file.readUInt16LE(at), elements: file.subarray(at + labelBytes, at + rowBytes) };
}

const pollMs = 50;
const patienceMs = 5000;

/**
 * Returns the number of samples in the board's log: `expected`, or fewer when none came for five seconds (the log is full, the sensor ended).
 * @throws FtteError when the board does not answer
 */
export async function recorded(board: FleetBoard, expected: number, open: OpenPipe): Promise<number> {
  const session = await sessionOf(board, open);
  try {
    let samples = -1;
    for (let sinceMs = performance.now(); ; await new Promise((done) => setTimeout(done, pollMs))) {
      const hello = await session.hello();
      if (hello.samples >= expected || performance.now() - sinceMs > patienceMs) return hello.samples;
      if (hello.samples !== samples) sinceMs = performance.now();
      samples = hello.samples;
    }
  } finally {
    await session.close();
  }
}

/**
 * Appends to the log of a board without a sensor what it does not hold yet of a recording, over the link.
 * @throws FtteError when the board does not answer or refuses a sample
 */
export async function append(board: FleetBoard, file: Buffer, open: OpenPipe): Promise<void> {
  const session = await sessionOf(board, open);
  try {
    const { samples: held } = await session.hello();
    for (const { label, elements } of [...samplesOf(file)].slice(held)) await session.sampleAppend(label, elements);
  } finally {
    await session.close();
  }
}

async function sessionOf({ address, baudRate, id, name }: FleetBoard, open: OpenPipe): Promise<BoardSession> {
  const pipe = await open(address, baudRate === undefined ? {} : { baudRate });
  return new BoardSession(pipe, { name, chipId: id });
}

// What a virtual board's sensor delivers, and the wait until the board has recorded it, so that a run starts from the same samples every time.

import type { OpenPipe } from "../link/pipe.ts";
import type { FleetBoard } from "./local_fleet.ts";
import { BoardSession } from "./session.ts";

/** The file of a sensor's samples as the firmware reads it (firmware/ports/posix/sensor.c): records of `recordBytes` each, a multiple of 4, or none. */
export function sensorFile(records: Uint8Array, recordBytes: number): Buffer {
  const magic = 0x314d5346; // "FSM1"
  const header = Uint32Array.of(magic, recordBytes, records.length / recordBytes, 0);
  return Buffer.concat([new Uint8Array(header.buffer), records]);
}

const headerBytes = 16;
const labelBytes = 4; // of a record: the label, two zero bytes

/** The records of a sensor's file. */
function* recordsOf(file: Buffer): Generator<{ label: number; elements: Uint8Array }> {
  const recordBytes = file.readUInt32LE(4);
  for (let at = headerBytes; at < file.length; at += recordBytes)
    yield { label: file.readUInt16LE(at), elements: file.subarray(at + labelBytes, at + recordBytes) };
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
 * Appends to the log of a board without a sensor what it does not hold yet of a sensor's file, over the link.
 * @throws FtteError when the board does not answer or refuses a sample
 */
export async function append(board: FleetBoard, file: Buffer, open: OpenPipe): Promise<void> {
  const session = await sessionOf(board, open);
  try {
    const { samples: held } = await session.hello();
    for (const { label, elements } of [...recordsOf(file)].slice(held)) await session.sampleAppend(label, elements);
  } finally {
    await session.close();
  }
}

async function sessionOf({ address, baudRate, id, name }: FleetBoard, open: OpenPipe): Promise<BoardSession> {
  const pipe = await open(address, baudRate === undefined ? {} : { baudRate });
  return new BoardSession(pipe, { name, chipId: id });
}

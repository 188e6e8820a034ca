// Every update is checked before any arithmetic touches it: whose it is, what it is based on, how long it is, that its bit maps name as many
// elements as it has, and that its numbers are finite and not absurd. Never trusts a byte.

import { FtteError } from "../errors.ts";
import { eachRow, largest } from "../plan/slice.ts";
import type { Plan } from "../plan/types.ts";
import {
  bitMapFault,
  elementsOf,
  encodingWord,
  foldedRows,
  type Quantised,
  type UpdateEncoding,
  updateRowsBytes,
} from "../plan/update_rows.ts";
import { decodeUpdateHeader, type UpdateHeader, UpdateHeaderBytes } from "../wire/spec.gen.ts";

export interface Expected {
  board: string; // for messages
  run: number;
  task: number;
  baseVersion: number;
  steps: number;
  encoding: UpdateEncoding;
  plan: Plan;
  /** An update whose L2 norm is larger is refused. */
  normLimit: number;
}

export interface ValidUpdate {
  header: UpdateHeader;
  rows: Uint8Array; // as they are summed (foldedRows)
  norm: number;
}

function fail(board: string, text: string): never {
  throw new FtteError("update-invalid", `${board}: its update ${text}; it was not used and the board gets a new task`);
}

/**
 * The L2 norm of the values of int8 rows, which those of int4 and top-k are made into.
 * @throws FtteError "update-invalid" on scales that are not finite or negative, or so large that an honest row, whose largest element is
 * ±127 or with int4 ±7, would exceed the limit alone: with elements of 0 such a scale has no norm, but times a weight it could be infinite
 */
function int8Norm(rows: Uint8Array, encoding: Quantised, { plan, board, normLimit }: Expected): number {
  const levels = largest[elementsOf(encoding)];
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const int8 = new Int8Array(rows.buffer, rows.byteOffset, rows.byteLength);
  let sum = 0;
  eachRow(plan, (_first, elements, byte) => {
    const scale = view.getFloat32(byte, true);
    if (!(scale >= 0 && scale < Number.POSITIVE_INFINITY && scale * levels <= normLimit))
      fail(board, `has a scale of ${scale.toPrecision(3)}`);
    let squares = 0;
    for (let i = 0; i < elements; i++) squares += int8[byte + 4 + i]! ** 2;
    sum += scale * scale * squares;
  });
  return Math.sqrt(sum);
}

/** The L2 norm of f32 rows' values. @throws FtteError "update-invalid" on elements that are not finite */
function f32Norm(rows: Uint8Array, { plan, board }: Expected): number {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  let sum = 0;
  for (let i = 0; i < plan.sliceCount; i++) {
    const value = view.getFloat32(4 * i, true);
    if (!Number.isFinite(value)) fail(board, `has an element of ${value}`);
    sum += value * value; // of f32 values: within f64's range
  }
  return Math.sqrt(sum);
}

/** @throws FtteError "update-invalid" on a bit map that names more or fewer elements than the row has */
function checkBitMaps(body: Uint8Array, { plan, board, encoding }: Expected): void {
  const fault = typeof encoding === "string" ? undefined : bitMapFault(plan, encoding.topK, body);
  if (fault) fail(board, fault);
}

/** Whether the bytes begin as an update of this run does. */
export function isOfRun(bytes: Uint8Array, run: number): boolean {
  return bytes.length >= UpdateHeaderBytes && decodeUpdateHeader(bytes).run === run;
}

/** @throws FtteError "update-invalid" that names the board and what is wrong */
export function validateUpdate(bytes: Uint8Array, expected: Expected): ValidUpdate {
  const { board, plan, encoding } = expected;
  const length = UpdateHeaderBytes + updateRowsBytes(plan, encoding);
  if (bytes.length !== length) fail(board, `has ${bytes.length} bytes instead of ${length}`);
  const header = decodeUpdateHeader(bytes);
  const rows = plan.segments.reduce((sum, s) => sum + s.rows, 0);
  const fields: [name: string, is: number, should: number][] = [
    ["run", header.run, expected.run],
    ["task", header.task, expected.task],
    ["base version", header.baseVersion, expected.baseVersion],
    ["plan", header.planCrc, plan.planCrc],
    ["number of rows", header.rows, rows],
    ["number of elements", header.count, plan.sliceCount],
    ["number of steps", header.steps, expected.steps],
    ["encoding", header.encoding, encodingWord(encoding)],
  ];
  for (const [name, is, should] of fields) if (is !== should) fail(board, `names ${name} ${is} instead of ${should}`);
  if (header.samples === 0) fail(board, "was trained on no samples");
  if (!Number.isFinite(header.lossFirst) || !Number.isFinite(header.lossLast))
    fail(board, "reports a loss that is not finite");
  checkBitMaps(bytes.subarray(UpdateHeaderBytes), expected);
  const summed = foldedRows(plan, bytes);
  const norm = encoding === "f32" ? f32Norm(summed, expected) : int8Norm(summed, encoding, expected);
  if (!(norm <= expected.normLimit)) fail(board, `has a norm of ${norm.toPrecision(3)}, above ${expected.normLimit}`);
  return { header, rows: summed, norm };
}

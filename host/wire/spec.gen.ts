// Generated from firmware/spec by scripts/generate_spec.ts; do not edit.

export const boardErrors = {
  "link-gone": { code: -1, text: "the link is closed" },
  "frame": { code: -2, text: "a frame is malformed" },
  "frame-crc": { code: -3, text: "a frame fails its checksum" },
  "frame-long": { code: -4, text: "a frame is longer than the protocol allows" },
  "command-unknown": { code: -5, text: "the firmware does not know this command" },
  "argument": { code: -6, text: "an argument is out of range" },
  "state": { code: -7, text: "the command does not fit the board's present state" },
  "blob-kind": { code: -8, text: "there is no such kind of blob, or it may not be read" },
  "blob-long": { code: -9, text: "the blob does not fit its flash partition" },
  "blob-hash": { code: -10, text: "the blob does not match its SHA-256" },
  "blob-absent": { code: -11, text: "the board does not hold the blob" },
  "flash": { code: -12, text: "flash erase, program or read-back failed" },
  "flash-range": { code: -13, text: "a flash address is outside the partition or misaligned" },
  "flash-bits": { code: -14, text: "a program operation would set a cleared bit; erase first" },
  "memory": { code: -15, text: "the board's memory is exhausted" },
  "guest-load": { code: -16, text: "the kernels cannot be loaded" },
  "guest-abi": { code: -17, text: "the kernels speak another guest ABI" },
  "guest-trap": { code: -18, text: "the kernels trapped" },
  "guest-bounds": { code: -19, text: "the kernels passed an operand outside their memory" },
  "guest-time": { code: -20, text: "the kernels did not finish within their deadline" },
  "guest-selftest": { code: -21, text: "the kernels failed their self-test; the previous ones stay in use" },
  "plan": { code: -22, text: "the plan is malformed" },
  "plan-abi": { code: -23, text: "the plan is for another ABI" },
  "plan-memory": { code: -24, text: "the plan needs more memory than the board has" },
  "plan-op": { code: -25, text: "the plan holds an unknown operation" },
  "plan-range": { code: -26, text: "the plan refers to bytes outside its arena or the frozen image" },
  "frozen-mismatch": { code: -27, text: "the frozen weights are not those the task names" },
  "slice-version": { code: -28, text: "the board does not hold the model version the task is based on" },
  "slice-mismatch": { code: -29, text: "the slice does not fit the plan" },
  "samples-none": { code: -30, text: "the board holds no samples to train on" },
  "samples-full": { code: -31, text: "the board's sample log is full" },
  "sample-size": { code: -32, text: "a sample does not have the size the plan expects" },
  "busy": { code: -33, text: "the board is training" },
  "task-unknown": { code: -34, text: "the board does not know this task" },
  "loss-not-finite": { code: -35, text: "training diverged: the loss is not finite" },
  "power": { code: -36, text: "power was lost" },
  "firmware-image": { code: -37, text: "the image is not firmware for this board" },
  "trial-over": { code: -38, text: "the board does not try these kernels or this firmware, or does not any more" },
  "trial-running": { code: -39, text: "the board tries new firmware that no host has confirmed yet" },
  "sensor-absent": { code: -40, text: "the sensor does not answer at its address" },
  "sensor-wrong": { code: -41, text: "another chip answers at the sensor's address" },
  "sensor-bus": { code: -42, text: "the sensor's bus is stuck, or a transfer broke off" },
  "sensor-reset": { code: -43, text: "the sensor lost its settings, or does not come out of its reset" },
  "samples-private": { code: -44, text: "the firmware was built without the export of samples" },
} as const;
export type BoardErrorName = keyof typeof boardErrors;

export const wireVersion = 2;
export const frameHeaderBytes = 6;
export const frameCrcBytes = 4;
export const frameBodyMax = 240;
export const frameEncodedMax = 252;
export const zeroVersion = 4294967295;
export const firmwareMagic = 1464226886;
export const FrameType = { hello: 1, putBegin: 2, putData: 3, putEnd: 4, getBegin: 5, getAck: 6, train: 7, progress: 8, updateAck: 9, abort: 10, stats: 11, sampleAppend: 12, sampleClear: 13, reset: 14, getData: 15, selfTest: 16, log: 17, panic: 18, capture: 19, sensorInfo: 20, confirm: 21, trial: 22 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];
export const Reply = { flag: 128, error: 255 } as const;
export type Reply = (typeof Reply)[keyof typeof Reply];
export const BlobKind = { kernels: 1, plan: 2, frozen: 3, slice: 4, delta: 5, update: 6, checkpoint: 7, residual: 8, health: 9, firmware: 10, export: 11 } as const;
export type BlobKind = (typeof BlobKind)[keyof typeof BlobKind];
export const BoardState = { idle: 0, receiving: 1, training: 2, reporting: 3 } as const;
export type BoardState = (typeof BoardState)[keyof typeof BoardState];
export const Feature = { wasm3: 1, aot: 2, sensor: 4, battery: 8, sampleAppend: 16, sensorDriver: 32, firmwareUpdate: 64, log: 128, captureExport: 256 } as const;
export type Feature = (typeof Feature)[keyof typeof Feature];
export const ResetReason = { unknown: 0, powerOn: 1, pin: 2, watchdog: 3, software: 4, brownout: 5, fault: 6 } as const;
export type ResetReason = (typeof ResetReason)[keyof typeof ResetReason];
export const ResetKind = { board: 0, bootloader: 1, factory: 2 } as const;
export type ResetKind = (typeof ResetKind)[keyof typeof ResetKind];
export const LogLevel = { off: 0, error: 1, warning: 2, info: 3, debug: 4 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];
export const Architecture = { none: 0, cortexM: 1, riscv: 2, xtensa: 3, posix: 4 } as const;
export type Architecture = (typeof Architecture)[keyof typeof Architecture];
export const SensorState = { none: 0, off: 1, starting: 2, running: 3 } as const;
export type SensorState = (typeof SensorState)[keyof typeof SensorState];
export const TaskFlag = { f32Update: 1, int4Update: 2 } as const;
export type TaskFlag = (typeof TaskFlag)[keyof typeof TaskFlag];
export const Verdict = { accepted: 0, rejected: 1 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
export const ReturnReason = { none: 0, selfTest: 1, time: 2, reset: 3, watchdog: 4, fault: 5, replaced: 6 } as const;
export type ReturnReason = (typeof ReturnReason)[keyof typeof ReturnReason];

export interface Hello {
  wireVersion: number;
  guestAbi: number;
  firmwareVersion: number;
  chipId: Uint8Array;
  boardClass: Uint8Array;
  features: number;
  ramBytes: number;
  flashFreeBytes: number;
  windowBytes: number;
  state: number;
  battery: number;
  resetReason: number;
  reserved: number;
  resets: number;
  kernelsCrc: number;
  planCrc: number;
  frozenCrc: number;
  sliceVersion: number;
  sliceCrc: number;
  samples: number;
  task: number;
  updateTask: number;
  run: number;
  residualTask: number;
  errors: number;
  firmwareBuild: number;
}
export const HelloBytes = 108;
/** Reads a Hello; throws RangeError when fewer than 108 bytes are left. */
export function decodeHello(bytes: Uint8Array, at = 0): Hello {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    wireVersion: view.getUint16(at + 0, true),
    guestAbi: view.getUint16(at + 2, true),
    firmwareVersion: view.getUint32(at + 4, true),
    chipId: slice(bytes, at + 8, 16),
    boardClass: slice(bytes, at + 24, 16),
    features: view.getUint32(at + 40, true),
    ramBytes: view.getUint32(at + 44, true),
    flashFreeBytes: view.getUint32(at + 48, true),
    windowBytes: view.getUint16(at + 52, true),
    state: view.getUint8(at + 54),
    battery: view.getUint8(at + 55),
    resetReason: view.getUint8(at + 56),
    reserved: view.getUint8(at + 57),
    resets: view.getUint16(at + 58, true),
    kernelsCrc: view.getUint32(at + 60, true),
    planCrc: view.getUint32(at + 64, true),
    frozenCrc: view.getUint32(at + 68, true),
    sliceVersion: view.getUint32(at + 72, true),
    sliceCrc: view.getUint32(at + 76, true),
    samples: view.getUint32(at + 80, true),
    task: view.getUint32(at + 84, true),
    updateTask: view.getUint32(at + 88, true),
    run: view.getUint32(at + 92, true),
    residualTask: view.getUint32(at + 96, true),
    errors: view.getUint32(at + 100, true),
    firmwareBuild: view.getUint32(at + 104, true),
  };
}
export function encodeHello(value: Hello): Uint8Array {
  const bytes = new Uint8Array(108);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, value.wireVersion, true);
  view.setUint16(2, value.guestAbi, true);
  view.setUint32(4, value.firmwareVersion, true);
  bytes.set(value.chipId.subarray(0, 16), 8);
  bytes.set(value.boardClass.subarray(0, 16), 24);
  view.setUint32(40, value.features, true);
  view.setUint32(44, value.ramBytes, true);
  view.setUint32(48, value.flashFreeBytes, true);
  view.setUint16(52, value.windowBytes, true);
  view.setUint8(54, value.state);
  view.setUint8(55, value.battery);
  view.setUint8(56, value.resetReason);
  view.setUint8(57, value.reserved);
  view.setUint16(58, value.resets, true);
  view.setUint32(60, value.kernelsCrc, true);
  view.setUint32(64, value.planCrc, true);
  view.setUint32(68, value.frozenCrc, true);
  view.setUint32(72, value.sliceVersion, true);
  view.setUint32(76, value.sliceCrc, true);
  view.setUint32(80, value.samples, true);
  view.setUint32(84, value.task, true);
  view.setUint32(88, value.updateTask, true);
  view.setUint32(92, value.run, true);
  view.setUint32(96, value.residualTask, true);
  view.setUint32(100, value.errors, true);
  view.setUint32(104, value.firmwareBuild, true);
  return bytes;
}

export interface PutBegin {
  kind: number;
  trialSeconds: number;
  reserved: number;
  total: number;
  sha256: Uint8Array;
}
export const PutBeginBytes = 40;
/** Reads a PutBegin; throws RangeError when fewer than 40 bytes are left. */
export function decodePutBegin(bytes: Uint8Array, at = 0): PutBegin {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(at + 0),
    trialSeconds: view.getUint8(at + 1),
    reserved: view.getUint16(at + 2, true),
    total: view.getUint32(at + 4, true),
    sha256: slice(bytes, at + 8, 32),
  };
}
export function encodePutBegin(value: PutBegin): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  view.setUint8(1, value.trialSeconds);
  view.setUint16(2, value.reserved, true);
  view.setUint32(4, value.total, true);
  bytes.set(value.sha256.subarray(0, 32), 8);
  return bytes;
}

export interface PutAck {
  have: number;
  prefixCrc: number;
  windowBytes: number;
  nak: number;
  done: number;
}
export const PutAckBytes = 12;
/** Reads a PutAck; throws RangeError when fewer than 12 bytes are left. */
export function decodePutAck(bytes: Uint8Array, at = 0): PutAck {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    have: view.getUint32(at + 0, true),
    prefixCrc: view.getUint32(at + 4, true),
    windowBytes: view.getUint16(at + 8, true),
    nak: view.getUint8(at + 10),
    done: view.getUint8(at + 11),
  };
}
export function encodePutAck(value: PutAck): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.have, true);
  view.setUint32(4, value.prefixCrc, true);
  view.setUint16(8, value.windowBytes, true);
  view.setUint8(10, value.nak);
  view.setUint8(11, value.done);
  return bytes;
}

export interface GetBegin {
  kind: number;
  reserved: Uint8Array;
}
export const GetBeginBytes = 4;
/** Reads a GetBegin; throws RangeError when fewer than 4 bytes are left. */
export function decodeGetBegin(bytes: Uint8Array, at = 0): GetBegin {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(at + 0),
    reserved: slice(bytes, at + 1, 3),
  };
}
export function encodeGetBegin(value: GetBegin): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  bytes.set(value.reserved.subarray(0, 3), 1);
  return bytes;
}

export interface GetInfo {
  total: number;
  sha256: Uint8Array;
}
export const GetInfoBytes = 36;
/** Reads a GetInfo; throws RangeError when fewer than 36 bytes are left. */
export function decodeGetInfo(bytes: Uint8Array, at = 0): GetInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    total: view.getUint32(at + 0, true),
    sha256: slice(bytes, at + 4, 32),
  };
}
export function encodeGetInfo(value: GetInfo): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.total, true);
  bytes.set(value.sha256.subarray(0, 32), 4);
  return bytes;
}

export interface Task {
  run: number;
  task: number;
  baseVersion: number;
  frozenCrc: number;
  planCrc: number;
  steps: number;
  learningRate: number;
  seed: number;
  checkpointEvery: number;
  flags: number;
  kept: number;
}
export const TaskBytes = 40;
/** Reads a Task; throws RangeError when fewer than 40 bytes are left. */
export function decodeTask(bytes: Uint8Array, at = 0): Task {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    run: view.getUint32(at + 0, true),
    task: view.getUint32(at + 4, true),
    baseVersion: view.getUint32(at + 8, true),
    frozenCrc: view.getUint32(at + 12, true),
    planCrc: view.getUint32(at + 16, true),
    steps: view.getUint32(at + 20, true),
    learningRate: view.getFloat32(at + 24, true),
    seed: view.getUint32(at + 28, true),
    checkpointEvery: view.getUint32(at + 32, true),
    flags: view.getUint16(at + 36, true),
    kept: view.getUint16(at + 38, true),
  };
}
export function encodeTask(value: Task): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.run, true);
  view.setUint32(4, value.task, true);
  view.setUint32(8, value.baseVersion, true);
  view.setUint32(12, value.frozenCrc, true);
  view.setUint32(16, value.planCrc, true);
  view.setUint32(20, value.steps, true);
  view.setFloat32(24, value.learningRate, true);
  view.setUint32(28, value.seed, true);
  view.setUint32(32, value.checkpointEvery, true);
  view.setUint16(36, value.flags, true);
  view.setUint16(38, value.kept, true);
  return bytes;
}

export interface Progress {
  state: number;
  battery: number;
  reserved: number;
  run: number;
  task: number;
  step: number;
  steps: number;
  loss: number;
  error: number;
}
export const ProgressBytes = 28;
/** Reads a Progress; throws RangeError when fewer than 28 bytes are left. */
export function decodeProgress(bytes: Uint8Array, at = 0): Progress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    state: view.getUint8(at + 0),
    battery: view.getUint8(at + 1),
    reserved: view.getUint16(at + 2, true),
    run: view.getUint32(at + 4, true),
    task: view.getUint32(at + 8, true),
    step: view.getUint32(at + 12, true),
    steps: view.getUint32(at + 16, true),
    loss: view.getFloat32(at + 20, true),
    error: view.getInt32(at + 24, true),
  };
}
export function encodeProgress(value: Progress): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.state);
  view.setUint8(1, value.battery);
  view.setUint16(2, value.reserved, true);
  view.setUint32(4, value.run, true);
  view.setUint32(8, value.task, true);
  view.setUint32(12, value.step, true);
  view.setUint32(16, value.steps, true);
  view.setFloat32(20, value.loss, true);
  view.setInt32(24, value.error, true);
  return bytes;
}

export interface UpdateAck {
  run: number;
  task: number;
  verdict: number;
  reserved: Uint8Array;
}
export const UpdateAckBytes = 12;
/** Reads a UpdateAck; throws RangeError when fewer than 12 bytes are left. */
export function decodeUpdateAck(bytes: Uint8Array, at = 0): UpdateAck {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    run: view.getUint32(at + 0, true),
    task: view.getUint32(at + 4, true),
    verdict: view.getUint8(at + 8),
    reserved: slice(bytes, at + 9, 3),
  };
}
export function encodeUpdateAck(value: UpdateAck): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.run, true);
  view.setUint32(4, value.task, true);
  view.setUint8(8, value.verdict);
  bytes.set(value.reserved.subarray(0, 3), 9);
  return bytes;
}

export interface Stats {
  poolBytes: number;
  poolPeak: number;
  arenaPlanned: number;
  arenaPeak: number;
  enginePeak: number;
  stackBytes: number;
  stackPeak: number;
  flashErases: number;
  flashPrograms: number;
  resets: Uint8Array;
  reserved: number;
  framesGood: number;
  framesBad: number;
  steps: number;
  anomalyMean: number;
  anomalyVariance: number;
  anomalyThreshold: number;
  anomalyLast: number;
  anomalies: number;
}
export const StatsBytes = 84;
/** Reads a Stats; throws RangeError when fewer than 84 bytes are left. */
export function decodeStats(bytes: Uint8Array, at = 0): Stats {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    poolBytes: view.getUint32(at + 0, true),
    poolPeak: view.getUint32(at + 4, true),
    arenaPlanned: view.getUint32(at + 8, true),
    arenaPeak: view.getUint32(at + 12, true),
    enginePeak: view.getUint32(at + 16, true),
    stackBytes: view.getUint32(at + 20, true),
    stackPeak: view.getUint32(at + 24, true),
    flashErases: view.getUint32(at + 28, true),
    flashPrograms: view.getUint32(at + 32, true),
    resets: slice(bytes, at + 36, 14),
    reserved: view.getUint16(at + 50, true),
    framesGood: view.getUint32(at + 52, true),
    framesBad: view.getUint32(at + 56, true),
    steps: view.getUint32(at + 60, true),
    anomalyMean: view.getFloat32(at + 64, true),
    anomalyVariance: view.getFloat32(at + 68, true),
    anomalyThreshold: view.getFloat32(at + 72, true),
    anomalyLast: view.getFloat32(at + 76, true),
    anomalies: view.getUint32(at + 80, true),
  };
}
export function encodeStats(value: Stats): Uint8Array {
  const bytes = new Uint8Array(84);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.poolBytes, true);
  view.setUint32(4, value.poolPeak, true);
  view.setUint32(8, value.arenaPlanned, true);
  view.setUint32(12, value.arenaPeak, true);
  view.setUint32(16, value.enginePeak, true);
  view.setUint32(20, value.stackBytes, true);
  view.setUint32(24, value.stackPeak, true);
  view.setUint32(28, value.flashErases, true);
  view.setUint32(32, value.flashPrograms, true);
  bytes.set(value.resets.subarray(0, 14), 36);
  view.setUint16(50, value.reserved, true);
  view.setUint32(52, value.framesGood, true);
  view.setUint32(56, value.framesBad, true);
  view.setUint32(60, value.steps, true);
  view.setFloat32(64, value.anomalyMean, true);
  view.setFloat32(68, value.anomalyVariance, true);
  view.setFloat32(72, value.anomalyThreshold, true);
  view.setFloat32(76, value.anomalyLast, true);
  view.setUint32(80, value.anomalies, true);
  return bytes;
}

export interface Capture {
  label: number;
  window: number;
  hop: number;
  reserved: number;
  durationMs: number;
}
export const CaptureBytes = 12;
/** Reads a Capture; throws RangeError when fewer than 12 bytes are left. */
export function decodeCapture(bytes: Uint8Array, at = 0): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    label: view.getUint16(at + 0, true),
    window: view.getUint16(at + 2, true),
    hop: view.getUint16(at + 4, true),
    reserved: view.getUint16(at + 6, true),
    durationMs: view.getUint32(at + 8, true),
  };
}
export function encodeCapture(value: Capture): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, value.label, true);
  view.setUint16(2, value.window, true);
  view.setUint16(4, value.hop, true);
  view.setUint16(6, value.reserved, true);
  view.setUint32(8, value.durationMs, true);
  return bytes;
}

export interface SensorInfo {
  name: Uint8Array;
  rateMilliHz: number;
  elements: number;
  type: number;
  state: number;
  label: number;
  window: number;
  hop: number;
  leftMs: number;
  kept: number;
  replaced: number;
  gaps: number;
  error: number;
  samples: number;
  recordBytes: number;
}
export const SensorInfoBytes = 60;
/** Reads a SensorInfo; throws RangeError when fewer than 60 bytes are left. */
export function decodeSensorInfo(bytes: Uint8Array, at = 0): SensorInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    name: slice(bytes, at + 0, 16),
    rateMilliHz: view.getUint32(at + 16, true),
    elements: view.getUint32(at + 20, true),
    type: view.getUint8(at + 24),
    state: view.getUint8(at + 25),
    label: view.getUint16(at + 26, true),
    window: view.getUint16(at + 28, true),
    hop: view.getUint16(at + 30, true),
    leftMs: view.getUint32(at + 32, true),
    kept: view.getUint32(at + 36, true),
    replaced: view.getUint32(at + 40, true),
    gaps: view.getUint32(at + 44, true),
    error: view.getInt32(at + 48, true),
    samples: view.getUint32(at + 52, true),
    recordBytes: view.getUint32(at + 56, true),
  };
}
export function encodeSensorInfo(value: SensorInfo): Uint8Array {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  bytes.set(value.name.subarray(0, 16), 0);
  view.setUint32(16, value.rateMilliHz, true);
  view.setUint32(20, value.elements, true);
  view.setUint8(24, value.type);
  view.setUint8(25, value.state);
  view.setUint16(26, value.label, true);
  view.setUint16(28, value.window, true);
  view.setUint16(30, value.hop, true);
  view.setUint32(32, value.leftMs, true);
  view.setUint32(36, value.kept, true);
  view.setUint32(40, value.replaced, true);
  view.setUint32(44, value.gaps, true);
  view.setInt32(48, value.error, true);
  view.setUint32(52, value.samples, true);
  view.setUint32(56, value.recordBytes, true);
  return bytes;
}

export interface LabelCount {
  label: number;
  reserved: number;
  count: number;
}
export const LabelCountBytes = 8;
/** Reads a LabelCount; throws RangeError when fewer than 8 bytes are left. */
export function decodeLabelCount(bytes: Uint8Array, at = 0): LabelCount {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    label: view.getUint16(at + 0, true),
    reserved: view.getUint16(at + 2, true),
    count: view.getUint32(at + 4, true),
  };
}
export function encodeLabelCount(value: LabelCount): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, value.label, true);
  view.setUint16(2, value.reserved, true);
  view.setUint32(4, value.count, true);
  return bytes;
}

export interface LogRequest {
  level: number;
  reserved: number;
  resets: number;
  from: number;
}
export const LogRequestBytes = 8;
/** Reads a LogRequest; throws RangeError when fewer than 8 bytes are left. */
export function decodeLogRequest(bytes: Uint8Array, at = 0): LogRequest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    level: view.getUint8(at + 0),
    reserved: view.getUint8(at + 1),
    resets: view.getUint16(at + 2, true),
    from: view.getUint32(at + 4, true),
  };
}
export function encodeLogRequest(value: LogRequest): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.level);
  view.setUint8(1, value.reserved);
  view.setUint16(2, value.resets, true);
  view.setUint32(4, value.from, true);
  return bytes;
}

export interface LogState {
  next: number;
  clockMs: number;
  resets: number;
  level: number;
  reserved: number;
}
export const LogStateBytes = 12;
/** Reads a LogState; throws RangeError when fewer than 12 bytes are left. */
export function decodeLogState(bytes: Uint8Array, at = 0): LogState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    next: view.getUint32(at + 0, true),
    clockMs: view.getUint32(at + 4, true),
    resets: view.getUint16(at + 8, true),
    level: view.getUint8(at + 10),
    reserved: view.getUint8(at + 11),
  };
}
export function encodeLogState(value: LogState): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.next, true);
  view.setUint32(4, value.clockMs, true);
  view.setUint16(8, value.resets, true);
  view.setUint8(10, value.level);
  view.setUint8(11, value.reserved);
  return bytes;
}

export interface LogEntry {
  ms: number;
  code: number;
  level: number;
  reserved: number;
  a: number;
  b: number;
  c: number;
}
export const LogEntryBytes = 20;
/** Reads a LogEntry; throws RangeError when fewer than 20 bytes are left. */
export function decodeLogEntry(bytes: Uint8Array, at = 0): LogEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    ms: view.getUint32(at + 0, true),
    code: view.getUint8(at + 4),
    level: view.getUint8(at + 5),
    reserved: view.getUint16(at + 6, true),
    a: view.getUint32(at + 8, true),
    b: view.getUint32(at + 12, true),
    c: view.getUint32(at + 16, true),
  };
}
export function encodeLogEntry(value: LogEntry): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.ms, true);
  view.setUint8(4, value.code);
  view.setUint8(5, value.level);
  view.setUint16(6, value.reserved, true);
  view.setUint32(8, value.a, true);
  view.setUint32(12, value.b, true);
  view.setUint32(16, value.c, true);
  return bytes;
}

export interface Panic {
  architecture: number;
  reason: number;
  reserved: number;
  cause: number;
  pc: number;
  lr: number;
  sp: number;
  address: number;
  status: number;
}
export const PanicBytes = 28;
/** Reads a Panic; throws RangeError when fewer than 28 bytes are left. */
export function decodePanic(bytes: Uint8Array, at = 0): Panic {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    architecture: view.getUint8(at + 0),
    reason: view.getUint8(at + 1),
    reserved: view.getUint16(at + 2, true),
    cause: view.getUint32(at + 4, true),
    pc: view.getUint32(at + 8, true),
    lr: view.getUint32(at + 12, true),
    sp: view.getUint32(at + 16, true),
    address: view.getUint32(at + 20, true),
    status: view.getUint32(at + 24, true),
  };
}
export function encodePanic(value: Panic): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.architecture);
  view.setUint8(1, value.reason);
  view.setUint16(2, value.reserved, true);
  view.setUint32(4, value.cause, true);
  view.setUint32(8, value.pc, true);
  view.setUint32(12, value.lr, true);
  view.setUint32(16, value.sp, true);
  view.setUint32(20, value.address, true);
  view.setUint32(24, value.status, true);
  return bytes;
}

export interface ResetOnce {
  kind: number;
  reserved: number;
  resets: number;
}
export const ResetOnceBytes = 4;
/** Reads a ResetOnce; throws RangeError when fewer than 4 bytes are left. */
export function decodeResetOnce(bytes: Uint8Array, at = 0): ResetOnce {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(at + 0),
    reserved: view.getUint8(at + 1),
    resets: view.getUint16(at + 2, true),
  };
}
export function encodeResetOnce(value: ResetOnce): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  view.setUint8(1, value.reserved);
  view.setUint16(2, value.resets, true);
  return bytes;
}

export interface Confirm {
  kind: number;
  reserved: Uint8Array;
  crc: number;
}
export const ConfirmBytes = 8;
/** Reads a Confirm; throws RangeError when fewer than 8 bytes are left. */
export function decodeConfirm(bytes: Uint8Array, at = 0): Confirm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: view.getUint8(at + 0),
    reserved: slice(bytes, at + 1, 3),
    crc: view.getUint32(at + 4, true),
  };
}
export function encodeConfirm(value: Confirm): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, value.kind);
  bytes.set(value.reserved.subarray(0, 3), 1);
  view.setUint32(4, value.crc, true);
  return bytes;
}

export interface TrialReport {
  returnedCrc: number;
  returnedKind: number;
  returnedReason: number;
  runningKind: number;
  reserved: number;
}
export const TrialReportBytes = 8;
/** Reads a TrialReport; throws RangeError when fewer than 8 bytes are left. */
export function decodeTrialReport(bytes: Uint8Array, at = 0): TrialReport {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    returnedCrc: view.getUint32(at + 0, true),
    returnedKind: view.getUint8(at + 4),
    returnedReason: view.getUint8(at + 5),
    runningKind: view.getUint8(at + 6),
    reserved: view.getUint8(at + 7),
  };
}
export function encodeTrialReport(value: TrialReport): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.returnedCrc, true);
  view.setUint8(4, value.returnedKind);
  view.setUint8(5, value.returnedReason);
  view.setUint8(6, value.runningKind);
  view.setUint8(7, value.reserved);
  return bytes;
}

export interface FirmwareHeader {
  magic: number;
  imageBytes: number;
  version: number;
  build: number;
  boardClass: Uint8Array;
}
export const FirmwareHeaderBytes = 32;
/** Reads a FirmwareHeader; throws RangeError when fewer than 32 bytes are left. */
export function decodeFirmwareHeader(bytes: Uint8Array, at = 0): FirmwareHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    magic: view.getUint32(at + 0, true),
    imageBytes: view.getUint32(at + 4, true),
    version: view.getUint32(at + 8, true),
    build: view.getUint32(at + 12, true),
    boardClass: slice(bytes, at + 16, 16),
  };
}
export function encodeFirmwareHeader(value: FirmwareHeader): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.magic, true);
  view.setUint32(4, value.imageBytes, true);
  view.setUint32(8, value.version, true);
  view.setUint32(12, value.build, true);
  bytes.set(value.boardClass.subarray(0, 16), 16);
  return bytes;
}

export interface ErrorReply {
  code: number;
  detail: number;
}
export const ErrorReplyBytes = 8;
/** Reads a ErrorReply; throws RangeError when fewer than 8 bytes are left. */
export function decodeErrorReply(bytes: Uint8Array, at = 0): ErrorReply {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    code: view.getInt32(at + 0, true),
    detail: view.getUint32(at + 4, true),
  };
}
export function encodeErrorReply(value: ErrorReply): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, value.code, true);
  view.setUint32(4, value.detail, true);
  return bytes;
}

export interface SampleAppend {
  label: number;
  reserved: number;
  total: number;
}
export const SampleAppendBytes = 8;
/** Reads a SampleAppend; throws RangeError when fewer than 8 bytes are left. */
export function decodeSampleAppend(bytes: Uint8Array, at = 0): SampleAppend {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    label: view.getUint16(at + 0, true),
    reserved: view.getUint16(at + 2, true),
    total: view.getUint32(at + 4, true),
  };
}
export function encodeSampleAppend(value: SampleAppend): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, value.label, true);
  view.setUint16(2, value.reserved, true);
  view.setUint32(4, value.total, true);
  return bytes;
}

export interface SliceHeader {
  version: number;
  count: number;
}
export const SliceHeaderBytes = 8;
/** Reads a SliceHeader; throws RangeError when fewer than 8 bytes are left. */
export function decodeSliceHeader(bytes: Uint8Array, at = 0): SliceHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    version: view.getUint32(at + 0, true),
    count: view.getUint32(at + 4, true),
  };
}
export function encodeSliceHeader(value: SliceHeader): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.version, true);
  view.setUint32(4, value.count, true);
  return bytes;
}

export interface DeltaHeader {
  baseVersion: number;
  baseCrc: number;
  version: number;
  crc: number;
  encoding: number;
}
export const DeltaHeaderBytes = 20;
/** Reads a DeltaHeader; throws RangeError when fewer than 20 bytes are left. */
export function decodeDeltaHeader(bytes: Uint8Array, at = 0): DeltaHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    baseVersion: view.getUint32(at + 0, true),
    baseCrc: view.getUint32(at + 4, true),
    version: view.getUint32(at + 8, true),
    crc: view.getUint32(at + 12, true),
    encoding: view.getUint32(at + 16, true),
  };
}
export function encodeDeltaHeader(value: DeltaHeader): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.baseVersion, true);
  view.setUint32(4, value.baseCrc, true);
  view.setUint32(8, value.version, true);
  view.setUint32(12, value.crc, true);
  view.setUint32(16, value.encoding, true);
  return bytes;
}

export interface UpdateHeader {
  run: number;
  task: number;
  baseVersion: number;
  planCrc: number;
  samples: number;
  steps: number;
  lossFirst: number;
  lossLast: number;
  rows: number;
  count: number;
  encoding: number;
}
export const UpdateHeaderBytes = 44;
/** Reads a UpdateHeader; throws RangeError when fewer than 44 bytes are left. */
export function decodeUpdateHeader(bytes: Uint8Array, at = 0): UpdateHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    run: view.getUint32(at + 0, true),
    task: view.getUint32(at + 4, true),
    baseVersion: view.getUint32(at + 8, true),
    planCrc: view.getUint32(at + 12, true),
    samples: view.getUint32(at + 16, true),
    steps: view.getUint32(at + 20, true),
    lossFirst: view.getFloat32(at + 24, true),
    lossLast: view.getFloat32(at + 28, true),
    rows: view.getUint32(at + 32, true),
    count: view.getUint32(at + 36, true),
    encoding: view.getUint32(at + 40, true),
  };
}
export function encodeUpdateHeader(value: UpdateHeader): Uint8Array {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.run, true);
  view.setUint32(4, value.task, true);
  view.setUint32(8, value.baseVersion, true);
  view.setUint32(12, value.planCrc, true);
  view.setUint32(16, value.samples, true);
  view.setUint32(20, value.steps, true);
  view.setFloat32(24, value.lossFirst, true);
  view.setFloat32(28, value.lossLast, true);
  view.setUint32(32, value.rows, true);
  view.setUint32(36, value.count, true);
  view.setUint32(40, value.encoding, true);
  return bytes;
}

export const planMagic = 1280333894;
export const abiVersion = 3;
export const none = 4294967295;
export const leafDimensionMax = 32767;
export const leafTurnsMax = 16777216;
export const keptMax = 192;
export const anomalyScores = 16;
export const anomalyDeviations = 3;
export const Region = { arena: 0, moving: 1, frozen: 8, slice: 9, delta: 10, residual: 11, samples: 12 } as const;
export type Region = (typeof Region)[keyof typeof Region];
export const ModelKind = { classifier: 0, autoencoder: 2 } as const;
export type ModelKind = (typeof ModelKind)[keyof typeof ModelKind];
export const SampleType = { u8: 0, i16: 1, f32: 2 } as const;
export type SampleType = (typeof SampleType)[keyof typeof SampleType];
export const Activation = { relu: 0, relu6: 1, sigmoid: 2, tanh: 3 } as const;
export type Activation = (typeof Activation)[keyof typeof Activation];
export const WeightGradient = { accumulate: 0, descend: 1 } as const;
export type WeightGradient = (typeof WeightGradient)[keyof typeof WeightGradient];
export const RowEncoding = { int8: 1, f32: 2, topK: 3, int4: 4 } as const;
export type RowEncoding = (typeof RowEncoding)[keyof typeof RowEncoding];

export interface PlanHeader {
  magic: number;
  abi: number;
  modelKind: number;
  sampleType: number;
  planBytes: number;
  memoryBytes: number;
  frozenBytes: number;
  frozenCrc: number;
  stateAt: number;
  stateBytes: number;
  sliceCount: number;
  anomalyAt: number;
  scratchAt: number;
  scratchBytes: number;
  inputElements: number;
  outputAt: number;
  outputElements: number;
  microBatch: number;
  segmentsAt: number;
  segments: number;
  forwardAt: number;
  forwardOps: number;
  inferAt: number;
  inferOps: number;
  trainAt: number;
  trainOps: number;
  applyAt: number;
  applyOps: number;
  modelHash: number;
}
export const PlanHeaderBytes = 108;
/** Reads a PlanHeader; throws RangeError when fewer than 108 bytes are left. */
export function decodePlanHeader(bytes: Uint8Array, at = 0): PlanHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    magic: view.getUint32(at + 0, true),
    abi: view.getUint16(at + 4, true),
    modelKind: view.getUint8(at + 6),
    sampleType: view.getUint8(at + 7),
    planBytes: view.getUint32(at + 8, true),
    memoryBytes: view.getUint32(at + 12, true),
    frozenBytes: view.getUint32(at + 16, true),
    frozenCrc: view.getUint32(at + 20, true),
    stateAt: view.getUint32(at + 24, true),
    stateBytes: view.getUint32(at + 28, true),
    sliceCount: view.getUint32(at + 32, true),
    anomalyAt: view.getUint32(at + 36, true),
    scratchAt: view.getUint32(at + 40, true),
    scratchBytes: view.getUint32(at + 44, true),
    inputElements: view.getUint32(at + 48, true),
    outputAt: view.getUint32(at + 52, true),
    outputElements: view.getUint32(at + 56, true),
    microBatch: view.getUint32(at + 60, true),
    segmentsAt: view.getUint32(at + 64, true),
    segments: view.getUint32(at + 68, true),
    forwardAt: view.getUint32(at + 72, true),
    forwardOps: view.getUint32(at + 76, true),
    inferAt: view.getUint32(at + 80, true),
    inferOps: view.getUint32(at + 84, true),
    trainAt: view.getUint32(at + 88, true),
    trainOps: view.getUint32(at + 92, true),
    applyAt: view.getUint32(at + 96, true),
    applyOps: view.getUint32(at + 100, true),
    modelHash: view.getUint32(at + 104, true),
  };
}
export function encodePlanHeader(value: PlanHeader): Uint8Array {
  const bytes = new Uint8Array(108);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.magic, true);
  view.setUint16(4, value.abi, true);
  view.setUint8(6, value.modelKind);
  view.setUint8(7, value.sampleType);
  view.setUint32(8, value.planBytes, true);
  view.setUint32(12, value.memoryBytes, true);
  view.setUint32(16, value.frozenBytes, true);
  view.setUint32(20, value.frozenCrc, true);
  view.setUint32(24, value.stateAt, true);
  view.setUint32(28, value.stateBytes, true);
  view.setUint32(32, value.sliceCount, true);
  view.setUint32(36, value.anomalyAt, true);
  view.setUint32(40, value.scratchAt, true);
  view.setUint32(44, value.scratchBytes, true);
  view.setUint32(48, value.inputElements, true);
  view.setUint32(52, value.outputAt, true);
  view.setUint32(56, value.outputElements, true);
  view.setUint32(60, value.microBatch, true);
  view.setUint32(64, value.segmentsAt, true);
  view.setUint32(68, value.segments, true);
  view.setUint32(72, value.forwardAt, true);
  view.setUint32(76, value.forwardOps, true);
  view.setUint32(80, value.inferAt, true);
  view.setUint32(84, value.inferOps, true);
  view.setUint32(88, value.trainAt, true);
  view.setUint32(92, value.trainOps, true);
  view.setUint32(96, value.applyAt, true);
  view.setUint32(100, value.applyOps, true);
  view.setUint32(104, value.modelHash, true);
  return bytes;
}

export interface Segment {
  rows: number;
  rowElements: number;
}
export const SegmentBytes = 8;
/** Reads a Segment; throws RangeError when fewer than 8 bytes are left. */
export function decodeSegment(bytes: Uint8Array, at = 0): Segment {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    rows: view.getUint32(at + 0, true),
    rowElements: view.getUint32(at + 4, true),
  };
}
export function encodeSegment(value: Segment): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value.rows, true);
  view.setUint32(4, value.rowElements, true);
  return bytes;
}

export const ops = {
  /** y[i] = sample[k + i] * scale[i % c] + offset[i % c], i < n, k = first + step * pass, from the sample's own type */
  input: { code: 1, args: ["y", "n", "c", "scale", "offset", "first", "step"], floats: [] },
  /** y(p,c) rows := b(c) */
  rows: { code: 2, args: ["b", "y", "p", "c"], floats: [] },
  /** y := value */
  fill: { code: 3, args: ["y", "n", "value"], floats: ["value"] },
  /** y := x */
  copy: { code: 4, args: ["x", "y", "n"], floats: [] },
  /** y += x */
  add: { code: 5, args: ["x", "y", "n"], floats: [] },
  /** y[i*yc + j] := x[i*xc + j], i < p, j < n (x, y already point at the first channel) */
  copyChannels: { code: 6, args: ["x", "y", "p", "xc", "yc", "n"], floats: [] },
  /** y[i*yc + j] += x[i*xc + j] */
  addChannels: { code: 7, args: ["x", "y", "p", "xc", "yc", "n"], floats: [] },
  /** the next ops, none of them a repeat, run in passes 0..times-1; times > 0 */
  repeat: { code: 8, args: ["ops", "times"], floats: [] },
  /** y(o) := b(o) where b is given; y += w(o,i) x(i) */
  dense: { code: 16, args: ["x", "w", "b", "y", "i", "o"], floats: [] },
  /** dx(i) += w' dy */
  denseBackwardInput: { code: 17, args: ["dy", "w", "dx", "i", "o"], floats: [] },
  /** mode accumulate: dw += dy x'; descend: dw -= lr dy x'; db likewise, by dy, where it is given */
  denseBackwardWeights: { code: 18, args: ["dy", "x", "dw", "db", "i", "o", "mode"], floats: [] },
  /** y(o) := b(o) where b is given; y += s(o) * (w8(o,i) x) */
  qdense: { code: 19, args: ["x", "w", "s", "b", "y", "i", "o"], floats: [] },
  /** dx += w8' (s . dy) */
  qdenseBackwardInput: { code: 20, args: ["dy", "w", "s", "dx", "i", "o"], floats: [] },
  /** y(oh,ow,oc) += conv(x(ih,iw,ic), w(oc,kh,kw,ic)); ph, pw: zeros before the first row and column */
  conv2d: { code: 32, args: ["x", "w", "y", "ih", "iw", "ic", "oh", "ow", "oc", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dx += */
  conv2dBackwardInput: { code: 33, args: ["dy", "w", "dx", "ih", "iw", "ic", "oh", "ow", "oc", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dw += or -= lr * */
  conv2dBackwardWeights: { code: 34, args: ["dy", "x", "dw", "ih", "iw", "ic", "oh", "ow", "oc", "kh", "kw", "sh", "sw", "ph", "pw", "mode"], floats: [] },
  /** as conv2d, w int8 with one scale per output channel */
  qconv2d: { code: 35, args: ["x", "w", "s", "y", "ih", "iw", "ic", "oh", "ow", "oc", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dx += */
  qconv2dBackwardInput: { code: 36, args: ["dy", "w", "s", "dx", "ih", "iw", "ic", "oh", "ow", "oc", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** y(oh,ow,c) += x(ih,iw,c) by w(kh,kw,c), one filter per channel */
  depthwise2d: { code: 48, args: ["x", "w", "y", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dx += */
  depthwise2dBackwardInput: { code: 49, args: ["dy", "w", "dx", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dw(kh,kw,c) += or -= lr * */
  depthwise2dBackwardWeights: { code: 50, args: ["dy", "x", "dw", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw", "mode"], floats: [] },
  /** as depthwise2d, w int8 with one scale per channel */
  qdepthwise2d: { code: 51, args: ["x", "w", "s", "y", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** dx += */
  qdepthwise2dBackwardInput: { code: 52, args: ["dy", "w", "s", "dx", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw", "ph", "pw"], floats: [] },
  /** db(c) += or -= lr * column sums of dy(p,c) */
  biasBackward: { code: 64, args: ["dy", "db", "p", "c", "mode"], floats: [] },
  /** y(p,c) = x * s(c) + b(c); y may be x */
  scaleBias: { code: 65, args: ["x", "s", "b", "y", "p", "c"], floats: [] },
  /** dx = dy * s; dx may be dy */
  scaleBackwardInput: { code: 66, args: ["dy", "s", "dx", "p", "c"], floats: [] },
  /** ds(c) += or -= lr * column sums of dy . x */
  scaleBackwardScale: { code: 67, args: ["dy", "x", "ds", "p", "c", "mode"], floats: [] },
  /** in place */
  activation: { code: 80, args: ["kind", "y", "n"], floats: [] },
  /** relu or relu6 in place, bit i of mask (n bits, rounded up to words) = 1 where the derivative is 1 */
  activationMask: { code: 81, args: ["kind", "y", "mask", "n"], floats: [] },
  /** dy *= f'(x), from the output y, in place */
  activationBackward: { code: 82, args: ["kind", "y", "dy", "n"], floats: [] },
  /** dy := 0 where the bit is 0 */
  activationBackwardMask: { code: 83, args: ["mask", "dy", "n"], floats: [] },
  /** winner(oh,ow,c) u8: index in the window of the first maximum; none when not saved. kh*kw <= 255, no padding */
  maxPool2d: { code: 96, args: ["x", "y", "winner", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw"], floats: [] },
  /** dx += */
  maxPool2dBackward: { code: 97, args: ["dy", "winner", "dx", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw"], floats: [] },
  /** y = mean of the window (global: kh = ih, kw = iw) */
  averagePool2d: { code: 98, args: ["x", "y", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw"], floats: [] },
  /** dx += */
  averagePool2dBackward: { code: 99, args: ["dy", "dx", "ih", "iw", "c", "oh", "ow", "kh", "kw", "sh", "sw"], floats: [] },
  /** p = softmax(z); p may be z */
  softmax: { code: 112, args: ["z", "p", "n"], floats: [] },
  /** dz = softmax(z) - onehot(label); loss = -log p[label]; dz may be z */
  softmaxCrossEntropy: { code: 113, args: ["z", "dz", "n"], floats: [] },
  /** loss = mean (y-t)^2; dy = 2 (y-t) / n; dy none: loss only; dy may be y */
  meanSquaredError: { code: 114, args: ["y", "t", "dy", "n"], floats: [] },
  /** g *= scale; if clipNorm > 0 and |g| > clipNorm: g *= clipNorm/|g|; g += weightDecay w; v = momentum v + g (v none: v = g); w -= lr v; g := 0 */
  update: { code: 128, args: ["w", "g", "v", "n", "momentum", "weightDecay", "clipNorm", "scale"], floats: ["momentum", "weightDecay", "clipNorm", "scale"] },
} as const;
export type OpName = keyof typeof ops;

/** What a board's log says, by code. */
export const logMessages: Readonly<Record<number, { name: string; text: string }>> = {
  1: { name: "started", text: "started; reset: {a:reset}, reset number {b}, {c} samples held" },
  2: { name: "panicked", text: "the last start ended in a fault or a hang at {a:hex}, cause {b:hex}" },
  3: { name: "linkGone", text: "the link is gone" },
  4: { name: "framesBad", text: "{a} damaged frames on the line since the last message, {b} since the start" },
  5: { name: "batteryLow", text: "battery low: {a} %" },
  6: { name: "resetAsked", text: "restarts as told: {a:resetKind}" },
  7: { name: "refused", text: "refused request {a}: {b:error}" },
  8: { name: "putBegun", text: "receives {a:blob}: {b} of {c} bytes are here" },
  9: { name: "installed", text: "{a:blob} installed, {b} bytes; {c} flash pages erased since the start" },
  10: { name: "installRefused", text: "{a:blob} refused: {b:error} ({c:error})" },
  11: { name: "taskStarted", text: "run {a}, task {b} started, {c} steps" },
  12: { name: "taskResumed", text: "run {a}, task {b} goes on from its checkpoint at step {c}" },
  13: { name: "taskEnded", text: "task {a} done after {b} steps, loss {c:f32}" },
  14: { name: "taskFailed", text: "task {a} failed at step {b}: {c:error}" },
  15: { name: "taskAborted", text: "task {a} given up at step {b}" },
  16: { name: "checkpointWritten", text: "task {a}: checkpoint at step {b}; {c} flash pages erased since the start" },
  17: { name: "updateAcknowledged", text: "update of task {a}: {b:verdict} by the host" },
  18: { name: "guestFailed", text: "the kernels failed in {a:guest}: {b:error}" },
  19: { name: "sampleKept", text: "sample {a} recorded" },
  20: { name: "samplesFull", text: "the sample log is full with {a} samples" },
  21: { name: "unusual", text: "unusual sample: score {a:f32} above {b:f32}, {c} since the start" },
  22: { name: "trialBegun", text: "{a:blob} on trial for {b} s" },
  23: { name: "trialConfirmed", text: "{a:blob} confirmed" },
  24: { name: "trialReturned", text: "{a:blob} given up for what was there before: {b:returned}" },
};

function slice(bytes: Uint8Array, at: number, count: number): Uint8Array {
  if (at + count > bytes.length) throw new RangeError(`bytes ${at}..${at + count} of ${bytes.length}`);
  return bytes.slice(at, at + count);
}

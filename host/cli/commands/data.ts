// `ftte data`: samples that boards record. `capture` has one record under a label, `list` counts what it holds, `clear` deletes it. The
// samples stay on the board; `list --export` gets them from firmware that was built to give them out.

import { createInterface } from "node:readline/promises";
import { setTimeout } from "node:timers/promises";
import { KnownBoards } from "../../boards/names.ts";
import type { BoardSession, SensorReport } from "../../boards/session.ts";
import { boardError, FtteError } from "../../errors.ts";
import { Feature, type SensorInfo } from "../../wire/spec.gen.ts";
import { labelNumber, labelsOf, windowingOf } from "../capture.ts";
import { ConsoleBoard } from "../console/board.ts";
import { everyPort } from "../every_port.ts";
import { loadProject, type Project } from "../load_config.ts";
import { interruptible, say, sayJson, writeText } from "../output.ts";
import { captureView } from "../view/capture.ts";
import { table } from "../view/text.ts";

interface DataOptions {
  config: string;
  json?: boolean;
}

const pollMs = 200;

/** Finds the board, and closes what was opened when `use` is done. */
async function onBoard(
  text: string,
  { config }: DataOptions,
  use: (board: ConsoleBoard, session: BoardSession) => Promise<void>,
): Promise<void> {
  const known = KnownBoards.read();
  const board = await ConsoleBoard.find(text, { known, ports: () => everyPort(config, known) });
  try {
    const session = await board.session();
    const { features } = await session.hello();
    if (!(features & Feature.sensorDriver))
      throw new FtteError(
        "sensor-absent",
        `${board.name}: its firmware drives no sensor; name one in the board's config (docs/sensors.md), build and flash it`,
      );
    await use(board, session);
  } finally {
    await board.close();
  }
}

export interface CaptureOptions extends DataOptions {
  label: string;
  seconds: number;
}

/**
 * Ends when the time is over, or early and cleanly at Ctrl-C.
 * @throws FtteError "usage" for a label that is none, "data-invalid" for a sensor that the model cannot take, the board's own errors
 */
export async function capture(text: string, options: CaptureOptions): Promise<void> {
  const project = await loadProject(options.config);
  const label = labelNumber(options.label, labelsOf(project));
  if (options.seconds <= 0) throw new FtteError("usage", "a capture takes longer than 0 seconds");
  await onBoard(text, options, async (board, session) => {
    const { info } = await session.sensorInfo();
    const windows = windowingOf(project.config, board.name, info);
    const durationMs = Math.round(options.seconds * 1000);
    await session.capture({ label, ...windows, durationMs });
    const report = await follow(session, durationMs, options);
    tellCapture(board, report, { ...options, ...windows });
  });
}

/** Until the board has no more to record. */
async function follow(session: BoardSession, durationMs: number, { json, label }: CaptureOptions) {
  const { signal, stop } = interruptible();
  const view = captureView(json ? process.stderr : process.stdout, label, durationMs / 1000);
  try {
    for (;;) {
      const report = await session.sensorInfo();
      view.show(report.info);
      if (json) sayJson({ type: "capture", ...progressOf(report.info) });
      if (report.info.leftMs === 0) return report;
      if (signal.aborted) await session.capture({ label: 0, window: 1, hop: 1, durationMs: 0 });
      else await setTimeout(pollMs);
    }
  } finally {
    view.close();
    stop();
  }
}

const progressOf = ({ leftMs, kept, replaced, gaps }: SensorInfo) => ({
  secondsLeft: leftMs / 1000,
  kept,
  replaced,
  gaps,
});

function tellCapture(board: ConsoleBoard, { info, counts }: SensorReport, options: CaptureOptions): void {
  if (info.kept === 0 && info.error < 0) {
    const { name, text } = boardError(info.error);
    throw new FtteError(name ?? "board-wrong", `${board.name}: nothing was recorded: ${text}`);
  }
  const { kept, replaced, gaps, samples } = info;
  if (options.json) {
    sayJson({
      type: "result",
      ...placeOf(board),
      label: options.label,
      kept,
      replaced,
      gaps,
      samples,
      labels: counts.size,
    });
    return;
  }
  say(false, `${board.name}: ${kept} windows of "${options.label}" were recorded; it holds ${samples} samples now`);
  if (replaced > 0) say(false, `its log was full: the ${replaced} oldest made room`);
  if (gaps > 0) say(false, `${gaps} times rows were missing, where no window goes across`);
}

const placeOf = ({ chipId, name, address }: ConsoleBoard) => ({ chipId, name, address });

// ---- list ----

export async function list(text: string, options: DataOptions & { export?: string }): Promise<void> {
  const names = await namesIn(options.config);
  await onBoard(text, options, async (board, session) => {
    const report = await session.sensorInfo();
    if (options.export !== undefined) await exportTo(options.export, session, report.info, names);
    const labels = [...report.counts].map(([number, count]) => ({ label: names[number] ?? null, number, count }));
    const { samples, error } = report.info;
    const sensor = sensorOf(report.info);
    if (options.json)
      sayJson({ type: "result", ...placeOf(board), sensor, samples, labels, error: boardError(error).name ?? null });
    else say(false, listText(board, report.info, labels));
  });
}

const sensorOf = (info: SensorInfo) => ({
  name: Buffer.from(info.name).toString("utf8").replace(/\0.*$/s, ""),
  elements: info.elements,
  rateHz: info.rateMilliHz / 1000,
});

function listText(
  board: ConsoleBoard,
  info: SensorInfo,
  labels: { label: string | null; number: number; count: number }[],
) {
  const { name, elements, rateHz } = sensorOf(info);
  const sensor = `${board.name}: sensor ${name}, ${elements} values ${rateHz ? `at ${rateHz} Hz` : "as fast as they are read"}`;
  const failed = info.error < 0 ? [`the sensor failed last: ${boardError(info.error).text}`] : [];
  const rows = labels.map(({ label, number, count }) => [label ?? `label ${number}`, String(count)]);
  const counts =
    info.samples === 0
      ? ["it holds no samples"]
      : [table(["label", "samples"], [...rows, ["all", String(info.samples)]])];
  return [sensor, ...failed, ...counts].join("\n");
}

/** Without a project labels go by their numbers. */
async function namesIn(config: string): Promise<string[]> {
  const project: Project | undefined = await loadProject(config).catch((error: FtteError) => {
    if (error.code === "file-unreadable") return undefined;
    throw error;
  });
  return project ? labelsOf(project) : [];
}

/** One line for each sample: its label, then its values in the order of its rows. */
async function exportTo(
  file: string,
  session: BoardSession,
  { recordBytes, type, elements }: SensorInfo,
  names: string[],
): Promise<void> {
  const bytes = await session.get("export");
  const elementsOf = [
    (at: number) => bytes.subarray(at + 4, at + recordBytes),
    (at: number) => new Int16Array(bytes.slice(at + 4, at + recordBytes).buffer),
    (at: number) => new Float32Array(bytes.slice(at + 4, at + recordBytes).buffer),
  ][type]!;
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += recordBytes) {
    const label = bytes[at]! | (bytes[at + 1]! << 8);
    const values = [...elementsOf(at)];
    const whole = values.length - (values.length % elements); // without what pads a record
    lines.push([names[label] ?? label, ...values.slice(0, whole)].join(","));
  }
  writeText(file, `${lines.join("\n")}\n`);
}

// ---- clear ----

/** @throws FtteError "usage" when it was not agreed to */
export async function clear(text: string, options: DataOptions & { yes?: boolean }): Promise<void> {
  await onBoard(text, options, async (board, session) => {
    const { samples } = await session.hello();
    if (!options.yes && samples > 0) await agree(`${board.name}: delete its ${samples} samples for good?`);
    await session.sampleClear();
    if (options.json) sayJson({ type: "result", ...placeOf(board), cleared: samples });
    else say(false, `${board.name}: ${samples} samples were deleted`);
  });
}

async function agree(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new FtteError("usage", `${question} Add --yes if so`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if (/^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())) return;
  } finally {
    lines.close();
  }
  throw new FtteError("interrupted", "nothing was deleted");
}

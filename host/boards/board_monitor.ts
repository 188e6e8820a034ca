// One board that is watched: its log, panics, progress and scores, through restarts of the board and of the link. Asks only what changes
// nothing on the board, and decides nothing about what is shown.

import { programOf, Symbols } from "../build/symbols.ts";
import { FtteError } from "../errors.ts";
import type { OpenPipe } from "../link/pipe.ts";
import {
  Architecture,
  type Hello,
  type LogEntry,
  LogLevel,
  type Progress,
  ResetReason,
  type Stats,
} from "../wire/spec.gen.ts";
import type { FoundBoard } from "./find.ts";
import { boardClassText, firmwareText, stateText } from "./identity.ts";
import { LogCursor } from "./log_cursor.ts";
import { type LogLevelName, logLine } from "./log_text.ts";
import type { BareMonitorEvent, MonitorEvent } from "./monitor_events.ts";
import { panicReport } from "./panic_text.ts";
import { BoardSession } from "./session.ts";
import { Waker } from "./waker.ts";

export interface MonitorOptions {
  level: LogLevelName;
  open: OpenPipe;
  /** The same board, wherever it answers now. @throws FtteError when it does not */
  find: (chipId: string) => Promise<FoundBoard>;
  emit: (event: MonitorEvent) => void;
  /** How often the board is asked, 1 s by default; less than the 10 s that it remembers a host for. */
  pollMs?: number;
}

const patienceMs = 3_000;
const retryMs = 500;
const partingMs = 500;

const unnamed =
  "the program of this build is not here, so its functions have no names; build it on this machine: ftte build --board <id>";
const outdated =
  "its firmware is older than this host and keeps neither log nor panics; flash the firmware that belongs to this host";

const nameOf = (numbers: Record<string, number>, value: number) =>
  Object.entries(numbers).find(([, number]) => number === value)?.[0] ?? "unknown";

/** What a board answers that does not know a command. */
const isUnknown = (error: unknown) => error instanceof FtteError && error.code === "command-unknown";

export class BoardMonitor {
  private readonly cursor = new LogCursor();
  private readonly waker = new Waker();
  private clockMs = 0; // the board's, when it was last asked
  private startedAt = 0; // its clock at 0, by ours
  private resets: number | undefined;
  private keepsLog = true;
  private held = false;
  private received: { first: number; entries: readonly LogEntry[] }[] = [];
  private symbols: Symbols | undefined;
  private lastProgress = "";
  private lastScore = "";

  constructor(
    private place: FoundBoard,
    private readonly options: MonitorOptions,
  ) {}

  /** Returns when `signal` fires. Rejects with nothing but mistakes of our own. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.waker.wake());
    let told = "";
    while (!signal.aborted) {
      try {
        await this.connected(signal, () => {
          told = "";
        });
      } catch (error) {
        if (!(error instanceof FtteError)) throw error;
        if (error.message !== told && !signal.aborted)
          this.emit({ type: "offline", code: error.code, text: error.message });
        told = error.message;
        await this.waker.sleep(retryMs, () => signal.aborted);
        if (!signal.aborted) await this.locate();
      }
    }
  }

  /** Where the board is now; left as it was when it is nowhere. */
  private async locate(): Promise<void> {
    try {
      this.place = await this.options.find(this.place.chipId);
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
    }
  }

  private async connected(signal: AbortSignal, answered: () => void): Promise<void> {
    const { address, baudRate, chipId, name } = this.place;
    const pipe = await this.options.open(address, baudRate === undefined ? {} : { baudRate });
    const session = new BoardSession(pipe, { name, chipId, baudRate, patienceMs });
    void pipe.closed.then(() => this.waker.wake());
    session.onLog((first, entries) => this.takeLog(first, entries));
    session.onProgress((progress) => this.takeProgress(progress));
    try {
      await this.meet(session, await session.hello());
      answered();
      while (!signal.aborted) {
        await this.waker.sleep(this.options.pollMs ?? 1000, () => signal.aborted);
        if (!signal.aborted) await this.look(session);
      }
      if (this.keepsLog) await session.log("off", { resets: 0, from: 0 }, { patienceMs: partingMs }).catch(() => {});
    } finally {
      await session.close();
    }
  }

  private async meet(session: BoardSession, hello: Hello): Promise<void> {
    const { firmwareBuild: build, samples } = hello;
    const boardClass = boardClassText(hello);
    const firmware = firmwareText(hello.firmwareVersion);
    this.emit({ type: "online", address: this.place.address, boardClass, firmware, build, samples });
    const program = programOf(build);
    this.symbols = program === undefined ? undefined : Symbols.read(program);
    this.keepsLog = true;
    if (this.resets === undefined) {
      this.resets = hello.resets;
      await this.askPanic(session);
    }
    await this.look(session);
    this.takeProgress(await session.progress());
  }

  private async askPanic(session: BoardSession): Promise<void> {
    const panic = await session.panic().catch((error) => this.withoutLog(error));
    if (!panic || panic.architecture === Architecture.none) return;
    this.emit({ type: "panic", ...panicReport(panic, this.symbols) });
    if (!this.symbols) this.emit({ type: "notice", text: unnamed });
  }

  /** Once for each connection: older firmware is watched as far as it goes. */
  private withoutLog(error: unknown): undefined {
    if (!isUnknown(error)) throw error;
    if (this.keepsLog) this.emit({ type: "notice", text: outdated });
    this.keepsLog = false;
  }

  /** What changes by itself: log, restarts, scores. */
  private async look(session: BoardSession): Promise<void> {
    if (await this.restartedSince(session)) {
      const { resetReason, resets } = await session.hello();
      this.emit({ type: "restarted", reason: nameOf(ResetReason, resetReason), resets });
      await this.askPanic(session);
      this.flush();
    }
    this.takeStats(await session.stats());
  }

  /** Asks for further log. True when the board has restarted; what it says is then held until flush(), so that it is told in order. */
  private async restartedSince(session: BoardSession): Promise<boolean> {
    const before = this.resets!;
    const asked = { resets: before, from: this.cursor.next };
    const state = this.keepsLog
      ? await session.log(this.options.level, asked).catch((error) => this.withoutLog(error))
      : undefined;
    this.resets = (state ?? (await session.hello())).resets;
    // A board that lost its flash counts its resets anew; neither its clock nor its entries go back.
    const wentBack = state !== undefined && (state.clockMs < this.clockMs || state.next < this.cursor.next);
    if (state) this.noteClock(state.clockMs);
    if (this.resets === before && !wentBack) return false;
    this.held = true;
    this.cursor.restart();
    return true;
  }

  private noteClock(ms: number): void {
    this.clockMs = ms;
    this.startedAt = Date.now() - ms;
  }

  /** Not at once: what comes in one piece with the answer to log() is understood by that answer, which its asker sees later than this. */
  private takeLog(first: number, entries: readonly LogEntry[]): void {
    this.received.push({ first, entries });
    setImmediate(() => {
      if (!this.held) this.flush();
    });
  }

  private flush(): void {
    this.held = false;
    for (const { first, entries } of this.received.splice(0)) {
      const taken = this.cursor.take(first, entries);
      if (taken.lost > 0) this.emit({ type: "lost", count: taken.lost });
      for (const entry of taken.entries) this.tellEntry(entry);
    }
  }

  private tellEntry(entry: LogEntry): void {
    if (entry.level > LogLevel[this.options.level]) return;
    const { name: code, ...line } = logLine(entry);
    const { ms, a, b, c } = entry;
    this.emit({ type: "log", ms, ...line, code, a, b, c }, this.startedAt + ms);
  }

  private takeProgress(progress: Progress): void {
    const { run, task, step, steps, loss, battery: percent } = progress;
    const battery = percent === 255 ? null : percent;
    const event = {
      type: "progress" as const,
      state: stateText(progress.state),
      run,
      task,
      step,
      steps,
      loss,
      battery,
    };
    this.emitNew(event, "lastProgress");
  }

  private takeStats({ anomalyLast: score, anomalyMean: mean, anomalyThreshold, anomalies: unusual }: Stats): void {
    if (mean === 0) return; // no autoencoder, or no sample yet
    this.emitNew({ type: "score", score, mean, threshold: anomalyThreshold || null, unusual }, "lastScore");
  }

  private emitNew(event: BareMonitorEvent, last: "lastProgress" | "lastScore"): void {
    const text = JSON.stringify(event);
    if (text !== this[last]) this.emit(event);
    this[last] = text;
  }

  private emit(event: BareMonitorEvent, atMs = Date.now()): void {
    const { chipId: board, name } = this.place;
    this.options.emit({ board, name, time: new Date(atMs).toISOString(), ...event } as MonitorEvent);
  }
}

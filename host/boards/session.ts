// One conversation with one board over one pipe: every command as a method, requests matched to replies by id and repeated until
// answered. Survives garbage, repeats and replies to others. Reconnects nothing and remembers no task: that is the fleet's work.

import { FtteError } from "../errors.ts";
import { FrameChannel, type Inbox } from "../link/channel.ts";
import type { Pipe } from "../link/pipe.ts";
import { type Pace, Retransmit } from "../link/retransmit.ts";
import { emptyPartial, getBlob, type PartialBlob, putBlob, refusal, silent } from "../link/transfer.ts";
import type { Frame } from "../wire/frame.ts";
import {
  BlobKind,
  type Capture,
  decodeHello,
  decodeLabelCount,
  decodeLogState,
  decodePanic,
  decodeProgress,
  decodeSensorInfo,
  decodeStats,
  decodeTrialReport,
  encodeCapture,
  encodeConfirm,
  encodeLogRequest,
  encodeResetOnce,
  encodeSampleAppend,
  encodeTask,
  encodeUpdateAck,
  FrameType,
  frameBodyMax,
  type Hello,
  HelloBytes,
  LabelCountBytes,
  type LogEntry,
  LogLevel,
  type LogState,
  LogStateBytes,
  type Panic,
  PanicBytes,
  type Progress,
  ProgressBytes,
  Reply,
  ResetKind,
  SampleAppendBytes,
  type SensorInfo,
  SensorInfoBytes,
  type Stats,
  StatsBytes,
  type Task,
  type TrialReport,
  TrialReportBytes,
  Verdict,
  wireVersion,
} from "../wire/spec.gen.ts";
import { chipIdText, parseChipId } from "./identity.ts";
import { decodeLogEntries } from "./log_cursor.ts";

export interface SessionOptions extends Pace {
  /** For messages; the chip id after the hello when it is not given. */
  name?: string | undefined;
  /** The chip that must be behind the pipe, in hexadecimal. */
  chipId?: string | undefined;
}

export interface ExchangeOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((have: number, total: number) => void) | undefined;
}

export interface SensorReport {
  info: SensorInfo;
  /** Samples in the log, by label. */
  counts: ReadonlyMap<number, number>;
}

export interface PutOptions extends ExchangeOptions {
  /** See TransferOptions. */
  trialSeconds?: number | undefined;
}

export type BlobKindName = keyof typeof BlobKind;

export class BoardSession {
  readonly channel: FrameChannel;
  private known: Hello | undefined;
  private answered: string | undefined;
  private progressListener: (progress: Progress) => void = () => {};
  private logListener: (first: number, entries: LogEntry[]) => void = () => {};

  constructor(
    readonly pipe: Pipe,
    private readonly options: SessionOptions = {},
  ) {
    this.channel = new FrameChannel(pipe);
    this.channel.onStray((frame) => this.takeStray(frame));
  }

  /** What messages call the board. */
  get name(): string {
    return this.options.name ?? (this.known ? chipIdText(this.known.chipId) : this.pipe.address);
  }

  /** The chip that answered, in hexadecimal; also when it was not the expected one. */
  get answeredChip(): string | undefined {
    return this.answered;
  }

  /** Progress that the board tells of its own accord. */
  onProgress(listener: (progress: Progress) => void): void {
    this.progressListener = listener;
  }

  /** Log entries that the board sends after log(), with the number of the first; they may come twice, and with gaps. */
  onLog(listener: (first: number, entries: LogEntry[]) => void): void {
    this.logListener = listener;
  }

  /**
   * Asks who the board is and how it is. Must be the first call.
   * @throws FtteError "board-silent", "board-wrong" (another chip, another wire version, or bytes that are no answer), "link-gone"
   */
  async hello(exchange: ExchangeOptions & { patienceMs?: number } = {}): Promise<Hello> {
    if (!this.known) await this.channel.flush(this.options.patienceMs ?? 1000);
    const asked = this.request(FrameType.hello, none, { least: HelloBytes, ...exchange });
    const hello = decodeHello(await asked.catch((error) => Promise.reject(this.babble(error))));
    if (hello.wireVersion !== wireVersion)
      throw new FtteError(
        "board-wrong",
        `${this.name}: speaks wire version ${hello.wireVersion}, this host speaks ${wireVersion}; flash the firmware that belongs to this host`,
      );
    const chip = chipIdText(hello.chipId);
    this.answered = chip;
    const expected = this.options.chipId;
    if (expected !== undefined && chip !== chipIdText(parseChipId(expected)))
      throw new FtteError(
        "board-wrong",
        `${this.name}: ${this.pipe.address} answers as chip ${chip}, not ${expected}; is another board plugged in there?`,
      );
    this.known = hello;
    return hello;
  }

  /** See putBlob. */
  async put(kind: BlobKindName, bytes: Uint8Array, exchange: PutOptions = {}): Promise<void> {
    await putBlob(this.channel, BlobKind[kind], bytes, this.transfer(exchange));
  }

  /** See getBlob. Keep `partial` to go on after a disconnect. */
  async get(
    kind: BlobKindName,
    exchange: ExchangeOptions = {},
    partial: PartialBlob = emptyPartial(),
  ): Promise<Uint8Array> {
    return getBlob(this.channel, BlobKind[kind], this.transfer(exchange), partial);
  }

  /** Starts a task. Starting the one that runs or is done already changes nothing. */
  async train(task: Task, exchange: ExchangeOptions = {}): Promise<void> {
    await this.request(FrameType.train, encodeTask(task), exchange);
  }

  async progress(exchange: ExchangeOptions = {}): Promise<Progress> {
    return decodeProgress(await this.request(FrameType.progress, none, { least: ProgressBytes, ...exchange }));
  }

  /** Tells the board that it may forget the update. */
  async updateAck(
    run: number,
    task: number,
    verdict: keyof typeof Verdict,
    exchange: ExchangeOptions = {},
  ): Promise<void> {
    const body = encodeUpdateAck({ run, task, verdict: Verdict[verdict], reserved: new Uint8Array(3) });
    await this.request(FrameType.updateAck, body, exchange);
  }

  /** Ends whatever the board is doing. */
  async abort(exchange: ExchangeOptions = {}): Promise<void> {
    await this.request(FrameType.abort, none, exchange);
  }

  async stats(exchange: ExchangeOptions = {}): Promise<Stats> {
    return decodeStats(await this.request(FrameType.stats, none, { least: StatsBytes, ...exchange }));
  }

  /** Appends one sample, in as many frames as it needs; `elements` as the plan's sample type. */
  async sampleAppend(label: number, elements: Uint8Array, exchange: ExchangeOptions = {}): Promise<void> {
    const head = encodeSampleAppend({ label, reserved: 0, total: elements.length });
    const room = frameBodyMax - SampleAppendBytes;
    for (let at = 0; at === 0 || at < elements.length; at += room) {
      const body = Buffer.concat([head, elements.subarray(at, at + room)]);
      await this.request(FrameType.sampleAppend, body, { ...exchange, offset: at });
    }
  }

  async sampleClear(exchange: ExchangeOptions = {}): Promise<void> {
    await this.request(FrameType.sampleClear, none, exchange);
  }

  /**
   * Has the board test the kernels that it uses.
   * @throws FtteError "busy" while it trains, "blob-absent" without kernels, "guest-…" when they fail, "command-unknown" of older firmware
   */
  async selfTest(exchange: ExchangeOptions = {}): Promise<void> {
    await this.request(FrameType.selfTest, none, { patienceMs: selfTestPatienceMs, ...exchange });
  }

  /**
   * Asks for the log from entry `from` of this start (Hello.resets) on; to be asked again within 10 s, or the board sends no more. "off" ends it.
   * @throws FtteError "command-unknown" of older firmware
   */
  async log(
    level: keyof typeof LogLevel,
    { resets, from }: { resets: number; from: number },
    exchange: ExchangeOptions & { patienceMs?: number } = {},
  ): Promise<LogState> {
    const body = encodeLogRequest({ level: LogLevel[level], reserved: 0, resets, from });
    return decodeLogState(await this.request(FrameType.log, body, { least: LogStateBytes, ...exchange }));
  }

  /** What the last start ended in; `architecture` none when it was no fault and no hang. @throws FtteError "command-unknown" of older firmware */
  async panic(exchange: ExchangeOptions = {}): Promise<Panic> {
    return decodePanic(await this.request(FrameType.panic, none, { least: PanicBytes, ...exchange }));
  }

  /** What its sensor and its log are like, and how many samples of each label the log holds. @throws FtteError "command-unknown" of old firmware */
  async sensorInfo(exchange: ExchangeOptions = {}): Promise<SensorReport> {
    const counts = new Map<number, number>();
    for (let from = 0; ; ) {
      const asked = { least: SensorInfoBytes, ...exchange, offset: from };
      const body = await this.request(FrameType.sensorInfo, none, asked);
      const part = labelCounts(body);
      for (const { label, count } of part) counts.set(label, count);
      if (part.length === 0) return { info: decodeSensorInfo(body), counts };
      from = part.at(-1)!.label + 1;
    }
  }

  /**
   * Begins to record what the sensor measures from now on under a label, in the place of whatever is being captured; duration 0 ends it.
   * @throws FtteError "sensor-absent", "busy", "sample-size" when the log holds other samples or the plan takes others, "argument"
   */
  async capture(capture: Omit<Capture, "reserved">, exchange: ExchangeOptions = {}): Promise<void> {
    await this.request(FrameType.capture, encodeCapture({ ...capture, reserved: 0 }), exchange);
  }

  /**
   * Makes kernels or firmware on trial the board's own.
   * @param crc CRC-32 of the blob that was put
   * @throws FtteError "trial-over" when the board has given it up, "command-unknown" of older firmware
   */
  async confirm(kind: "kernels" | "firmware", crc: number, exchange: ExchangeOptions = {}): Promise<void> {
    const body = encodeConfirm({ kind: BlobKind[kind], reserved: new Uint8Array(3), crc });
    await this.request(FrameType.confirm, body, exchange);
  }

  /** What is on trial, and what was given up last. @throws FtteError "command-unknown" of older firmware */
  async trial(exchange: ExchangeOptions = {}): Promise<TrialReport> {
    return decodeTrialReport(await this.request(FrameType.trial, none, { least: TrialReportBytes, ...exchange }));
  }

  /**
   * Restarts the board; returns when it has answered that it will.
   * @param resets of its last hello: a board that was reset since then is not reset again, however often this is sent
   */
  async reset(kind: keyof typeof ResetKind, exchange: ExchangeOptions & { resets?: number } = {}): Promise<void> {
    const { resets } = exchange;
    const once = resets === undefined ? undefined : encodeResetOnce({ kind: ResetKind[kind], reserved: 0, resets });
    await this.request(FrameType.reset, once ?? Uint8Array.of(ResetKind[kind]), exchange);
  }

  async close(): Promise<void> {
    await this.pipe.close();
  }

  /** A port that talks, but never in our words, is another matter than silence. */
  private babble(error: unknown): unknown {
    const { bytesUp, repliesHeard } = this.channel;
    const { address } = this.pipe;
    const where = this.name === address ? "" : `${address} `;
    if (!(error instanceof FtteError) || error.code !== "board-silent" || bytesUp === 0 || repliesHeard > 0)
      return error;
    return new FtteError(
      "board-wrong",
      `${this.name}: ${where}sends ${bytesUp} bytes that are no answer; is it another device, another firmware or another baud rate?`,
      { cause: error },
    );
  }

  private transfer(exchange: PutOptions) {
    return { ...this.options, ...exchange, board: this.name, windowBytes: this.known?.windowBytes };
  }

  /** Sends a request until its reply comes; repeats carry the same id, so a late reply to an earlier one counts. */
  private async request(type: FrameType, body: Uint8Array, exchange: RequestOptions = {}): Promise<Uint8Array> {
    const pace = new Retransmit(
      { ...this.options, patienceMs: exchange.patienceMs ?? this.options.patienceMs },
      frameBodyMax,
    );
    const inbox = this.channel.converse();
    const frame = { type, id: inbox.id, offset: exchange.offset ?? 0, body };
    try {
      do {
        await this.channel.send([frame], pace.waitMs);
        const reply = await this.reply(inbox, frame, pace, exchange);
        if (reply) return reply.body;
      } while (pace.late());
    } finally {
      inbox.end();
    }
    throw silent(this.name, pace.patienceMs);
  }

  private async reply(inbox: Inbox, request: Frame, pace: Retransmit, exchange: RequestOptions) {
    for (;;) {
      const reply = await inbox.next(pace.waitMs, exchange.signal);
      if (reply?.type === Reply.error) throw refusal(reply, this.name);
      if (!reply || pace.spent) return undefined;
      if (reply.type === (request.type | Reply.flag) && reply.body.length >= (exchange.least ?? 0)) return reply;
    }
  }

  private takeStray(frame: Frame): void {
    if (frame.type === (FrameType.progress | Reply.flag) && frame.body.length >= ProgressBytes)
      this.progressListener(decodeProgress(frame.body));
    if (frame.type === (FrameType.log | Reply.flag)) this.logListener(frame.offset, decodeLogEntries(frame.body));
  }
}

interface RequestOptions extends ExchangeOptions {
  offset?: number;
  /** Shorter replies are no replies. */
  least?: number;
  patienceMs?: number;
}

/** A board gives each call of the kernels 30 s (docs/wire.md, "When a board hangs"). */
const selfTestPatienceMs = 35_000;
const none = new Uint8Array(0);

/** What stands behind a SensorInfo. */
function labelCounts(body: Uint8Array) {
  const count = Math.floor((body.length - SensorInfoBytes) / LabelCountBytes);
  return Array.from({ length: count }, (_, i) =>
    decodeLabelCount(body.subarray(SensorInfoBytes + i * LabelCountBytes)),
  );
}

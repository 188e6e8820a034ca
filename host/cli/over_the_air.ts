// Kernels or firmware for one board over its usual link, until the board uses them for good or is back at what it used before: send on trial,
// hear the new one's hello over a new connection, confirm, read back (docs/over-the-air.md). The link may break at any step; what the board
// holds of the blob is not sent again.

import { setTimeout } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { firmwareText } from "../boards/identity.ts";
import type { BoardSession } from "../boards/session.ts";
import { FtteError } from "../errors.ts";
import { BlobKind, Feature, type Hello, ReturnReason } from "../wire/spec.gen.ts";
import type { ConsoleBoard } from "./console/board.ts";
import type { UpdateStage } from "./view/flashing.ts";

export type AirBlob = { kind: "kernels"; bytes: Uint8Array } | { kind: "firmware"; bytes: Uint8Array; build: number };

export interface AirOptions {
  /** How long the board tries the blob before it goes back, unless it is confirmed; 1 to 255. */
  trialSeconds: number;
  /** How long a link may stay away; 30 s by default. */
  patienceMs?: number;
  onStage: (stage: UpdateStage, done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface AirReport {
  /** "held": the board had it already. */
  outcome: "updated" | "held";
  before: string;
  after: string;
}

const retryMs = 100;
/** A board may take so long to lay out flash and come back, beside its trial. */
const restartMs = 20_000;
/** Worth another try: the link, not the blob. */
const passing: readonly string[] = ["link-gone", "board-silent", "port-absent", "port-busy"];
const isPassing = (error: unknown): error is FtteError => error instanceof FtteError && passing.includes(error.code);

/** What a board uses, for people: the checksum of its kernels, or its firmware's version and build. */
export function inUse(kind: AirBlob["kind"], hello: Hello): string {
  if (kind === "firmware") return `${firmwareText(hello.firmwareVersion)} build ${hello.firmwareBuild}`;
  return hello.kernelsCrc === 0 ? "none" : hello.kernelsCrc.toString(16).padStart(8, "0");
}

/**
 * @throws FtteError "update-returned" when the board went back, "board-lost" or the link's
 *   error when it does not come back, "interrupted", or what the board refuses the blob with
 */
export async function overTheAir(board: ConsoleBoard, blob: AirBlob, options: AirOptions): Promise<AirReport> {
  return new Update(board, blob, options).run();
}

/** Asked before anything is built or sent. @throws FtteError "update-refused" with the reason and what to do instead */
export function requirePossible(board: { name: string; hello: Hello }, kind: AirBlob["kind"]): void {
  const { name, hello } = board;
  if (kind === "firmware" && !(hello.features & Feature.firmwareUpdate))
    throw new FtteError(
      "update-refused",
      `${name}: its firmware has no second place in flash for another one, so it is not updated over the air; write it with: ftte flash ${name}`,
    );
  if (kind === "kernels" && hello.features & Feature.aot)
    throw new FtteError(
      "update-refused",
      `${name}: its kernels are part of its firmware (engine aot); new ones come with new firmware: ftte update ${name} --firmware, or ftte flash ${name} --engine aot`,
    );
}

class Update {
  private readonly crc: number;

  constructor(
    private readonly board: ConsoleBoard,
    private readonly blob: AirBlob,
    private readonly options: AirOptions,
  ) {
    this.crc = crc32(blob.bytes);
  }

  async run(): Promise<AirReport> {
    const hello = await this.steadily((session) => session.hello());
    const before = inUse(this.blob.kind, hello);
    if (!this.uses(hello)) {
      await this.send();
      await this.hearNew();
    } else if ((await this.steadily(onTrial)) !== BlobKind[this.blob.kind])
      return { outcome: "held", before, after: before };
    await this.confirm();
    const after = await this.steadily((session) => session.hello());
    if (!this.uses(after)) throw await this.returned();
    return { outcome: "updated", before, after: inUse(this.blob.kind, after) };
  }

  private uses(hello: Hello): boolean {
    return this.blob.kind === "kernels" ? hello.kernelsCrc === this.crc : hello.firmwareBuild === this.blob.build;
  }

  private async send(): Promise<void> {
    const { kind, bytes } = this.blob;
    const { trialSeconds, signal, onStage } = this.options;
    const onProgress = (have: number, total: number) => onStage("sending", have, total);
    await this.steadily((session) => session.put(kind, bytes, { trialSeconds, signal, onProgress }));
  }

  /** Over a new connection, and for firmware from the restarted board. @throws FtteError "update-returned" */
  private async hearNew(): Promise<void> {
    this.options.onStage("restarting", 0, 0);
    const hello = await (this.blob.kind === "firmware" ? this.restarted() : this.heardAnew());
    if (!this.uses(hello)) throw await this.returned();
  }

  /** Exactly one reset: a second one would end the trial that the first one began. */
  private async restarted(): Promise<Hello> {
    const before = await this.steadily((session) => session.hello());
    const { resets } = before;
    if (this.uses(before)) return before; // its power failed, and it tries the new one already
    const endMs = performance.now() + restartMs + 1000 * this.options.trialSeconds;
    await this.steadily((session) => session.reset("board", { resets }));
    for (;;) {
      const hello = await this.steadily((session) => session.hello());
      if (hello.resets !== resets) return hello;
      if (performance.now() > endMs)
        throw new FtteError("board-lost", `${this.board.name}: holds the new firmware and does not restart; reset it`);
      await setTimeout(retryMs);
    }
  }

  private async heardAnew(): Promise<Hello> {
    await this.board.close();
    return this.steadily((session) => session.hello());
  }

  private async confirm(): Promise<void> {
    const { kind } = this.blob;
    this.options.onStage("confirming", 0, 0);
    try {
      await this.steadily((session) => session.confirm(kind, this.crc));
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      if (error.code === "trial-over") throw await this.returned();
      // Firmware that knows no trials has taken the kernels for good.
      if (error.code !== "command-unknown" || kind === "firmware") throw error;
    }
  }

  private async returned(): Promise<FtteError> {
    const { kind } = this.blob;
    const [hello, report] = await this.steadily(async (session) => [await session.hello(), await session.trial()]);
    const told = report.returnedKind === BlobKind[kind] && report.returnedCrc === this.crc;
    const why = told ? reasonText[report.returnedReason] : undefined;
    return new FtteError(
      "update-returned",
      `${this.board.name}: went back to ${kind} ${inUse(kind, hello)}: ${why ?? "it was reset before the new one was in use"}; it works as before`,
    );
  }

  /** Again over a new connection while the link is what fails. */
  private async steadily<T>(work: (session: BoardSession) => Promise<T>): Promise<T> {
    const { patienceMs = 30_000, signal } = this.options;
    const endMs = performance.now() + patienceMs;
    for (;;)
      try {
        if (signal?.aborted) throw new FtteError("interrupted", `${this.board.name}: interrupted`);
        return await work(await this.board.session());
      } catch (error) {
        if (!isPassing(error) || performance.now() > endMs) throw error;
        await this.board.reconnect(error.code === "port-absent");
        await setTimeout(retryMs);
      }
  }
}

/** The kind of the blob on trial; 0 for none, and of firmware that knows no trials. */
const onTrial = (session: BoardSession): Promise<number> =>
  session.trial().then(
    ({ runningKind }) => runningKind,
    (error) => {
      if (error instanceof FtteError && error.code === "command-unknown") return 0;
      throw error;
    },
  );

const reasonText: Readonly<Record<number, string>> = {
  [ReturnReason.selfTest]: "with the new firmware the kernels failed their self-test",
  [ReturnReason.time]: "the new one was not confirmed in its time",
  [ReturnReason.reset]: "it was reset before the new one was confirmed",
  [ReturnReason.watchdog]: "the new one hung, and the watchdog reset the board",
  [ReturnReason.fault]: "the new one faulted",
  [ReturnReason.replaced]: "other kernels were sent",
};

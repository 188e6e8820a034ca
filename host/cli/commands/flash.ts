// `ftte flash`: builds boards' firmware, writes it by each board's method, several at once, and waits for the new firmware's own hello. A
// board that fails is told of with the state it is in, and the others go on.

import { readFileSync } from "node:fs";
import { isLocal } from "../../boards/config.ts";
import { chipIdText } from "../../boards/identity.ts";
import { toolsOf } from "../../boards/local_board.ts";
import type { Firmware } from "../../build/firmware.ts";
import type { Engine } from "../../build/port.ts";
import { requireTools } from "../../build/toolchain.ts";
import { FtteError } from "../../errors.ts";
import { firstHello } from "../../flash/first_hello.ts";
import type { FlashReport } from "../../flash/method.ts";
import { flashMethod } from "../../flash/methods.ts";
import type { Place } from "../../flash/places.ts";
import { trial } from "../../flash/trial.ts";
import { boardFirmware } from "../board_firmware.ts";
import { type FlashTarget, flashTargets, type TargetOptions } from "../flash_targets.ts";
import { say } from "../output.ts";
import { onSeveralBoards } from "../several_boards.ts";
import type { FlashEvent, FlashOutput } from "../view/flashing.ts";

export interface FlashOptions extends Omit<TargetOptions, "boards"> {
  engine: Engine;
  /** Samples may be read out of the boards. */
  allowExport?: boolean;
  recover?: boolean;
  verify?: boolean;
  config?: string;
  json?: boolean;
}

/** What became of one board. */
type Outcome = { board: string; config: string } & (
  | { ok: true; flashed?: FlashReport; build: number; chipId?: string }
  | { ok: false; code: string; message: string }
);

/** Exit status 3 when one of the boards failed. */
export async function flash(boards: string[], options: FlashOptions): Promise<void> {
  const targets = await flashTargets({ ...options, boards });
  const firmware = await buildAll(targets, options);
  await onSeveralBoards(targets, options.json, (target, output, signal) =>
    new Flashing(target, firmware.get(target.board.id)!, options, output, signal).run(),
  );
}

/** Each config's firmware, one after the other: each takes all cores. */
async function buildAll(targets: FlashTarget[], options: FlashOptions): Promise<ReadonlyMap<string, Firmware>> {
  const built = new Map<string, Firmware>();
  for (const { board } of targets) {
    if (built.has(board.id)) continue;
    if (isLocal(board)) requireTools(board.id, toolsOf(board));
    say(options.json, `builds ${board.id}`);
    built.set(board.id, await boardFirmware(board, options.engine, options));
  }
  return built;
}

class Flashing {
  constructor(
    private readonly target: FlashTarget,
    private readonly firmware: Firmware,
    private readonly options: FlashOptions,
    private readonly output: FlashOutput,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Outcome> {
    const { name, board } = this.target;
    const head = { board: name, config: board.id };
    try {
      return { ...head, ok: true, build: this.firmware.build, ...(await this.flashed()) };
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      this.tell("failed", 0, 0, error.code);
      return { ...head, ok: false, code: error.code, message: error.message };
    }
  }

  private async flashed(): Promise<{ flashed?: FlashReport; chipId?: string }> {
    const { board, place, link } = this.target;
    if (!place) return this.tried();
    const report = await this.write(place);
    if (link === undefined) {
      this.tell(
        "done",
        0,
        0,
        `${proof(report)}; its link is elsewhere (${board.link.note ?? "its UART pins"}): name the port with --link to hear its hello`,
      );
      return { flashed: report };
    }
    this.tell("starting");
    const hello = await firstHello(link, this.expected, { signal: this.signal });
    const chipId = chipIdText(hello.chipId);
    this.tell("done", 0, 0, `${proof(report)}; chip ${chipId} said hello`);
    return { flashed: report, chipId };
  }

  private async write({ method, address }: Place): Promise<FlashReport> {
    const { name, board } = this.target;
    const { flashed } = this.firmware;
    if (!flashed) throw new FtteError("flash-method", `${name}: port ${board.port} makes no image to flash`);
    const write = await flashMethod(board, method);
    return write({
      ...{ board, name, address, recover: this.options.recover === true, verify: this.options.verify === true },
      segments: [{ address: flashed.address, bytes: readFileSync(flashed.path) }],
      onProgress: (stage, done, total) => this.tell(stage, done, total),
      signal: this.signal,
    });
  }

  private async tried(): Promise<{ chipId: string }> {
    this.tell("starting");
    const hello = await trial(this.firmware.path, this.expected, { signal: this.signal });
    this.tell("done", 0, 0, `${this.target.board.flashing.note}; a board that ran it for a moment said hello`);
    return { chipId: chipIdText(hello.chipId) };
  }

  private get expected() {
    const { name, board, chipId } = this.target;
    return { name, board, build: this.firmware.build, ...(this.target.place && { chipId }) };
  }

  private tell(stage: FlashEvent["stage"], done = 0, total = 0, text?: string): void {
    this.output.on({ type: "flash", board: this.target.name, stage, done, total, ...(text !== undefined && { text }) });
  }
}

const proof = ({ bytes, verified }: FlashReport) =>
  `${bytes} bytes, verified by ${{ "read-back": "reading them back", hash: "their hash", bootloader: "the bootloader" }[verified]}`;

// `ftte update`: kernels or firmware for boards that run, over their usual link, several at once. A board that goes back to what it used
// before is told of with the reason, and the others go on. What happens to one board is over_the_air.ts.

import { readFileSync } from "node:fs";
import type { FoundBoard } from "../../boards/find.ts";
import { KnownBoards } from "../../boards/names.ts";
import { buildGuest } from "../../build/guest.ts";
import { builtGuest } from "../../build/root.ts";
import { FtteError } from "../../errors.ts";
import { Feature } from "../../wire/spec.gen.ts";
import { boardFirmware } from "../board_firmware.ts";
import { ConsoleBoard } from "../console/board.ts";
import { everyPort } from "../every_port.ts";
import { firmwareBlob } from "../firmware_blob.ts";
import { configOf, namedBoards } from "../flash_targets.ts";
import { type AirBlob, type AirReport, inUse, overTheAir, requirePossible } from "../over_the_air.ts";
import { onSeveralBoards } from "../several_boards.ts";
import type { FlashEvent, FlashOutput } from "../view/flashing.ts";

export interface UpdateOptions {
  kernels?: boolean;
  firmware?: boolean;
  board?: string;
  port?: string[];
  /** Of the trial. */
  seconds: number;
  config: string;
  json?: boolean;
}

type Outcome = { board: string; chipId: string; what: AirBlob["kind"]; bytes?: number } & (
  | ({ ok: true } & AirReport)
  | { ok: false; before: string; after?: string; code: string; message: string }
);

/** Exit status 3 when one of the boards failed or went back. */
export async function update(names: string[], options: UpdateOptions): Promise<void> {
  if (options.kernels && options.firmware)
    throw new FtteError("usage", "one at a time: --firmware first, then --kernels");
  const { config, port } = options;
  const found = await namedBoards({ boards: names, config, ...(port && { port }) });
  const blobs = new Blobs(options);
  await onSeveralBoards(found, options.json, (board, output, signal) =>
    new Updating(board, blobs, options, output, signal).run(),
  );
}

/** What boards get, each built once. */
class Blobs {
  private readonly made = new Map<string, Promise<AirBlob>>();

  constructor(private readonly options: UpdateOptions) {}

  get kind(): AirBlob["kind"] {
    return this.options.firmware ? "firmware" : "kernels";
  }

  of(board: FoundBoard): Promise<AirBlob> {
    const key = this.kind === "kernels" ? "" : `${board.boardClass} ${board.hello.features & Feature.aot}`;
    const made = this.made.get(key) ?? (this.kind === "kernels" ? builtKernels() : this.builtFirmware(board));
    this.made.set(key, made);
    return made;
  }

  private async builtFirmware(found: FoundBoard): Promise<AirBlob> {
    const board = configOf(found, this.options.board);
    const { build, images } = await boardFirmware(board, found.hello.features & Feature.aot ? "aot" : "wasm3");
    const image = images.find((path) => path.endsWith(".image"));
    if (image === undefined) throw new FtteError("update-refused", noImage(found.name, board.port));
    const { firmwareVersion: version } = found.hello;
    const bytes = firmwareBlob({ boardClass: board.class, build, version, bytes: readFileSync(image) });
    return { kind: "firmware", bytes, build };
  }
}

async function builtKernels(): Promise<AirBlob> {
  await buildGuest();
  return { kind: "kernels", bytes: readFileSync(builtGuest("kernels.wasm")) };
}

const noImage = (name: string, port: string) =>
  `${name}: port ${port} has no boot stage that could start firmware from over the air; write it with: ftte flash ${name}`;

class Updating {
  constructor(
    private readonly found: FoundBoard,
    private readonly blobs: Blobs,
    private readonly options: UpdateOptions,
    private readonly output: FlashOutput,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Outcome> {
    const { name, chipId } = this.found;
    const head = { board: name, chipId, what: this.blobs.kind };
    const board = await ConsoleBoard.find(this.found.address, await finding(this.options));
    try {
      return { ...head, ...(await this.updated(board)) };
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      this.tell("failed", 0, 0, error.code);
      const { code, message } = error;
      return { ...head, ok: false, before: this.before, ...(await this.usedNow(board)), code, message };
    } finally {
      await board.close();
    }
  }

  private get before(): string {
    return inUse(this.blobs.kind, this.found.hello);
  }

  private async updated(board: ConsoleBoard): Promise<AirReport & { ok: true; bytes: number }> {
    const { found, signal } = this;
    requirePossible(found, this.blobs.kind);
    const blob = await this.blobs.of(found);
    const onStage = (stage: FlashEvent["stage"], done: number, total: number) => this.tell(stage, done, total);
    const report = await overTheAir(board, blob, { trialSeconds: this.options.seconds, onStage, signal });
    this.tell("done", 0, 0, doneText(blob.kind, report));
    return { ok: true, bytes: blob.bytes.length, ...report };
  }

  /** What the board says after a failure, if it says anything. */
  private async usedNow(board: ConsoleBoard): Promise<{ after?: string }> {
    try {
      return { after: inUse(this.blobs.kind, await (await board.session()).hello({ patienceMs: 3000 })) };
    } catch (error) {
      if (error instanceof FtteError) return {};
      throw error;
    }
  }

  private tell(stage: FlashEvent["stage"], done: number, total: number, text?: string): void {
    this.output.on({ type: "update", board: this.found.name, stage, done, total, ...(text !== undefined && { text }) });
  }
}

async function finding({ config, port }: UpdateOptions) {
  const known = KnownBoards.read();
  const ports = port?.map((address) => ({ address, kind: "serial" as const }));
  return { known, ports: async () => ports ?? everyPort(config, known) };
}

const doneText = (kind: AirBlob["kind"], { outcome, before, after }: AirReport) =>
  outcome === "held" ? `has ${kind} ${after} already` : `${kind} ${before} → ${after}`;

// Where a watched board's words go: standard output (lines, columns, with a live line of each board's state on a terminal; NDJSON with --json)
// and, with --save, a file. Which of them are shown is decided here: --filter. What they say is view/monitor.ts.

import { appendFileSync } from "node:fs";
import { createLogUpdate } from "log-update";
import type { MonitorEvent } from "../boards/monitor_events.ts";
import { FtteError } from "../errors.ts";
import { say, sayJson } from "./output.ts";
import { type BoardStatus, fitsColumns, inColumn, isStatus, prefixed, statusLine, textOf } from "./view/monitor.ts";

export interface MonitorOutputOptions {
  /** Names of the boards, by chip id, in the order of their columns. */
  boards: ReadonlyMap<string, string>;
  json?: boolean | undefined;
  filter?: string | undefined;
  save?: string | undefined;
}

export class MonitorOutput {
  private readonly stream: NodeJS.WriteStream;
  private readonly live: ReturnType<typeof createLogUpdate> | undefined;
  private readonly statuses: Map<string, BoardStatus>;
  private readonly nameWidth: number;

  /** @throws FtteError "file-unwritable" when `save` cannot be written to */
  constructor(private readonly options: MonitorOutputOptions) {
    const names = [...options.boards.values()];
    this.stream = options.json ? process.stderr : process.stdout;
    this.live = this.stream.isTTY ? createLogUpdate(this.stream, { showCursor: true }) : undefined;
    this.statuses = new Map([...options.boards].map(([id, name]) => [id, { name, online: false }]));
    this.nameWidth = Math.max(...names.map((name) => name.length));
    this.keep("");
    const { columns } = this;
    if (columns) this.print(names.map((name, i) => inColumn(name, i, names.length, columns)).join("\n"));
  }

  /** @throws FtteError "file-unwritable" */
  on(event: MonitorEvent): void {
    this.note(event);
    if (!this.isShown(event)) return;
    const { json } = this.options;
    this.keep(`${json ? JSON.stringify(event) : prefixed(event, this.nameWidth)}\n`);
    if (json) sayJson(event);
    if (!this.live || !isStatus(event)) this.print(this.lineOf(event));
    this.draw();
  }

  /** Ends the live lines. The result comes after it. */
  close(): void {
    this.live?.done();
  }

  /** The terminal's width where the boards have columns. */
  private get columns(): number | undefined {
    const width = this.stream.isTTY ? this.stream.columns : 0;
    return fitsColumns(this.options.boards.size, width) ? width : undefined;
  }

  private lineOf(event: MonitorEvent): string {
    const ids = [...this.options.boards.keys()];
    const { columns } = this;
    if (columns) return inColumn(textOf(event), ids.indexOf(event.board), ids.length, columns);
    return ids.length === 1 ? textOf(event) : prefixed(event, this.nameWidth);
  }

  private print(text: string): void {
    this.live?.clear();
    say(this.options.json, text);
  }

  private draw(): void {
    this.live?.([...this.statuses.values()].map(statusLine).join("\n"));
  }

  private note(event: MonitorEvent): void {
    const status = this.statuses.get(event.board);
    if (!status) return;
    if (event.type === "online") status.online = true;
    if (event.type === "offline") status.online = false;
    if (event.type === "progress") status.progress = event;
    if (event.type === "score") status.score = event;
  }

  private isShown(event: MonitorEvent): boolean {
    const { filter } = this.options;
    return filter === undefined || textOf(event).toLowerCase().includes(filter.toLowerCase());
  }

  private keep(text: string): void {
    const { save } = this.options;
    if (save === undefined) return;
    try {
      appendFileSync(save, text);
    } catch (cause) {
      throw new FtteError("file-unwritable", `${save} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
}

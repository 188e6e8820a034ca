// What a board that is watched says, as lines of text: one after the other with the board's name in front, or several boards side by side in
// columns; and one line of how each is. Pure.

import type { MonitorEvent } from "../../boards/monitor_events.ts";
import { bar } from "./text.ts";

const leastColumn = 48;
const gap = 2;

/** True when `count` boards have room beside each other. */
export const fitsColumns = (count: number, width: number) => count > 1 && columnWidth(count, width) >= leastColumn;

const columnWidth = (count: number, width: number) => Math.floor((width - gap * (count - 1)) / count);

const number = (value: number) => Number(value.toPrecision(4)).toString();

/** Local time to the millisecond, as people read clocks. */
function clock(time: string): string {
  const at = new Date(time);
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

function words(event: MonitorEvent): string {
  switch (event.type) {
    case "online":
      return `online at ${event.address}: ${event.boardClass}, firmware ${event.firmware}, ${event.samples} samples`;
    case "offline":
      return `offline: ${event.text}`;
    case "restarted":
      return `restarted: ${event.reason}`;
    case "log":
      return `${event.level.padEnd(7)} ${event.text}`;
    case "lost":
      return `${event.count} log entries were lost before this one`;
    case "panic":
      return `PANIC   ${event.text}`;
    case "progress":
      return event.steps === 0
        ? event.state
        : `${event.state}: task ${event.task}, step ${event.step} of ${event.steps}, loss ${number(event.loss)}`;
    case "score":
      return `score ${number(event.score)}, ${event.threshold === null ? "learning its baseline" : `unusual above ${number(event.threshold)}`}, ${event.unusual} unusual so far`;
    case "notice":
      return event.text;
  }
}

/** Without the board's name. */
export const textOf = (event: MonitorEvent): string => `${clock(event.time)} ${words(event)}`;

/** With the board's name in front, names as wide as the widest. */
export const prefixed = (event: MonitorEvent, nameWidth: number): string =>
  `${event.name.padEnd(nameWidth)}  ${textOf(event)}`;

/** The text in the column of board number `index` of `count`, broken between words where it is too long. */
export function inColumn(text: string, index: number, count: number, width: number): string {
  const own = columnWidth(count, width);
  const indent = " ".repeat(index * (own + gap));
  return broken(text, own)
    .map((line) => `${indent}${line}`.trimEnd())
    .join("\n");
}

/** Lines of at most `width` characters; a word that is longer is cut. */
function broken(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ").flatMap((w) => w.match(new RegExp(`.{1,${width - 2}}`, "gu")) ?? [""])) {
    const last = lines.at(-1)!;
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines;
}

/** Progress and score are how a board is, not what happened: on a terminal they stay in one line of it. */
export const isStatus = (event: MonitorEvent) => event.type === "progress" || event.type === "score";

export interface BoardStatus {
  name: string;
  progress?: MonitorEvent & { type: "progress" };
  score?: MonitorEvent & { type: "score" };
  online: boolean;
}

export function statusLine({ name, progress, score, online }: BoardStatus): string {
  const parts = [online ? (progress?.state ?? "idle") : "offline"];
  if (online && progress && progress.steps > 0)
    parts.push(`${bar(progress.step / progress.steps, 12)} task ${progress.task} loss ${number(progress.loss)}`);
  if (progress?.battery != null) parts.push(`battery ${progress.battery} %`);
  if (score) parts.push(`score ${number(score.score)} of ${score.threshold === null ? "–" : number(score.threshold)}`);
  if (score?.unusual) parts.push(`${score.unusual} unusual`);
  return `${name}: ${parts.join(" · ")}`;
}

// How far a capture is: one line, redrawn in a terminal; elsewhere a line every few seconds.

import { createLogUpdate } from "log-update";
import type { SensorInfo } from "../../wire/spec.gen.ts";

const everyMs = 5000;

export interface CaptureView {
  show(info: SensorInfo): void;
  close(): void;
}

/** @param out standard output, or standard error with --json */
export function captureView(out: NodeJS.WriteStream, label: string, seconds: number): CaptureView {
  const line = ({ leftMs, kept }: SensorInfo) =>
    `recording "${label}": ${Math.round(seconds - leftMs / 1000)} of ${seconds} s, ${kept} windows`;
  if (out.isTTY) {
    const update = createLogUpdate(out);
    return { show: (info) => update(line(info)), close: () => update.done() };
  }
  let toldMs = Number.NEGATIVE_INFINITY;
  return {
    show(info) {
      if (performance.now() - toldMs < everyMs) return;
      toldMs = performance.now();
      out.write(`${line(info)}\n`);
    },
    close() {},
  };
}

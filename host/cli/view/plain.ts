// A run as plain lines, for logs and pipes: what changed, when, and a summary every few seconds.

import type { RunEvent } from "../../fl/events.ts";
import { emptyView, lastAccuracy, reduce } from "./state.ts";
import { minutes, percent } from "./text.ts";

/** Writes a line for each event that a reader of a log wants; progress is summed up every ten seconds. */
export function plainView(write: (line: string) => void): { on(event: RunEvent): void; close(): void } {
  const view = emptyView();
  let summarised = 0;
  const name = (id: string) => view.boards.get(id)?.name ?? id;
  const line = (event: RunEvent): string | undefined => {
    switch (event.type) {
      case "started":
        return `run ${event.run} ${event.resumed ? "goes on" : "starts"}: ${event.boards.length} boards, ${event.parameters} parameters`;
      case "board":
        return event.activity === "offline" || event.note
          ? `${name(event.board)} ${event.note ?? "is offline"}`
          : undefined;
      case "update":
        if (event.outcome === "folded" && !event.reason) return undefined;
        return `${name(event.board)}: update ${event.outcome}${event.reason ? `: ${event.reason}` : ""}`;
      case "evaluation":
        return `version ${event.version}: accuracy ${percent(event.accuracy)}`;
      case "notice":
        return event.text;
      default:
        return undefined;
    }
  };
  return {
    on(event) {
      reduce(view, event);
      const text = line(event);
      if (text) write(`${minutes(event.seconds)}  ${text}`);
      if (event.seconds - summarised < 10) return;
      summarised = event.seconds;
      const training = [...view.boards.values()].filter((b) => b.activity === "training").length;
      const accuracy = lastAccuracy(view);
      write(
        `${minutes(event.seconds)}  version ${view.version}, ${view.updates.folded} updates folded, ${training} boards training${accuracy === undefined ? "" : `, accuracy ${percent(accuracy)}`}`,
      );
    },
    close() {},
  };
}

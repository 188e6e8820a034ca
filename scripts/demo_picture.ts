// Draws docs/demo.svg, the README's picture of the running demo, from the events of a real one: the live view exactly as a terminal shows it
// at the last moment at which a board is offline and another one has been killed, and below it the accuracy of the whole run.
//
//     npm run picture                  # runs ./scripts/demo --json first
//     npm run picture -- demo.ndjson   # from the events that a demo has printed
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { render } from "../host/cli/view/live.ts";
import { emptyView, type RunView, reduce } from "../host/cli/view/state.ts";
import { minutes } from "../host/cli/view/text.ts";
import { type Tone, toned } from "../host/cli/view/tone.ts";
import type { RunEvent } from "../host/fl/events.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "docs/demo.svg");
const columns = 106;
const cell = { width: 8.4, height: 18 };
const margin = { x: 18, top: 52 };
const chart = { height: 150, left: 62, bottom: 34 };
const fills: Record<Tone, string> = {
  plain: "#d4d8df",
  faint: "#59616e",
  good: "#7fc97f",
  busy: "#7aa8e8",
  bad: "#ee7d73",
  curve: "#5cc8d0",
};
/** Braille dots 1 to 8 of a cell: column, row. */
const dots = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
] as const;

function printed(path: string | undefined): string {
  if (path) return readFileSync(path, "utf8");
  const svg = join(mkdtempSync(join(tmpdir(), "ftte-picture-")), "curve.svg");
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  return execFileSync(join(root, "scripts/demo"), ["--json", "--svg", svg], {
    encoding: "utf8",
    stdio,
    maxBuffer: 1 << 28,
  });
}

const offline = (view: RunView) => [...view.boards.values()].filter((b) => b.activity === "offline").length;
const atWork = (view: RunView) => [...view.boards.values()].filter((b) => b.progress > 0 && b.progress < 1).length;

/** The view when a board was killed and the most boards are offline, of such moments the one with most tasks under way; and at the end. */
function views(events: RunEvent[]): { moment: RunView; end: RunView } {
  const view = emptyView();
  let best = { count: 0, offline: 0, atWork: 0 };
  for (const [i, event] of events.entries()) {
    reduce(view, event);
    const now = { count: i + 1, offline: offline(view), atWork: atWork(view) };
    const better = now.offline - best.offline || now.atWork - best.atWork;
    if (better > 0 && view.notices.some((n) => n.text.includes("killed"))) best = now;
  }
  if (best.count === 0) throw new Error("no board of these events is offline after one was killed; are they a demo's?");
  const moment = emptyView();
  for (const event of events.slice(0, best.count)) reduce(moment, event);
  return { moment, end: view };
}

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const number = (value: number) => String(Math.round(value * 10) / 10);

const left = (column: number) => margin.x + column * cell.width;

/** Bars and braille are drawn: fonts differ too much in how they fill a cell. */
function shape(text: string, column: number, baseline: number, tone: Tone): string {
  const top = baseline - cell.height + 4.5;
  const boxes = [...text].flatMap((character, i) => {
    const code = character.codePointAt(0)!;
    if (code >= 0x2800)
      return dots.flatMap(([x, y], bit) => {
        const at = `M${number(left(column + i) + 1.4 + x * 4.2)} ${number(top + 1.5 + y * (cell.height / 4))}`;
        return (code >> bit) & 1 ? [`${at}h2.2v2.2h-2.2z`] : [];
      });
    const eighths = 0x2590 - code; // █ is 0x2588, ▏ 0x258f
    const wide = code === 0x2588 ? 8 : eighths;
    return [
      `M${number(left(column + i))} ${number(top + 3)}h${number((cell.width * wide) / 8 + 0.2)}v${cell.height - 6}h${number(-(cell.width * wide) / 8 - 0.2)}z`,
    ];
  });
  return `<path class="${tone}" d="${boxes.join("")}"/>`;
}

function textLine(line: string, row: number): string {
  const baseline = margin.top + row * cell.height;
  const pieces: string[] = [];
  const shapes: string[] = [];
  let column = 0;
  for (const { tone, text } of toned(line)) {
    for (const part of text.split(/( {2,}|\u2800+)/)) {
      const shown = part.trim();
      const at = column + part.search(/\S/);
      column += [...part].length;
      if (shown === "" || shown.startsWith("\u2800")) continue;
      if (/^[\u2588-\u258f\u2801-\u28ff]/.test(shown)) shapes.push(shape(shown, at, baseline, tone));
      else pieces.push(`<tspan x="${number(left(at))}" class="${tone}">${escaped(shown)}</tspan>`);
    }
  }
  const words = pieces.length ? `<text y="${number(baseline)}">${pieces.join("")}</text>` : "";
  return words + shapes.join("");
}

/** Accuracy over the whole run as a line, the moment of the view above and the mishaps as marks. */
function chartOf(view: RunView, moment: RunView, top: number, width: number): string {
  const { curve, seconds } = view;
  const low = Math.floor(Math.min(...curve.map((p) => p.accuracy)) * 20) / 20;
  const high = Math.ceil(Math.max(...curve.map((p) => p.accuracy)) * 20) / 20;
  const right = width - margin.x - 8;
  const x = (s: number) => chart.left + (s / seconds) * (right - chart.left);
  const y = (accuracy: number) => top + ((high - accuracy) / (high - low)) * chart.height;
  const label = (tx: number, ty: number, text: string, anchor = "middle") =>
    `<text class="faint small" x="${number(tx)}" y="${number(ty)}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const steps = curve.map(
    (p, i) => `${i ? `H${number(x(p.seconds))}V` : `M${number(x(p.seconds))} `}${number(y(p.accuracy))}`,
  );
  const grid = [low, (low + high) / 2, high].map(
    (value) =>
      `<path class="grid" d="M${chart.left} ${number(y(value))}H${right}"/>${label(chart.left - 8, y(value) + 4, `${(value * 100).toFixed(1)} %`, "end")}`,
  );
  const at = number(x(moment.seconds));
  return [
    ...grid,
    `<path class="now" d="M${at} ${top}V${top + chart.height}"/>`,
    label(x(moment.seconds), top - 7, `the view above, ${minutes(moment.seconds)}`),
    `<path class="line" d="${steps.join("")}H${number(right)}"/>`,
    label(chart.left, top + chart.height + 18, "0:00", "start"),
    label((chart.left + right) / 2, top + chart.height + 18, "accuracy on held-out digits over the whole run"),
    label(right, top + chart.height + 18, minutes(seconds), "end"),
  ].join("\n");
}

function picture(events: RunEvent[]): string {
  const { moment, end } = views(events);
  const lines = render(moment, columns).split("\n");
  const width = Math.ceil(columns * cell.width + 2 * margin.x);
  const chartTop = margin.top + lines.length * cell.height + 26;
  const height = Math.ceil(chartTop + chart.height + chart.bottom);
  const classes = Object.entries(fills).map(([tone, fill]) => `.${tone}{fill:${fill}}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>ftte demo: ${moment.boards.size} boards train one model; two are slow, one is unplugged, one was killed</title>
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}.small{font-size:12px}${classes.join("")}
.grid{stroke:#2b313a}.now{stroke:#ee7d73;stroke-dasharray:3 4}.line{stroke:#5cc8d0;stroke-width:2;fill:none;stroke-linejoin:round}</style>
<rect width="${width}" height="${height}" rx="10" fill="#14171c"/>
<path d="M0 32H${width}" stroke="#2b313a"/><circle cx="20" cy="16" r="5.5" fill="#59616e"/><circle cx="38" cy="16" r="5.5" fill="#59616e"/><circle cx="56" cy="16" r="5.5" fill="#59616e"/>
<text class="faint" x="${width / 2}" y="21" text-anchor="middle">./scripts/demo</text>
${lines.map(textLine).filter(Boolean).join("\n")}
${chartOf(end, moment, chartTop, width)}
</svg>
`;
}

const { positionals } = parseArgs({ allowPositionals: true });
const known = new Set(["started", "board", "progress", "update", "version", "evaluation", "notice", "traffic"]);
const events = printed(positionals[0])
  .split("\n")
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line) as RunEvent)
  .filter((event) => known.has(event.type));
writeFileSync(out, picture(events));
console.log(`wrote docs/demo.svg, ${statSync(out).size} bytes`);

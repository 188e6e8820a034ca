// Which parts of a view's line are coloured, for whoever draws it: a terminal by escape codes, a picture by classes. The text itself stays
// as it is. Pure.

export type Tone = "plain" | "faint" | "good" | "busy" | "bad" | "curve";

const tones: [Tone, RegExp][] = [
  ["good", /▶|[█▏▎▍▌▋▊▉]+/],
  ["busy", /[↓↑…]/],
  ["bad", /✗|offline/],
  ["faint", /[·─┤└│]+/],
  ["curve", /[\u2801-\u28ff]+/],
];
const any = new RegExp(tones.map(([, pattern]) => `(${pattern.source})`).join("|"), "g");

/** The line, cut into pieces of one tone each; joined they are the line again. */
export function toned(line: string): { tone: Tone; text: string }[] {
  const pieces: { tone: Tone; text: string }[] = [];
  let end = 0;
  for (const match of line.matchAll(any)) {
    if (match.index > end) pieces.push({ tone: "plain", text: line.slice(end, match.index) });
    pieces.push({ tone: tones[match.slice(1).findIndex((group) => group !== undefined)]![0], text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < line.length) pieces.push({ tone: "plain", text: line.slice(end) });
  return pieces;
}

const codes: Record<Tone, string> = { plain: "", faint: "2", good: "32", busy: "34", bad: "31", curve: "36" };

/** The text with the escape codes that colour a terminal. */
export const coloured = (text: string): string =>
  text
    .split("\n")
    .map((line) =>
      toned(line)
        .map(({ tone, text: piece }) => (codes[tone] ? `\x1b[${codes[tone]}m${piece}\x1b[0m` : piece))
        .join(""),
    )
    .join("\n");

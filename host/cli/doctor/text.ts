// Findings as people read them: one line each, below those that are not well why it matters and what mends it. Pure.

import type { Finding } from "./diagnose.ts";
import { isReady } from "./diagnose.ts";

const marks = { ok: "ok     ", limited: "limited", failed: "FAILED " } as const;

export function findingsText(findings: Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap((finding) => paragraph(finding, width));
  const limited = findings.filter(({ state }) => state === "limited").length;
  const verdict = isReady(findings)
    ? "virtual boards can run here"
    : "virtual boards cannot run here: mend what FAILED";
  return [...lines, "", limited === 0 ? verdict : `${verdict}; limited: ${limited}`].join("\n");
}

function paragraph({ name, state, found, why, mend }: Finding, width: number): string[] {
  const line = `${marks[state]}  ${name.padEnd(width)}  ${found}`;
  if (state === "ok") return [line];
  const below = " ".repeat(marks.ok.length + 2);
  return [line, ...[why, ...(mend ?? "").split("\n").map((text) => `→ ${text.trim()}`)].map((text) => below + text)];
}

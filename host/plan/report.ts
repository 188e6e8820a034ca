// A plan for people: the arena tensor by tensor, what is trained, what it costs; and a picture of the arena over time. Text only.

import { bytesPerRound } from "./blobs.ts";
import type { Plan, PlannedTensor } from "./types.ts";
import type { UpdateEncoding } from "./update_rows.ts";

const share = (plan: Plan) => `${plan.sliceCount} of ${plan.parameterCount} parameters`;

/** One line per layer that trains something. */
export function selectionLines(plan: Plan): string[] {
  return plan.selection.map((s) => {
    const layer = plan.model.layers[s.layer]!;
    const weights = Array.isArray(s.weights)
      ? `input channels ${s.weights.join(" ")}`
      : s.weights === "all"
        ? "all weights"
        : "no weights";
    return `layer ${s.layer} (${layer.kind}): ${weights}${s.bias ? ", bias" : ""}`;
  });
}

export function tensorRows(plan: Plan): string[][] {
  return plan.tensors
    .toSorted((a, b) => a.offset - b.offset || a.from - b.from)
    .map((t) => [t.name, t.role, String(t.offset), String(t.bytes), `${t.from}–${t.to}`]);
}

/** @param encoding of the updates */
export function summaryLines(plan: Plan, encoding: UpdateEncoding): string[] {
  const { down, up } = bytesPerRound(plan, encoding);
  const gap = plan.memoryBytes - plan.lowerBoundBytes;
  return [
    `arena ${plan.memoryBytes} bytes (packed ${plan.packing}; ${gap === 0 ? "no packing can need less" : `${gap} above the lower bound`})`,
    `trains ${share(plan)}; flash for frozen weights ${plan.frozenBytes} bytes`,
    `per round ${down} bytes down, ${up} up; ${plan.macs.forward} multiply-adds forward, ${plan.macs.backward} backward`,
  ];
}

const colours: Record<PlannedTensor["role"], string> = {
  plan: "#9e9e9e",
  parameter: "#3b6fb6",
  momentum: "#6c9bd2",
  gradient: "#d2693b",
  activation: "#5fa55a",
  saved: "#2f7d4f",
  mask: "#a5b83a",
  scratch: "#b59fcf",
  anomaly: "#c9a227",
};

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The arena over time as SVG: ops from left to right, bytes from bottom to top, one rectangle per tensor. */
export function arenaSvg(plan: Plan): string {
  const [width, height, left, bottom] = [900, 420, 70, 40];
  const end = Math.max(...plan.tensors.map((t) => t.to)) + 1;
  const x = (time: number) => left + (time / end) * (width - left - 10);
  const y = (byte: number) => height - bottom - (byte / plan.memoryBytes) * (height - bottom - 30);
  const boxes = plan.tensors.map((t) => {
    const box = `x="${x(t.from).toFixed(1)}" y="${y(t.offset + t.bytes).toFixed(1)}" width="${(x(t.to + 1) - x(t.from)).toFixed(1)}" height="${(y(t.offset) - y(t.offset + t.bytes)).toFixed(1)}"`;
    return `<rect ${box} fill="${colours[t.role]}" stroke="white" stroke-width="0.5"><title>${escaped(`${t.name}: ${t.bytes} bytes at ${t.offset}, ops ${t.from}–${t.to}`)}</title></rect>`;
  });
  const legend = Object.entries(colours).map(
    ([role, colour], i) =>
      `<rect x="${left + i * 92}" y="8" width="10" height="10" fill="${colour}"/><text x="${left + 14 + i * 92}" y="17">${role}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...legend,
    ...boxes,
    `<text x="4" y="${y(plan.memoryBytes) + 4}">${plan.memoryBytes} B</text><text x="4" y="${y(0)}">0</text>`,
    `<text x="${left}" y="${height - 12}">${escaped(plan.model.name)}: ops in order (forward, infer, train, apply, encode); ${plan.sliceCount} of ${plan.parameterCount} parameters trained</text>`,
    "</svg>",
    "",
  ].join("\n");
}

// Text pieces that every view shares: numbers a person can read, bars, tables. Pure.

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** 1234567 → "1.23 MB" (decimal, as links are counted). */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB"];
  let value = count;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toPrecision(3)} ${units[unit]}`;
}

/** 65536 → "64 KiB" (binary, as memory is built); 65000 → "63.5 KiB" */
export const bytesInKiB = (count: number): string => `${Number((count / 1024).toFixed(1))} KiB`;

/** 75 → "1:15" */
export const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Virtual time, which may be short: 7.25 → "7.25 s", 75 → "1:15". */
export const virtualTime = (seconds: number): string => (seconds < 60 ? `${seconds.toFixed(2)} s` : minutes(seconds));

/** A bar of `width` cells, in eighths of a cell. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(eighths >> 3);
  const part = eighths & 7 ? "▏▎▍▌▋▊▉"[(eighths & 7) - 1] : "";
  return (full + part).padEnd(width, "·");
}

/** Rows of cells under a header, columns as wide as their widest cell; the first column is left-aligned, the others right. */
export function table(header: string[], rows: string[][]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: string[]) =>
    widths
      .map((width, i) => (i ? (row[i] ?? "").padStart(width) : (row[i] ?? "").padEnd(width)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("──");
  return [line(header), rule, ...rows.map(line)].join("\n");
}

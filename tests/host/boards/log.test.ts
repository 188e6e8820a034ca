// What a board's log and its panics say in words, and which entries are new.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogCursor } from "../../../host/boards/log_cursor.ts";
import { logLine } from "../../../host/boards/log_text.ts";
import { panicReport } from "../../../host/boards/panic_text.ts";
import { root } from "../../../host/build/root.ts";
import {
  Architecture,
  BlobKind,
  boardErrors,
  type LogEntry,
  LogLevel,
  type Panic,
  ResetReason,
} from "../../../host/wire/spec.gen.ts";

const entry = (code: number, a = 0, b = 0, c = 0): LogEntry => ({
  ms: 5,
  code,
  level: LogLevel.info,
  reserved: 0,
  a,
  b,
  c,
});
const unsigned = (value: number) => value >>> 0;
const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const listed = JSON.parse(readFileSync(`${root}/firmware/spec/log.json`, "utf8")).messages as [
  string,
  number,
  string,
  string,
][];

describe("a log entry in words", () => {
  it("fills each argument in as its kind says", () => {
    const { code: full } = boardErrors["blob-hash"];
    expect(logLine(entry(1, ResetReason.watchdog, 3, 12)).text).toBe(
      "started; reset: watchdog, reset number 3, 12 samples held",
    );
    expect(
      logLine(entry(10, BlobKind.kernels, unsigned(boardErrors["guest-selftest"].code), unsigned(full))).text,
    ).toBe(
      "kernels refused: the kernels failed their self-test; the previous ones stay in use (the blob does not match its SHA-256)",
    );
    expect(logLine(entry(10, BlobKind.plan, unsigned(boardErrors.plan.code))).text).toMatch(/\(no further error\)$/);
    expect(logLine(entry(13, 7, 40, bits(0.4375)))).toEqual({
      name: "taskEnded",
      level: "info",
      text: "task 7 done after 40 steps, loss 0.4375",
    });
    expect(logLine(entry(18, 5, unsigned(boardErrors["guest-trap"].code))).text).toBe(
      "the kernels failed in step: the kernels trapped",
    );
    expect(logLine(entry(21, bits(2.5), bits(1 / 3), 4)).text).toBe(
      "unusual sample: score 2.5 above 0.3333, 4 since the start",
    );
  });

  it("says something without holes for every code of the list, whatever the arguments", () => {
    const codes = listed.map(([, code]) => code);
    expect(new Set(codes).size).toBe(codes.length);
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.nat(), fc.nat(), fc.nat(), (code, a, b, c) => {
        const { text } = logLine(entry(code, a, b, c));
        return text.length > 5 && !/undefined|NaN$|[{}]/.test(text.replace(/NaN/g, ""));
      }),
    );
  });

  it("keeps the numbers of a code that this host does not know", () => {
    expect(logLine(entry(200, 1, 2, 3))).toEqual({ name: "code-200", level: "info", text: "message 200: 1, 2, 3" });
  });
});

describe("which entries are new", () => {
  const numbered = (first: number, count: number) => Array.from({ length: count }, (_, i) => entry(1, first + i));
  const numbers = (entries: LogEntry[]) => entries.map(({ a }) => a);

  it("are those not seen before; a gap is how many were lost", () => {
    const cursor = new LogCursor();
    expect(numbers(cursor.take(0, numbered(0, 3)).entries)).toEqual([0, 1, 2]);
    expect(cursor.take(0, numbered(0, 3))).toEqual({ entries: [], lost: 0 });
    expect(numbers(cursor.take(1, numbered(1, 4)).entries)).toEqual([3, 4]);
    const gap = cursor.take(9, numbered(9, 2));
    expect([gap.lost, numbers(gap.entries), cursor.next]).toEqual([4, [9, 10], 11]);
    cursor.restart();
    expect(numbers(cursor.take(0, numbered(0, 1)).entries)).toEqual([0]);
  });
});

describe("a panic in words", () => {
  const none: Panic = {
    architecture: 0,
    reason: ResetReason.fault,
    reserved: 0,
    cause: 0,
    pc: 0,
    lr: 0,
    sp: 0,
    address: 0,
    status: 0,
  };

  it("names what the chip says, and addresses where there are no names", () => {
    const fault = {
      ...none,
      architecture: Architecture.cortexM,
      cause: (1 << 9) | (1 << 15),
      pc: 0x1234,
      lr: 0x5679,
      address: 0x20010000,
    };
    expect(panicReport(fault, undefined)).toMatchObject({
      architecture: "cortexM",
      text: "fault in 0x00001234, called from 0x00005679: data where no memory is; address 0x20010000",
    });
    expect(panicReport({ ...none, architecture: Architecture.riscv, cause: 2, pc: 0x42000010 }, undefined).cause).toBe(
      "no instruction",
    );
    expect(
      panicReport({ ...none, architecture: Architecture.xtensa, cause: 28, pc: 0x400d0000 }, undefined).cause,
    ).toBe("load that is not allowed");
    expect(panicReport({ ...none, architecture: Architecture.posix, cause: 11, pc: 4 }, undefined).cause).toBe(
      "SIGSEGV",
    );
    expect(panicReport({ ...none, architecture: Architecture.riscv, cause: 77, pc: 4 }, undefined).cause).toBe(
      "cause 0x0000004d",
    );
  });

  it("tells a hang from a fault, and a stack that left RAM", () => {
    const hang = { ...none, architecture: Architecture.cortexM, reason: ResetReason.watchdog, pc: 0x88 };
    expect(panicReport(hang, undefined).text).toBe("hang in 0x00000088: no progress");
    const overflow = { ...none, architecture: Architecture.cortexM, cause: 1 << 12, sp: 0x1fffffd8 };
    expect(panicReport(overflow, undefined).text).toBe("fault with the stack at 0x1fffffd8: the stack left RAM");
  });
});

// A panic in words: what happened, in which function, called from where. What the words of a record are on each architecture is docs/wire.md's.
// Causes: ARMv7-M ARM (DDI 0403), B3.2.15; RISC-V Privileged Architecture, table of mcause; Xtensa ISA Reference Manual, "Exception Causes".

import { constants } from "node:os";
import type { Symbols } from "../build/symbols.ts";
import { Architecture, type Panic, ResetReason } from "../wire/spec.gen.ts";

export interface PanicReport {
  reason: "fault" | "watchdog";
  architecture: keyof typeof Architecture;
  /** What the chip says of it, in words where it is known. */
  cause: string;
  pc: number;
  lr: number;
  sp: number;
  address: number;
  /** Names of functions, where the program is here. */
  function?: string;
  caller?: string;
  text: string;
}

/** Bits of CFSR. */
const cortexFaults: Record<number, string> = {
  0: "code where none may run",
  1: "data that may not be accessed",
  3: "the stack left its memory (return)",
  4: "the stack left its memory",
  8: "code where no memory is",
  9: "data where no memory is",
  10: "data where no memory is, some instructions before",
  11: "the stack left RAM (return)",
  12: "the stack left RAM",
  16: "no instruction",
  17: "a jump to an even address",
  18: "a damaged return from an exception",
  19: "the FPU is off",
  24: "unaligned data",
  25: "division by zero",
};
const riscvCauses: Record<number, string> = {
  0: "unaligned code",
  1: "code where no memory is",
  2: "no instruction",
  3: "a breakpoint",
  4: "unaligned load",
  5: "load where no memory is",
  6: "unaligned store",
  7: "store where no memory is",
};
const xtensaCauses: Record<number, string> = {
  0: "no instruction",
  2: "code where no memory is",
  3: "data where no memory is",
  6: "division by zero",
  9: "unaligned data",
  12: "code where no memory is",
  13: "data where no memory is",
  14: "code where no memory is",
  15: "data where no memory is",
  20: "code where none may run",
  28: "load that is not allowed",
  29: "store that is not allowed",
};

const hex = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;

function causeText({ architecture, cause, reason }: Panic): string {
  if (reason === ResetReason.watchdog) return "no progress";
  const signal = Object.entries(constants.signals).find(([, number]) => number === cause)?.[0];
  const bits = Object.entries(cortexFaults).flatMap(([bit, text]) => ((cause >>> Number(bit)) & 1 ? [text] : []));
  const texts: Record<number, string | undefined> = {
    [Architecture.cortexM]: bits.join(", ") || undefined,
    [Architecture.riscv]: riscvCauses[cause],
    [Architecture.xtensa]: xtensaCauses[cause],
    [Architecture.posix]: signal,
  };
  return texts[architecture] ?? `cause ${hex(cause)}`;
}

const nameOf = (numbers: Record<string, number>, value: number) =>
  Object.entries(numbers).find(([, number]) => number === value)?.[0];

/** @param symbols of the program that the board runs; without them addresses stay numbers */
export function panicReport(panic: Panic, symbols: Symbols | undefined): PanicReport {
  const { pc, lr, sp, address } = panic;
  const inside = symbols?.at(pc);
  const caller = lr === 0 ? undefined : symbols?.caller(lr);
  const report = {
    reason: panic.reason === ResetReason.watchdog ? ("watchdog" as const) : ("fault" as const),
    architecture: (nameOf(Architecture, panic.architecture) ?? "none") as keyof typeof Architecture,
    cause: causeText(panic),
    ...{ pc, lr, sp, address },
    ...(inside === undefined ? {} : { function: inside }),
    ...(caller === undefined ? {} : { caller }),
  };
  return { ...report, text: textOf(report) };
}

function textOf(report: Omit<PanicReport, "text">): string {
  const { reason, cause, pc, lr, sp, address, function: inside, caller } = report;
  const place = (at: number, name: string | undefined) => (name === undefined ? hex(at) : `${name} (${hex(at)})`);
  const where = pc === 0 ? `with the stack at ${hex(sp)}` : `in ${place(pc, inside)}`;
  const from = lr === 0 ? "" : `, called from ${place(lr, caller)}`;
  return `${reason === "fault" ? "fault" : "hang"} ${where}${from}: ${cause}${address === 0 ? "" : `; address ${hex(address)}`}`;
}

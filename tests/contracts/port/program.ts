// What the contract's program of a port that runs here is made of.
import { sanitizers } from "../../core/c_program.ts";

/** A port's files without its main, the contract, and the peer that knows the other end of the port's link. */
export const sourcesOf = (port: string, files: string[]): string[] => [
  `tests/contracts/port/${port}.c`,
  "tests/contracts/port/contract.c",
  ...files.map((name) => `firmware/ports/${port}/${name}.c`),
];

export const flagsOf = (port: string): string[] => [
  ...sanitizers,
  ...["-Itests/core", "-Itests/contracts/port", `-Ifirmware/ports/${port}`],
];

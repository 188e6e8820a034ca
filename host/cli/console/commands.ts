// What can be asked of a board in a console: each command gives an object for programs and text for people. Reads no keys and prints
// nothing.

import { chipIdText, firmwareText, stateText } from "../../boards/identity.ts";
import { Feature, type Hello, ResetReason, type Stats } from "../../wire/spec.gen.ts";
import { bytesInKiB, table } from "../view/text.ts";
import type { ConsoleBoard } from "./board.ts";
import type { ConsoleWord } from "./words.ts";

export interface Answer {
  json: object;
  text: string;
}

export interface ConsoleCommand {
  name: ConsoleWord;
  does: string;
  /** What is lost by it, for the question before it. */
  loses?: string;
  run(board: ConsoleBoard): Promise<Answer>;
}

export const consoleCommands: readonly ConsoleCommand[] = [
  {
    name: "hello",
    does: "who the board is, what it holds and what it does",
    run: async (board) => helloAnswer(await (await board.session()).hello()),
  },
  {
    name: "stats",
    does: "memory peaks, wear of the flash, resets by reason, frames",
    run: async (board) => statsAnswer(await (await board.session()).stats()),
  },
  {
    name: "memory",
    does: "how full its memory was at most, part by part",
    run: async (board) => memoryAnswer(await (await board.session()).stats()),
  },
  {
    name: "self-test",
    does: "has it test the kernels that it uses",
    async run(board) {
      await (await board.session()).selfTest();
      return { json: { passed: true }, text: `${board.name}: its kernels pass their self-test` };
    },
  },
  {
    name: "reset",
    does: "restarts it; a task goes on at its checkpoint",
    run: async (board) => restarted(board, await board.restart("board"), "restarted"),
  },
  {
    name: "erase",
    does: "makes it forget everything, its samples too",
    loses: "its samples, kernels, model and update",
    run: async (board) => restarted(board, await board.restart("factory"), "is as new"),
  },
];

const restarted = (board: ConsoleBoard, hello: Hello, how: string): Answer => ({
  json: { resets: hello.resets },
  text: `${board.name}: ${how}; ${hello.resets} resets so far`,
});

/** The names of the members of `flags` whose bits are set. */
const bitsOf = (flags: Record<string, number>, bits: number) =>
  Object.entries(flags).flatMap(([name, bit]) => (bits & bit ? [name] : []));

const reasonOf = (code: number) => Object.entries(ResetReason).find(([, value]) => value === code)?.[0] ?? "unknown";

const hex = (crc: number) => (crc === 0 ? null : crc.toString(16).padStart(8, "0"));

/** An object's members as a table; null is shown as a dash. */
function members(json: object): string {
  const shown = (value: unknown) => (Array.isArray(value) ? value.join(" ") : value === null ? "–" : String(value));
  return table(
    ["what", "value"],
    Object.entries(json).map(([name, value]) => [name, shown(value)]),
  );
}

function helloAnswer(hello: Hello): Answer {
  const { boardClass, wireVersion, guestAbi, ramBytes, flashFreeBytes, windowBytes, samples, resets, errors } = hello;
  const json = {
    chipId: chipIdText(hello.chipId),
    boardClass: Buffer.from(boardClass).toString("latin1").replace(/\0.*/, ""),
    firmware: firmwareText(hello.firmwareVersion),
    firmwareBuild: hex(hello.firmwareBuild),
    ...{ wireVersion, guestAbi, ramBytes, flashFreeBytes, windowBytes },
    features: bitsOf(Feature, hello.features),
    state: stateText(hello.state),
    battery: hello.battery === 255 ? null : hello.battery,
    lastReset: reasonOf(hello.resetReason),
    ...{ resets, errors },
    kernels: hex(hello.kernelsCrc),
    plan: hex(hello.planCrc),
    frozen: hex(hello.frozenCrc),
    slice: hex(hello.sliceCrc),
    version: hello.sliceVersion || null,
    samples,
    run: hello.run || null,
    task: hello.task || null,
    updateOfTask: hello.updateTask || null,
  };
  return { json, text: members(json) };
}

/** Resets by reason: 16-bit counts in a row, in the order of ResetReason. */
function resetsOf({ resets }: Stats): Record<string, number> {
  const view = new DataView(resets.buffer, resets.byteOffset, resets.byteLength);
  return Object.fromEntries(Object.entries(ResetReason).map(([name, at]) => [name, view.getUint16(2 * at, true)]));
}

function statsAnswer(stats: Stats): Answer {
  const { resets: _, reserved: __, ...numbers } = stats;
  const resets = resetsOf(stats);
  const flat = Object.fromEntries(Object.entries(resets).map(([reason, count]) => [`resets, ${reason}`, count]));
  return { json: { ...numbers, resets }, text: members({ ...numbers, ...flat }) };
}

function memoryAnswer({
  poolBytes,
  poolPeak,
  stackBytes,
  stackPeak,
  arenaPlanned,
  arenaPeak,
  enginePeak,
}: Stats): Answer {
  const json = { poolBytes, poolPeak, stackBytes, stackPeak, arenaPlanned, arenaPeak, enginePeak };
  const row = (what: string, most: number, size: number) => [
    what,
    `${most}`,
    `${size}`,
    size === 0 ? "–" : `${Math.round((100 * most) / size)} %`,
  ];
  const rows = [
    row("pool", poolPeak, poolBytes),
    row("  of it a plan's arena", arenaPeak, arenaPlanned),
    ["  of it the engine", `${enginePeak}`, "–", "–"],
    row("native stack", stackPeak, stackBytes),
  ];
  const all = `RAM for ftte: ${bytesInKiB(poolBytes + stackBytes)}`;
  return { json, text: `${table(["what", "most used, bytes", "of", "share"], rows)}\n${all}` };
}

// Board configs: reads and checks board-configs/*.json (data, never code; the schema beside them is for editors). Says whether a board
// can be built, and what a virtual board's process is told of its config. Flashes nothing.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { FtteError } from "../errors.ts";

const bytes = z.number().int().nonnegative();
const address = z.string().regex(/^0x[0-9a-f]+$/, "must be a lower-case hexadecimal address such as 0x20000000");
const usbId = z.string().regex(/^[0-9a-f]{4}$/, "must be four lower-case hexadecimal digits");
const pins = z.record(z.string(), z.string().min(1));
const partitions = z.strictObject({
  kernels: bytes,
  plan: bytes,
  frozen: bytes,
  slice: bytes,
  delta: bytes,
  update: bytes,
  checkpoint: bytes,
  residual: bytes,
  health: bytes,
  firmware: bytes.default(0),
});

const words = z.string().min(1);
const hardware = z.strictObject({
  header: pins.optional(),
  buttons: z.array(z.strictObject({ name: words, pin: words.optional(), use: words })),
  bootloader: z.strictObject({ entry: z.enum(["dtr-rts", "reset-button", "none"]), byHand: words.optional() }),
  notes: z.array(words),
});
const tried = z.strictObject({ emulated: words, image: words.optional(), hardware: z.array(words) });

const driver = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("lsm6ds3"),
    rateHz: z.literal([13, 26, 52, 104, 208, 416]),
    rangeG: z.literal([2, 4, 8, 16]),
    rangeDps: z.literal([250, 500, 1000, 2000]),
  }),
  z.strictObject({
    name: z.literal("max30102"),
    rateHz: z.literal([25, 50, 100]),
    red: z.number().int().min(1).max(255),
    infrared: z.number().int().min(1).max(255),
  }),
]);

const boardSchema = z
  .strictObject({
    $schema: z.string(),
    id: z.string().regex(/^[a-z0-9-]+$/),
    name: z.string().min(1),
    chip: z.string().min(1),
    class: z.string().min(1).max(15),
    port: z.string().regex(/^[a-z0-9]+$/),
    ram: z.array(z.strictObject({ at: address, bytes, use: z.string().min(1) })).min(1),
    flash: z.strictObject({ at: address, bytes, pageBytes: bytes, programBytes: bytes, partitions }),
    link: z.strictObject({
      kind: z.enum(["pty", "uart", "usb-uart"]),
      baud: z.number().int().positive(),
      note: z.string().optional(),
    }),
    pins,
    flashing: z.strictObject({
      method: z.enum(["process", "emulator", "jlink", "uf2", "nordic-dfu", "esptool"]),
      alternatives: z
        .array(z.enum(["adafruit-dfu", "nordic-dfu", "cmsis-dap", "jlink", "uf2"]))
        .min(1)
        .optional(),
      note: z.string(),
      machine: z.enum(["mps2", "microbit", "virt", "sim"]).optional(),
      family: address.optional(),
      volume: z.string().optional(),
      bootloaderId: z.string().min(1).optional(),
      applicationAt: address.optional(),
    }),
    sensors: z.array(
      z.strictObject({
        name: z.string().min(1),
        bus: z.enum(["none", "i2c", "spi", "pdm"]),
        address: address.optional(),
        pins: pins.optional(),
        driver: driver.optional(),
      }),
    ),
    usb: z.array(z.strictObject({ vendor: usbId, product: usbId, note: z.string().min(1) })),
    hardware: hardware.optional(),
    tried,
    sources: z.array(words),
  })
  .superRefine((board, context) => {
    for (const message of flashMistakes(board.flash)) context.addIssue({ code: "custom", path: ["flash"], message });
    for (const message of sensorMistakes(board.sensors))
      context.addIssue({ code: "custom", path: ["sensors"], message });
    const { method, machine } = board.flashing;
    if ((method === "emulator") !== (machine !== undefined))
      context.addIssue({
        code: "custom",
        path: ["flashing", "machine"],
        message: "is the emulator's: one needs the other",
      });
    const missing = isLocal(board) ? [] : missingFacts(board);
    for (const field of missing)
      context.addIssue({ code: "custom", path: [field], message: "must be there for a board that one can hold" });
  });

export type BoardConfig = z.infer<typeof boardSchema> & {
  /** False while firmware/ports has no such port. */
  buildable: boolean;
  /** "builds", or which port the board waits for. */
  status: string;
  /** Of the first RAM region: native stack and pool. */
  ramBytes: number;
  /** What is left for samples, the log's two header pages included. */
  sampleBytes: number;
};

/** A board that is a process of this machine, or of its emulator. */
export const isLocal = ({ flashing }: { flashing: { method: string } }) =>
  flashing.method === "process" || flashing.method === "emulator";

const missingFacts = (board: { hardware?: object | undefined; sources: string[] }) => [
  ...(board.hardware ? [] : ["hardware"]),
  ...(board.sources.length ? [] : ["sources"]),
];

type Flash = { bytes: number; pageBytes: number; programBytes: number; partitions: Record<string, number> };

const slots = (flash: Flash) => 2 * Object.values(flash.partitions).reduce((sum, count) => sum + count, 0);

function flashMistakes(flash: Flash): string[] {
  const { pageBytes: page, programBytes: unit } = flash;
  const mistakes: string[] = [];
  if (page < 128 || page % 32 !== 0) return ["pageBytes must be a multiple of 32, 128 at least"];
  if (unit < 1 || unit > 32 || (unit & (unit - 1)) !== 0) mistakes.push("programBytes must be a power of two up to 32");
  if (flash.bytes % page !== 0) mistakes.push("bytes must be a multiple of pageBytes");
  for (const [kind, count] of Object.entries(flash.partitions))
    if (count % page !== 0) mistakes.push(`partitions.${kind} must be a multiple of pageBytes (${page})`);
  if (slots(flash) + 3 * page > flash.bytes)
    mistakes.push(`the partitions' slots take ${slots(flash)} of ${flash.bytes} bytes and leave no room for samples`);
  return mistakes;
}

/** What a driver needs of its sensor. */
function sensorMistakes(
  sensors: { bus: string; address?: string | undefined; pins?: object | undefined; driver?: unknown }[],
): string[] {
  const driven = sensors.filter((sensor) => sensor.driver !== undefined);
  if (driven.length > 1) return ["one sensor at most has a driver: a board records from one"];
  return driven.flatMap(({ bus, address, pins }) =>
    bus === "i2c" && address !== undefined && pins && "sda" in pins && "scl" in pins
      ? []
      : ["a sensor with a driver is on the bus i2c and has an address and the pins sda and scl"],
  );
}

/** The package's folder, from the sources or from the bundle in dist/. */
const packageFolder = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../.." : "..", import.meta.url));
const ownFolder = join(packageFolder, "board-configs");

/** Ids of the boards in `folder`, sorted. */
export function boardIds(folder = ownFolder): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json") && name !== "schema.json")
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** @throws FtteError "config-invalid" that names the file, the field and what is wrong; for unknown ids, the known ones */
export function loadBoardConfig(id: string, folder = ownFolder): BoardConfig {
  const path = join(folder, `${id}.json`);
  if (!/^[a-z0-9-]+$/.test(id) || !existsSync(path))
    throw new FtteError("config-invalid", `there is no board "${id}"; known boards: ${boardIds(folder).join(", ")}`);
  const parsed = boardSchema.safeParse(readJson(path));
  if (!parsed.success) throw new FtteError("config-invalid", `${path}: ${describe(parsed.error)}`);
  const board = parsed.data;
  if (board.id !== id) throw new FtteError("config-invalid", `${path}: id is "${board.id}", must be the file's name`);
  const buildable = existsSync(join(packageFolder, "firmware", "ports", board.port, "port.mk"));
  return {
    ...board,
    buildable,
    status: buildable ? "builds" : `waits for port ${board.port}`,
    ramBytes: board.ram[0]!.bytes,
    sampleBytes: board.flash.bytes - slots(board.flash),
  };
}

/** Arguments of the posix firmware that make its process this board. */
export function virtualBoardArguments(board: BoardConfig): string[] {
  const { flash } = board;
  const partitionList = Object.entries(flash.partitions).map(([kind, count]) => `${kind}=${count}`);
  return [
    ...["--class", board.class, "--ram", String(board.ramBytes), "--baud", String(board.link.baud)],
    ...["--flash-bytes", String(flash.bytes), "--page-bytes", String(flash.pageBytes)],
    ...["--program-bytes", String(flash.programBytes), "--partitions", partitionList.join(",")],
  ];
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new FtteError("config-invalid", `${path}: ${(error as Error).message}`, { cause: error });
  }
}

const describe = (error: z.ZodError) =>
  error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`).join("; ");

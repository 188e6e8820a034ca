// Goodput of a blob transfer to a virtual board as a share of the line's rate (8N1: ten bits a byte), clean and with bit errors, over the
// real protocol, firmware and pty.
//
//     npm run bench:link -- [--kilobytes 128] [--json]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { percent, table } from "../../host/cli/view/text.ts";
import { seeded } from "../../host/data/random.ts";
import type { Pipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";

const { values } = parseArgs({ options: { kilobytes: { type: "string", default: "24" }, json: { type: "boolean" } } });
const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
const config = loadBoardConfig("virtual-1m");

/** A pipe on which each bit is wrong with the given chance, both ways. */
function noisy(pipe: Pipe, rate: number): Pipe {
  const random = seeded(7);
  const harm = (bytes: Uint8Array) => {
    const out = bytes.slice();
    // The gaps between errors are geometric: one draw per error, not per bit.
    for (let bit = gap(); bit < out.length * 8; bit += 1 + gap()) out[bit >> 3]! ^= 1 << (bit & 7);
    return out;
  };
  const gap = () => Math.floor(Math.log(1 - random()) / Math.log(1 - rate));
  return rate === 0 ? pipe : harmed(pipe, harm);
}

function harmed(pipe: Pipe, harm: (bytes: Uint8Array) => Uint8Array): Pipe {
  return new Proxy(pipe, {
    get(target, name) {
      if (name === "write") return (bytes: Uint8Array) => target.write(harm(bytes));
      if (name === "onData")
        return (listener: (bytes: Uint8Array) => void) => target.onData((bytes) => listener(harm(bytes)));
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function goodput(baud: number, errorRate: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-link-"));
  const board = new VirtualBoard({
    name: "wrist-01",
    program,
    folder,
    baudRate: baud,
    configArguments: virtualBoardArguments(config),
  });
  await board.start();
  const pipe = noisy(await openSerial(board.address, { baudRate: baud }), errorRate);
  const session = new BoardSession(pipe, { name: "wrist-01", chipId: board.chipId, baudRate: baud });
  try {
    await session.hello();
    const random = seeded(1);
    const blob = Uint8Array.from({ length: Number(values.kilobytes) * 1024 }, () => random() * 256);
    const start = performance.now();
    await session.put("frozen", blob);
    const seconds = (performance.now() - start) / 1000;
    return blob.length / seconds / (baud / 10);
  } finally {
    await session.close();
    await board.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: { baud: number; errorRate: number; goodput: number }[] = [];
for (const baud of [115_200, 921_600])
  for (const errorRate of [0, 1e-5]) rows.push({ baud, errorRate, goodput: await goodput(baud, errorRate) });
if (values.json) console.log(JSON.stringify({ type: "link", kilobytes: Number(values.kilobytes), rows }));
else
  console.log(
    table(
      ["baud", "bit error rate", "goodput / rate"],
      rows.map((r) => [String(r.baud), String(r.errorRate), percent(r.goodput)]),
    ),
  );

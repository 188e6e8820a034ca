// Runs cells on all cores and keeps what they give: a cell that was run before, by this command or one that was killed, is not run again.

import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtGuest, root } from "../../host/build/root.ts";
import type { CellOrder, CellResult } from "./run_cell.ts";

const folder = join(root, "build", "experiments");
/** SHA-256 of the kernels that cells run. */
export const kernelsHash = () =>
  createHash("sha256")
    .update(readFileSync(builtGuest("kernels.twin.wasm")))
    .digest("hex");

/** Of everything that a cell's result depends on but the code of the host. Where the data lie is not of that kind. */
export function hashOf(order: CellOrder): string {
  return createHash("sha256")
    .update(JSON.stringify([order, kernelsHash()], (key, value) => (key === "path" ? undefined : value)))
    .digest("hex")
    .slice(0, 24);
}

function kept(hash: string): CellResult | undefined {
  const path = join(folder, `${hash}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function keep(hash: string, result: CellResult): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${hash}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(result));
  renameSync(`${path}.new`, path);
}

const start = () => fork(join(import.meta.dirname, "worker.ts"), { execArgv: ["--import", "tsx"] });

function ask(worker: ChildProcess, order: CellOrder): Promise<CellResult> {
  return new Promise((resolve, reject) => {
    worker.once("message", (answer: { result?: CellResult; error?: string }) => {
      worker.removeAllListeners("exit");
      if (answer.result) resolve(answer.result);
      else reject(new Error(answer.error));
    });
    worker.once("exit", (code) => reject(new Error(`a worker ended with status ${code}`)));
    worker.send(order);
  });
}

/** The results in the order of `orders`. @param done called after each cell */
export async function runAll(
  orders: CellOrder[],
  jobs: number,
  done: (finished: number) => void,
): Promise<CellResult[]> {
  const results = orders.map((order) => kept(hashOf(order)));
  const open = [...orders.keys()].filter((i) => !results[i]).values(); // taken from by all workers
  let finished = results.filter(Boolean).length;
  done(finished);
  const work = async () => {
    let worker: ChildProcess | undefined;
    try {
      for (const i of open) {
        worker ??= start();
        results[i] = await ask(worker, orders[i]!);
        keep(hashOf(orders[i]!), results[i]);
        done(++finished);
      }
    } finally {
      worker?.removeAllListeners("exit");
      worker?.kill();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results as CellResult[];
}

// A Pipe over a child process's standard input and output, for boards that are plain programs.
import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { FtteError } from "../../../host/errors.ts";
import type { Pipe } from "../../../host/link/pipe.ts";

export function processPipe(child: ChildProcess & { stdin: Writable; stdout: Readable }): Pipe {
  const kept: Uint8Array[] = [];
  let listener = (bytes: Uint8Array): void => void kept.push(bytes);
  child.stdout.on("data", (bytes: Buffer) => listener(bytes));
  child.stdin.on("error", () => {});
  const closed = new Promise<string>((resolve) => child.on("exit", (code) => resolve(`exited with ${code}`)));
  let gone = false;
  void closed.then(() => {
    gone = true;
  });
  return {
    address: `process ${child.pid}`,
    closed,
    onData(next) {
      listener = next;
      for (const bytes of kept.splice(0)) next(bytes);
    },
    async write(bytes) {
      if (gone) throw new FtteError("link-gone", "the process is gone");
      await new Promise<void>((resolve) => child.stdin.write(bytes, () => resolve()));
    },
    async close() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

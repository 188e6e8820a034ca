// The host's end of remote.c: carries out what the board asks of its peer, and returns what it printed.
import { spawn } from "node:child_process";

const mark = Buffer.from("\x1b\x7fftte\x7f\x1b", "latin1");
const headBytes = mark.length + 3;

interface Line {
  /** Bytes to the board. */
  send(bytes: Buffer): void;
  print(text: string): void;
}

/** Takes the bytes that come from the board, in pieces of any size. */
function remotePeer({ send, print }: Line): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let arrived: Buffer = Buffer.alloc(0);

  /** Carries out the record at `rest`'s beginning. False when it is not whole yet. */
  function record(): boolean {
    if (rest.length < headBytes) return false;
    const kind = String.fromCharCode(rest[mark.length]!);
    const count = rest.readUInt16LE(mark.length + 1);
    const end = headBytes + (kind === "R" ? 0 : count);
    if (rest.length < end) return false;
    const body = rest.subarray(headBytes, end);
    rest = rest.subarray(end);
    if (kind === "S") send(body);
    if (kind === "P") print(body.toString());
    if (kind === "R") answer(Math.min(count, arrived.length));
    return true;
  }

  function answer(count: number): void {
    send(Buffer.concat([Buffer.of(count & 0xff, count >> 8), arrived.subarray(0, count)]));
    arrived = arrived.subarray(count);
  }

  /** Moves what precedes the next mark, or might not become one, to what arrived. */
  function data(): void {
    let at = rest.indexOf(mark);
    for (let tail = mark.length - 1; at < 0; tail--)
      if (rest.subarray(Math.max(0, rest.length - tail)).equals(mark.subarray(0, Math.min(tail, rest.length))))
        at = Math.max(0, rest.length - tail);
    arrived = Buffer.concat([arrived, rest.subarray(0, at)]);
    rest = rest.subarray(at);
  }

  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    do data();
    while (rest.subarray(0, mark.length).equals(mark) && record());
  };
}

export interface RemoteRun {
  printed: string;
  stderr: string;
}

/** Runs a program whose standard input and output are the board's line, until it prints "done", ends or `timeoutMs` passed. */
export function runRemote([program, ...args]: [string, ...string[]], timeoutMs = 120_000): Promise<RemoteRun> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "pipe" });
    let printed = "";
    let stderr = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const take = remotePeer({
      send: (bytes) => child.stdin.write(bytes),
      print(text) {
        printed += text;
        if (/^done$/m.test(printed)) child.kill("SIGKILL");
      },
    });
    child.stdout.on("data", take);
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdin.on("error", () => {}); // it ended before it read all
    child.once("error", (error) => {
      stderr += error.message;
    });
    child.once("close", () => {
      clearTimeout(timer);
      resolve({ printed, stderr });
    });
  });
}

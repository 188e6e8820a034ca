// Mends @serialport/bindings-cpp 13 on Linux and macOS, per open port. Nothing here is needed on Windows.
//
// 1. Its poller's poll(flags) replaces the watched events: a write that waits while a read waits makes the read deaf, and when both
//    ends do it, both stall for ever. Mended by asking for every event that has a listener.
// 2. Its read takes 0 bytes, which on a tty means hung up, as "ask again": a device that vanishes at the wrong moment costs a whole
//    core for ever. Mended by reading ourselves and treating 0 as the end.
// 3. Its close returns while a read may still hold the file, and with it the lock: opening the port again at once finds it busy. Mended
//    by waiting for that read.

import { read } from "node:fs";
import { promisify } from "node:util";

interface Poller {
  poll(flags?: number): void;
  once(event: "readable" | "writable", listener: (error: Error | null) => void): void;
  listenerCount(event: string): number;
}
interface UnixBinding {
  fd: number | null;
  isOpen: boolean;
  poller: Poller;
  read(buffer: Buffer, offset: number, length: number): Promise<{ bytesRead: number; buffer: Buffer }>;
}

const readable = 1;
const writable = 2;
const readSome = promisify(read);

/**
 * `binding` is the open port's binding object; one that is not of the expected make is left alone. Returns what to await after a close:
 * then nothing holds the file any more.
 */
export function mendBinding(binding: unknown): () => Promise<unknown> {
  if (!isUnixBinding(binding)) return async () => {};
  let reading: Promise<unknown> = Promise.resolve();
  mendPoller(binding.poller);
  binding.read = (buffer, offset, length) => {
    const result = readOnce(binding, buffer, offset, length);
    reading = result.catch(() => {});
    return result;
  };
  return () => reading;
}

function isUnixBinding(binding: unknown): binding is UnixBinding {
  const candidate = binding as Partial<UnixBinding> | undefined;
  return typeof candidate?.poller?.poll === "function" && typeof candidate.fd === "number";
}

function mendPoller(poller: Poller): void {
  const poll = poller.poll.bind(poller);
  // once() polls before it adds its listener, so the flags given are those of the newcomer.
  poller.poll = (flags = 0) =>
    poll(
      flags |
        (poller.listenerCount("readable") > 0 ? readable : 0) |
        (poller.listenerCount("writable") > 0 ? writable : 0),
    );
}

async function readOnce(binding: UnixBinding, buffer: Buffer, offset: number, length: number) {
  for (;;) {
    if (!binding.isOpen || binding.fd === null) throw closedMeanwhile();
    try {
      const { bytesRead } = await readSome(binding.fd, buffer, offset, length, null);
      if (bytesRead === 0) throw Object.assign(new Error("the line was hung up"), { disconnect: true });
      return { bytesRead, buffer };
    } catch (error) {
      if (!isWait(error)) throw error;
      if (!binding.isOpen) throw closedMeanwhile(); // its poller is destroyed, and asking it would crash the process
      await new Promise<void>((resolve, reject) =>
        binding.poller.once("readable", (failed) => (failed ? reject(failed) : resolve())),
      );
    }
  }
}

/** serialport takes an error marked like this for its own close. */
const closedMeanwhile = () => Object.assign(new Error("the port was closed"), { canceled: true });

function isWait(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EWOULDBLOCK" || code === "EINTR";
}

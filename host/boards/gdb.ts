// A debugger's line to QEMU (GDB remote serial protocol), as far as memory goes: it reads a machine's flash before the power is cut, and
// fills it before the machine starts. QEMU's own loader would fill it again at every reset.

import { connect, type Socket } from "node:net";
import { FtteError } from "../errors.ts";

const chunkBytes = 1024;
const attachMs = 5000;

export class Debugger {
  private text = "";
  private wake: () => void = () => {};

  private constructor(
    private readonly socket: Socket,
    private readonly path: string,
  ) {
    socket.on("data", (data) => {
      this.text += data.toString("latin1");
      this.wake();
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.wake());
  }

  /**
   * @param path of the socket of QEMU's -gdb; it may take a moment to be there. The machine stands still while it is connected.
   * @throws FtteError "board-lost" when nobody answers there, and so do the others when QEMU ends
   */
  static async attach(path: string): Promise<Debugger> {
    const endMs = performance.now() + attachMs;
    for (;;) {
      const socket = connect(path);
      const failure = await new Promise<Error | undefined>((resolve) => {
        socket.once("connect", () => resolve(undefined));
        socket.once("error", resolve);
      });
      if (!failure) return new Debugger(socket, path);
      if (performance.now() > endMs) throw new FtteError("board-lost", `QEMU's debugger line: ${failure.message}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  async read(at: number, bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let done = 0; done < bytes; done += chunkBytes) {
      const count = Math.min(chunkBytes, bytes - done);
      const answer = await this.command(`m${(at + done).toString(16)},${count.toString(16)}`);
      const part = Buffer.from(answer, "hex");
      if (part.length !== count) throw this.failed(`cannot read ${count} bytes at ${at + done}: ${answer}`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; done += chunkBytes) {
      const part = Buffer.from(bytes.subarray(done, done + chunkBytes));
      const where = `${(at + done).toString(16)},${part.length.toString(16)}`;
      const answer = await this.command(`M${where}:${part.toString("hex")}`);
      if (answer !== "OK") throw this.failed(`cannot write ${part.length} bytes at ${at + done}: ${answer}`);
    }
  }

  /** Lets the machine run. */
  async detach(): Promise<void> {
    await this.command("D");
    this.socket.destroy();
  }

  private failed(what: string): FtteError {
    return new FtteError("board-lost", `QEMU's debugger line ${this.path}: ${what}`);
  }

  /** Sends a packet and gives the answer's body; acknowledgements, and that the machine stopped (T05), are passed over. */
  private async command(body: string): Promise<string> {
    const sum = Buffer.from(body, "latin1").reduce((total, byte) => (total + byte) & 0xff, 0);
    this.text = "";
    this.socket.write(`$${body}#${sum.toString(16).padStart(2, "0")}`);
    for (;;) {
      const [, answer] = /\$(?!T)([^#]*)#../.exec(this.text) ?? [];
      if (answer !== undefined) {
        this.socket.write("+");
        return answer;
      }
      if (this.socket.destroyed) throw this.failed("QEMU ended");
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

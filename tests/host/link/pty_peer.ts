// Starts pty_peer.c and tells the path of its line.
import { spawn } from "node:child_process";
import { compileC, root } from "../../core/c_program.ts";

export type PeerKind = "echo" | "silent" | "deaf" | "babble" | "push";
export interface PtyPeer {
  path: string;
  /** Ends the process; the line goes with it. */
  vanish(): Promise<void>;
}

export async function startPeer(kind: PeerKind): Promise<PtyPeer> {
  const program = compileC({
    name: "pty_peer",
    sources: ["tests/host/link/pty_peer.c"],
    flags: ["-pthread"],
  });
  const child = spawn(program, [kind], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const path = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (text: Buffer) => resolve(text.toString().trim()));
    void exited.then(() => reject(new Error("pty_peer ended")));
  });
  return {
    path,
    async vanish() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

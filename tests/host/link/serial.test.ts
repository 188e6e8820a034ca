// The serial pipe on real ptys: the contract, the ways in which opening fails, and lines that hang up at bad moments.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openLine } from "../../../host/flash/line.ts";
import { listPorts } from "../../../host/link/ports.ts";
import { openSerial } from "../../../host/link/serial.ts";
import { pipeContract } from "../../contracts/pipe.ts";
import { root } from "../../core/c_program.ts";
import { type PtyPeer, startPeer } from "./pty_peer.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-serial-"));
const peers: PtyPeer[] = [];
afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.vanish()));
  rmSync(folder, { recursive: true });
});
async function peer(kind: Parameters<typeof startPeer>[0]): Promise<PtyPeer> {
  const started = await startPeer(kind);
  peers.push(started);
  return started;
}

pipeContract("a pty", async () => {
  const far = await startPeer("echo");
  return { pipe: await openSerial(far.path), vanish: far.vanish };
});

describe("opening a serial port", () => {
  it("says that a port is absent", async () => {
    await expect(openSerial("/dev/ttyNone9")).rejects.toMatchObject({
      code: "port-absent",
      message: expect.stringMatching(/\/dev\/ttyNone9: there is no such device.*plugged in/),
    });
  });

  it("says that a port is busy, and opens it when it is free again", async () => {
    const { path } = await peer("echo");
    const first = await openSerial(path);
    await expect(openSerial(path)).rejects.toMatchObject({
      code: "port-busy",
      message: expect.stringContaining(`fuser ${path}`),
    });
    await first.close();
    await (await openSerial(path)).close();
  });

  it("says that a port is forbidden, with the group or udev rule that helps", async (context) => {
    if (process.getuid?.() !== 0) return context.skip("needs root, to become somebody who may not open the port");
    const { path } = await peer("echo");
    chmodSync(path, 0o600);
    const script = `process.setgroups([65534]); process.setgid(65534); process.setuid(65534);
      const { openSerial } = await import("./host/link/serial.ts");
      await openSerial(${JSON.stringify(path)}).catch((error) => console.log(JSON.stringify([error.code, error.message])));`;
    const run = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: root,
      encoding: "utf8",
    });
    expect(run.stdout, run.stderr).toMatch(/port-forbidden.*may not open the port.*udev rule/s);
  });

  it("says that something is no serial port", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "text");
    await expect(openSerial(path)).rejects.toMatchObject({
      code: "port-absent",
      message: expect.stringContaining(path),
    });
  });

  it("costs no time when a line vanishes with bytes in it", async () => {
    const far = await peer("babble");
    const pipe = await openSerial(far.path);
    pipe.onData(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    await far.vanish();
    expect(await pipe.closed).toMatch(/gone/);
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(150_000); // µs; a read that spins takes all 300 ms
  });
});

describe("a write that waits", () => {
  it("does not make the read deaf, so that two ends that both write first do not stall for ever", async () => {
    const { path } = await peer("push");
    const pipe = await openSerial(path);
    let got = 0;
    const all = new Promise<void>((resolve) =>
      pipe.onData((bytes) => {
        got += bytes.length;
        if (got >= 400 * 1024) resolve(); // 200 KiB of the peer's own, and ours back
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20)); // the read finds the line empty and waits
    await pipe.write(new Uint8Array(200 * 1024));
    await all;
    expect(got).toBe(400 * 1024);
    await pipe.close();
  }, 10_000);
});

describe("a line for bootloaders", () => {
  it("goes on at another baud rate, and where there are no signals", async () => {
    const line = await openLine((await peer("echo")).path, 115_200);
    let heard = "";
    line.onData((bytes) => {
      heard += Buffer.from(bytes).toString();
    });
    await line.write(Buffer.from("one "));
    await expect.poll(() => heard, { timeout: 10_000 }).toBe("one ");
    await line.setSignals({ rts: true });
    await line.setBaudRate(1200);
    await line.write(Buffer.from("two"));
    await expect.poll(() => heard, { timeout: 10_000 }).toBe("one two");
    await line.close();
    expect(await line.closed).toBe("closed");
    await expect(line.setBaudRate(115_200)).rejects.toMatchObject({ code: "link-gone" });
  });
});

describe("listing ports", () => {
  it("reads sysfs where there is no udev: real ports, with their USB ids", async () => {
    const sysfs = join(folder, "class/tty");
    const usb = join(folder, "devices/usb1/1-2");
    const device = (name: string, path: string) => {
      mkdirSync(path, { recursive: true });
      mkdirSync(join(sysfs, name), { recursive: true });
      symlinkSync(path, join(sysfs, name, "device"));
    };
    device("ttyUSB0", join(usb, "1-2:1.0/ttyUSB0"));
    device("ttyS0", join(folder, "devices/serial0"));
    device("ttyS1", join(folder, "devices/serial1"));
    mkdirSync(join(sysfs, "tty1"));
    writeFileSync(join(usb, "idVendor"), "10c4\n");
    writeFileSync(join(usb, "idProduct"), "ea60\n");
    writeFileSync(join(usb, "serial"), "0001\n");
    writeFileSync(join(sysfs, "ttyS0/type"), "4\n");
    writeFileSync(join(sysfs, "ttyS1/type"), "0\n");
    expect(await listPorts({ sysfs })).toEqual([
      { address: "/dev/ttyS0", kind: "serial" },
      { address: "/dev/ttyUSB0", kind: "serial", usb: { vendor: "10c4", product: "ea60", serial: "0001" } },
    ]);
  });

  it("lists virtual boards by the links that they leave, and works on this machine", async () => {
    const virtualBoards = join(folder, "boards");
    mkdirSync(virtualBoards);
    symlinkSync("/dev/pts/999", join(virtualBoards, "b.pty"));
    symlinkSync("/dev/pts/998", join(virtualBoards, "a.pty"));
    writeFileSync(join(virtualBoards, "a.flash"), "");
    const ports = await listPorts({ virtualBoards });
    expect(ports.slice(0, 2)).toEqual([
      { address: join(virtualBoards, "a.pty"), kind: "virtual" },
      { address: join(virtualBoards, "b.pty"), kind: "virtual" },
    ]);
    expect(await listPorts({ virtualBoards: join(folder, "none") })).toEqual(ports.slice(2));
  });
});

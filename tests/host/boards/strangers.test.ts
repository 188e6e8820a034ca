// Ports behind which no board of ours is: silence, noise, our own words coming back, nothing at all.
import { afterAll, describe, expect, it } from "vitest";
import { discoverBoards } from "../../../host/boards/discover.ts";
import { BoardSession } from "../../../host/boards/session.ts";
import { openSerial } from "../../../host/link/serial.ts";
import { type PeerKind, type PtyPeer, startPeer } from "../link/pty_peer.ts";

const peers: PtyPeer[] = [];
afterAll(() => Promise.all(peers.map((peer) => peer.vanish())));
async function peer(kind: PeerKind): Promise<PtyPeer> {
  const started = await startPeer(kind);
  peers.push(started);
  return started;
}

describe("a port with a stranger behind it", () => {
  it.each(["silent", "deaf"] as const)("gives up in time on a line that is %s", async (kind) => {
    const { path } = await peer(kind);
    const session = new BoardSession(await openSerial(path), { name: "wrist-07", patienceMs: 400 });
    const before = performance.now();
    await expect(session.hello()).rejects.toMatchObject({
      code: "board-silent",
      message: expect.stringMatching(/^wrist-07: no answer in 400 ms; is it powered.*bootloader mode\?$/),
    });
    expect(performance.now() - before).toBeLessThan(2000);
    await session.close();
  });

  it.each(["babble", "echo"] as const)("says what comes from a line that does nothing but %s", async (kind) => {
    const { path } = await peer(kind);
    const session = new BoardSession(await openSerial(path), { name: "wrist-07", patienceMs: 400 });
    const talks = new RegExp(`^wrist-07: ${path} sends \\d+ bytes that are no answer; is it another device`);
    await expect(session.hello()).rejects.toMatchObject({ code: "board-wrong", message: expect.stringMatching(talks) });
    await session.close();
  });

  it("does not wait for ever for a board that reads nothing", async () => {
    const { path } = await peer("deaf");
    const session = new BoardSession(await openSerial(path), { name: "wrist-07", patienceMs: 500 });
    await expect(session.put("kernels", new Uint8Array(50_000))).rejects.toMatchObject({ code: "board-silent" });
    await session.close();
  });

  it("ends a request when its line vanishes", async () => {
    const far = await peer("silent");
    const session = new BoardSession(await openSerial(far.path), { name: "wrist-07", patienceMs: 5000 });
    const asked = session.stats();
    setTimeout(() => void far.vanish(), 50);
    await expect(asked).rejects.toMatchObject({ code: "link-gone" });
    await session.close();
  });

  it("is told apart by discovery, all ports at once", async () => {
    const busy = await peer("echo");
    const held = await openSerial(busy.path);
    const ports = [await peer("silent"), await peer("babble"), busy].map(({ path }) => path).concat("/dev/ttyNone9");
    const before = performance.now();
    const reports = await discoverBoards(
      ports.map((address) => ({ address, kind: "serial" })),
      { timeoutMs: 400 },
    );
    expect(performance.now() - before).toBeLessThan(1200);
    expect(reports.map((report) => [report.address, report.answers || report.code])).toEqual([
      [ports[0], "board-silent"],
      [ports[1], "board-wrong"],
      [ports[2], "port-busy"],
      [ports[3], "port-absent"],
    ]);
    await held.close();
  });
});

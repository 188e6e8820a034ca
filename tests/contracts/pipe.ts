// What every Pipe promises (host/link/pipe.ts), as one suite for all implementations. The far end echoes.
import { afterEach, describe, expect, it } from "vitest";
import type { Pipe } from "../../host/link/pipe.ts";

export interface EchoLine {
  pipe: Pipe;
  /** Makes the far end go away for good. */
  vanish(): Promise<void>;
}

/** @param open a fresh line, whose far end returns every byte */
export function pipeContract(name: string, open: () => Promise<EchoLine>): void {
  describe(`${name} as a pipe`, () => {
    const lines: EchoLine[] = [];
    const line = async () => {
      lines.push(await open());
      return lines.at(-1)!;
    };
    afterEach(async () => {
      for (const each of lines.splice(0)) {
        await each.pipe.close();
        await each.vanish();
      }
    });

    it("carries all 256 byte values unchanged", async () => {
      const { pipe } = await line();
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const back = collect(pipe, 256);
      await pipe.write(all);
      expect(await back).toEqual(Buffer.from(all));
    });

    it("carries 100 KB both ways at once", async () => {
      const { pipe } = await line();
      const blob = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      const back = collect(pipe, blob.length);
      await pipe.write(blob);
      expect(Buffer.compare(await back, blob)).toBe(0);
    });

    it("keeps what arrived before anybody listened", async () => {
      const { pipe } = await line();
      await pipe.write(Buffer.from("early"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect((await collect(pipe, 5)).toString()).toBe("early");
    });

    it("tells that it was closed, refuses to write then, and may be closed twice", async () => {
      const { pipe } = await line();
      await pipe.close();
      expect(await pipe.closed).toBe("closed");
      await expect(pipe.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "link-gone" });
      await pipe.close();
    });

    it("tells that the far end went away, and then refuses to write", async () => {
      const { pipe, vanish } = await line();
      await vanish();
      expect(await pipe.closed).toMatch(/gone/);
      await expect(pipe.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "link-gone" });
    });

    it("ends a write that is under way when the far end goes away", async () => {
      const { pipe, vanish } = await line();
      // Nobody reads what comes back beyond the buffers, so that the write cannot end by itself at once.
      const writing = pipe.write(new Uint8Array(4_000_000)).then(
        () => "written",
        (error) => error.code,
      );
      await vanish();
      expect(await pipe.closed).toMatch(/gone/);
      expect(await writing).toBe("link-gone");
    });
  });
}

/** The first `count` bytes that arrive, or some more. */
export function collect(pipe: Pipe, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let got = Buffer.alloc(0);
    pipe.onData((bytes) => {
      got = Buffer.concat([got, bytes]);
      if (got.length >= count) resolve(got);
    });
  });
}

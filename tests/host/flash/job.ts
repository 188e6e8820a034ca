// Jobs for tests of flashing methods: a board's config, firmware of random bytes at its place, and what was told of progress.
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { seeded } from "../../../host/data/random.ts";
import type { FlashJob, FlashStage, Segment } from "../../../host/flash/method.ts";

export interface ToldJob extends FlashJob {
  /** Each stage once, in order of its first report. */
  stages: FlashStage[];
}

export const firmware = (bytes: number, seed = 1): Uint8Array => {
  const random = seeded(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
};

/** "wrist-07", a board of this id, at `address`. */
export function jobFor(
  id: string,
  address: string,
  segments: readonly Segment[],
  more: Partial<FlashJob> = {},
): ToldJob {
  const stages: FlashStage[] = [];
  return {
    board: loadBoardConfig(id),
    name: "wrist-07",
    address,
    segments,
    recover: false,
    onProgress: (stage, done, total) => {
      if (done > total) throw new Error(`${stage}: ${done} of ${total} bytes`);
      if (stages.at(-1) !== stage) stages.push(stage);
    },
    stages,
    ...more,
  };
}

// Where the time goes: V8's sampling profiler around a piece of work, its samples added up by source file.

import { type Profiler, Session } from "node:inspector/promises";

/** Shares of the time, the largest first; what lies in no file of ours is called by V8's name for it, or "node". */
export async function timeByFile(work: () => Promise<void>): Promise<[file: string, share: number][]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 500 });
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return shares(profile);
}

function shares({ nodes, samples = [] }: Profiler.Profile): [string, number][] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const counts = new Map<string, number>();
  for (const id of samples) {
    const place = places.get(id)!;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts]
    .map(([place, count]): [string, number] => [place, count / samples.length])
    .sort((a, b) => b[1] - a[1]);
}

function placeOf({ url, functionName }: Profiler.Profile["nodes"][number]["callFrame"]): string {
  const ours = /\/((host|tests)\/.*)$/.exec(url);
  if (ours) return ours[1]!;
  return functionName.startsWith("(") ? functionName.slice(1, -1) : "node";
}

// A fleet's boards, known one by one, against the same boards known from the start.

import { describe, expect, it } from "vitest";
import { Boards } from "../../../host/fl/boards.ts";
import type { StoredBoard } from "../../../host/fl/run_store.ts";
import { plans } from "./session.ts";

const setups = [
  { id: "b", name: "wrist-b", class: "large", speed: 1 },
  { id: "a", class: "small", speed: 0.5 },
  { id: "c", name: "wrist-c", class: "large", speed: 0.1 },
];
const held = { version: 4, values: Float32Array.of(1, 2) };
const stored: StoredBoard[] = [
  { id: "a", held, tasks: 7, frozenVersion: 3, lastVersion: 2 },
  { id: "gone", held, tasks: 9, frozenVersion: 0, lastVersion: 1 },
];
const boards = () => new Boards(setups, plans);

describe("the boards of a run", () => {
  it("are the same by number and by id, whichever was asked first", () => {
    const [one, other] = [boards(), boards()];
    expect(setups.map(({ id }) => one.get(id))).toEqual(setups.map((_, i) => other.at(i)));
    expect(setups.map((_, i) => one.at(i) === one.get(setups[i]!.id))).toEqual([true, true, true]);
    expect(one.at(1)).toMatchObject({
      id: "a",
      name: "a",
      index: 1,
      class: "small",
      speed: 0.5,
      tasks: 0,
      lastVersion: -1,
    });
    expect(one.at(2)).toMatchObject({ name: "wrist-c", index: 2, plan: plans.get("large") });
    expect([one.get("gone"), one.has("gone"), one.has("c")]).toEqual([undefined, false, true]);
  });

  it("are not opened by being counted", () => {
    const some = boards();
    some.restore(stored);
    expect([...some.opened()].map(({ id }) => id)).toEqual(["a"]);
    expect([0, 1, 2].map((i) => some.lastVersionOf(i))).toEqual([-1, 2, -1]);
    some.at(2).tasks++;
    expect([...some.opened()].map(({ id }) => id)).toEqual(["a", "c"]);
    expect([some.count, some.get("c")!.tasks]).toEqual([3, 1]);
  });

  it("hold what the store remembers of them, and of nobody else", () => {
    const some = boards();
    some.restore(stored);
    expect(some.get("a")).toMatchObject({ held, tasks: 7, frozenVersion: 3, lastVersion: 2 });
    expect(some.has("gone")).toBe(false);
  });

  it("need a plan each", () => {
    const wrong = new Boards([...setups, { id: "d", name: "wrist-d", class: "huge", speed: 1 }], plans);
    expect(() => wrong.restore([])).toThrow(/board class huge of wrist-d/);
  });
});

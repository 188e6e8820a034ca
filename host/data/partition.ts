// Deals a data set out to boards. Every index goes to exactly one board; the same seed deals the same.

import { FtteError } from "../errors.ts";
import { gamma, type Random, shuffle } from "./random.ts";
import type { Dataset, Partition } from "./types.ts";

/**
 * Non-IID by class (Hsu et al., 2019): each class is dealt out in shares drawn from a Dirichlet distribution. A small alpha gives
 * boards that know few classes. Boards get what their shares say, so some may get little.
 */
export function dirichlet(data: Dataset, boards: number, alpha: number, random: Random): Partition {
  const dealt: number[][] = Array.from({ length: boards }, () => []);
  for (let label = 0; label < data.classes.length; label++) {
    const indices = shuffle(
      Uint32Array.from({ length: data.count }, (_, i) => i).filter((i) => data.labels[i] === label),
      random,
    );
    const draws = dealt.map(() => gamma(alpha, random));
    // So small an alpha that every draw underflows: in the limit, one board gets the whole class.
    if (Math.max(...draws) === 0) draws[Math.floor(random() * boards)] = 1;
    const sum = draws.reduce((a, b) => a + b, 0);
    let share = 0;
    let from = 0;
    dealt.forEach((list, board) => {
      share += draws[board]! / sum;
      const to = board === boards - 1 ? indices.length : Math.round(share * indices.length);
      for (let i = from; i < to; i++) list.push(indices[i]!);
      from = Math.max(from, to);
    });
  }
  return dealt.map((list) => shuffle(Uint32Array.from(list), random));
}

/**
 * A board's samples are of whole users, dealt round robin in random order; with more boards than users, of one user each, whose
 * samples are dealt out at random to her boards. @throws FtteError "data-invalid" when a board would get none
 */
export function byUser(data: Dataset, boards: number, random: Random): Partition {
  const users = shuffle(Uint16Array.from(new Set(data.users)), random);
  const dealt: number[][] = Array.from({ length: boards }, () => []);
  users.forEach((user, i) => {
    const own = shuffle(
      Uint32Array.from(data.users.keys()).filter((k) => data.users[k] === user),
      random,
    );
    const theirs = dealt.filter((_, board) => board % users.length === i || board === i % boards);
    theirs.forEach((list, k) => {
      const from = Math.floor((k * own.length) / theirs.length);
      list.push(...own.subarray(from, Math.floor(((k + 1) * own.length) / theirs.length)));
    });
  });
  if (dealt.some((list) => list.length === 0))
    throw new FtteError(
      "data-invalid",
      `${data.name} has too few samples of some of its ${users.length} users for ${boards} boards; use fewer boards or another partition`,
    );
  return dealt.map((list) => shuffle(Uint32Array.from(list), random));
}

/** Sorted by class and cut into equal shards, `perBoard` of them each (McMahan et al., 2017). */
export function shards(data: Dataset, boards: number, perBoard: number, random: Random): Partition {
  const order = shuffle(
    Uint32Array.from({ length: data.count }, (_, i) => i),
    random,
  ).sort((a, b) => data.labels[a]! - data.labels[b]!);
  const count = boards * perBoard;
  const dealt = shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    random,
  );
  return Array.from({ length: boards }, (_, board) => {
    const list: number[] = [];
    for (let k = 0; k < perBoard; k++) {
      const shard = dealt[board * perBoard + k]!;
      const to = Math.floor(((shard + 1) * order.length) / count);
      for (let i = Math.floor((shard * order.length) / count); i < to; i++) list.push(order[i]!);
    }
    return shuffle(Uint32Array.from(list), random);
  });
}

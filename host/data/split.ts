// Which samples are held out for evaluation. By subject wherever the source names its subjects: a window of somebody whose other windows
// were trained on says nothing about strangers.

import { FtteError } from "../errors.ts";
import { subset } from "./dataset.ts";
import { type Random, shuffle } from "./random.ts";
import type { Dataset } from "./types.ts";

export interface Split {
  train: Dataset;
  test: Dataset;
}

const indicesOf = (data: Dataset) => Uint32Array.from({ length: data.count }, (_, i) => i);

function split(data: Dataset, isTest: (index: number) => boolean, isDropped: (index: number) => boolean): Split {
  const all = indicesOf(data);
  return {
    train: subset(
      data,
      all.filter((i) => !isTest(i) && !isDropped(i)),
    ),
    test: subset(data, all.filter(isTest)),
  };
}

const none = () => false;

/** These users are held out. @throws FtteError "data-invalid" when one of them has no samples */
export function holdOutUsers(data: Dataset, testUsers: readonly number[]): Split {
  const known = new Set(data.users);
  const unknown = testUsers.filter((user) => !known.has(user));
  if (unknown.length > 0)
    throw new FtteError(
      "data-invalid",
      `${data.name} has no samples of test user ${unknown.join(", ")}; its users are ${[...known].sort((a, b) => a - b).join(", ")}`,
    );
  const held = new Set(testUsers);
  return split(data, (i) => held.has(data.users[i]!), none);
}

/** A share of the users is held out, at least one, drawn at random. @throws FtteError "data-invalid" when there is only one user */
export function holdOutShareOfUsers(data: Dataset, share: number, random: Random): Split {
  const users = shuffle(Uint16Array.from(new Set(data.users)).sort(), random);
  if (users.length < 2)
    throw new FtteError("data-invalid", `${data.name} has one user only; leave out data.user to hold out windows`);
  const count = Math.min(users.length - 1, Math.max(1, Math.round(share * users.length)));
  return holdOutUsers(data, [...users.subarray(0, count)]);
}

/** A share of the samples is held out, drawn at random. Right only for samples that have nothing in common. */
export function holdOutShareOfSamples(data: Dataset, share: number, random: Random): Split {
  const held = new Set(shuffle(indicesOf(data), random).subarray(0, Math.round(share * data.count)));
  return split(data, (i) => held.has(i), none);
}

/**
 * The last share of each class's samples, for windows in the order of their recording of which each shares rows with the `overlap` windows
 * before it: those between the two parts are dropped, so that no row is on both sides.
 */
export function holdOutEnds(data: Dataset, share: number, overlap: number): Split {
  const held = new Set<number>();
  const dropped = new Set<number>();
  for (let label = 0; label < data.classes.length; label++) {
    const own = indicesOf(data).filter((i) => data.labels[i] === label);
    const ends = own.subarray(own.length - Math.round(share * own.length));
    for (const i of ends) held.add(i);
  }
  for (const i of held)
    for (let near = i - overlap; near <= i + overlap; near++)
      if (!held.has(near) && data.labels[near] === data.labels[i]) dropped.add(near); // windows of two labels share no row
  return split(
    data,
    (i) => held.has(i),
    (i) => dropped.has(i),
  );
}

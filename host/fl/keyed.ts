// Randomness without a state: a number from a key, so that a run that is resumed, or told in another order, draws the same.

/** A number in [0, 1): the same key, the same number (FNV-1a, then a finaliser of MurmurHash3). */
export function keyed(...key: (number | string)[]): number {
  let h = 0x811c9dc5;
  const text = key.join("/");
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

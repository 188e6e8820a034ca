// Randomness without a state: a number from a key, so that a run that is resumed, or told in another order, draws the same.

/** A number in [0, 1): the same key, the same number (FNV-1a over its parts with slashes between them, then a finaliser of MurmurHash3). */
export function keyed(...key: (number | string)[]): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    if (i > 0) h = hashed(h, 0x2f);
    const part = key[i]!;
    // Most parts are numbers of clients and tasks, and a string of each costs more than all else here.
    h = typeof part === "number" && part >= 0 && (part | 0) === part ? hashedDigits(h, part) : hashedText(h, `${part}`);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

const hashed = (h: number, code: number) => Math.imul(h ^ code, 0x01000193);

function hashedText(h: number, text: string): number {
  for (let i = 0; i < text.length; i++) h = hashed(h, text.charCodeAt(i));
  return h;
}

/** The same as of the number's decimal digits. @param value an integer from 0 to 2³¹ - 1 */
function hashedDigits(h: number, value: number): number {
  const tens = (value / 10) | 0;
  return hashed(tens > 0 ? hashedDigits(h, tens) : h, 0x30 + value - 10 * tens);
}

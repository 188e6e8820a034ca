// Generated from firmware/spec by scripts/generate_spec.ts; do not edit.
/** Argument words of an op, by its code; -1 where there is none. */
export function wordsOf(op: u32): i32 {
  if (op >> 4 == 0) {
    if (op == 1) return 7;
    if (op == 2) return 4;
    if (op == 3) return 3;
    if (op == 4) return 3;
    if (op == 5) return 3;
    if (op == 6) return 6;
    if (op == 7) return 6;
    if (op == 8) return 2;
    return -1;
  }
  if (op >> 4 == 1) {
    if (op == 16) return 6;
    if (op == 17) return 5;
    if (op == 18) return 7;
    if (op == 19) return 7;
    if (op == 20) return 6;
    return -1;
  }
  if (op >> 4 == 2) {
    if (op == 32) return 15;
    if (op == 33) return 15;
    if (op == 34) return 16;
    if (op == 35) return 16;
    if (op == 36) return 16;
    return -1;
  }
  if (op >> 4 == 3) {
    if (op == 48) return 14;
    if (op == 49) return 14;
    if (op == 50) return 15;
    if (op == 51) return 15;
    if (op == 52) return 15;
    return -1;
  }
  if (op >> 4 == 4) {
    if (op == 64) return 5;
    if (op == 65) return 6;
    if (op == 66) return 5;
    if (op == 67) return 6;
    return -1;
  }
  if (op >> 4 == 5) {
    if (op == 80) return 3;
    if (op == 81) return 4;
    if (op == 82) return 4;
    if (op == 83) return 3;
    return -1;
  }
  if (op >> 4 == 6) {
    if (op == 96) return 12;
    if (op == 97) return 12;
    if (op == 98) return 11;
    if (op == 99) return 11;
    return -1;
  }
  if (op >> 4 == 7) {
    if (op == 112) return 3;
    if (op == 113) return 3;
    if (op == 114) return 4;
    return -1;
  }
  if (op >> 4 == 8) {
    if (op == 128) return 8;
    return -1;
  }
  return -1;
}

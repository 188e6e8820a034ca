// How large a server step may be when updates come late. Ours; a delay in a feedback loop is textbook control theory.
//
// Near an optimum w*, and along one direction, a board that starts from w and trains sends λ (w* - w) with 0 <= λ <= 1: it goes towards the optimum,
// and not past it. Of updates of age τ_j and weight a_j the server makes
//
//     w_{v+1} = w_v - η λ · mean_j a_j (w_{v-τ_j} - w*)
//
// A distance to w* that goes with z^v solves z - 1 + η λ P(z) = 0, P(z) = mean_j a_j z^-τ_j. It shrinks when every root is inside the unit circle,
// and with η from 0 the first one leaves it where η λ = (1 - z) / P(z) is real and above 0 on z = e^{iω}. With λ = 1, the largest, that is the
// limit. If all ages are τ it is 2 sin(π / (2 (2τ+1))) / a (Levin, May, "A note on difference-delay equations", Theoretical Population
// Biology 9, 1976). Ages that differ allow more than their mean does: late answers that come spread out do not push in step.

/** An update that makes a step. */
export interface Late {
  age: number; // τ
  weight: number; // a, above 0
}

interface Term {
  age: number;
  a: number; // its share of P
}

/** At z = e^{iω}: (1 - z) / P(z), its parts times |P|², which changes no sign, and its modulus. */
interface Reading {
  imaginary: number;
  real: number;
  rate: number;
}

/** Of how many ω in (0, π] the quotient is read, so that the fastest term of P turns by less than a sixteenth of a round between two. */
const readings = (oldest: number) => 64 + 8 * Math.min(oldest, 1000);

/**
 * The largest server learning rate at which such updates leave the loop stable, or `most` if that is less.
 * @param updates one at least
 */
export function stableRate(updates: readonly Late[], most: number): number {
  const terms = termsOf(updates);
  const mean = terms.reduce((sum, { a }) => sum + a, 0); // P(1), and nowhere is |P| larger
  const count = readings(Math.max(...terms.map(({ age }) => age)));
  let limit = most;
  let before = 0;
  let sign = -1; // of the imaginary part: just above ω = 0, (1 - z)/P is -iω/mean
  for (let i = 1; i <= count; i++) {
    const omega = (Math.PI * i) / count;
    if ((2 * Math.sin(before / 2)) / mean >= limit) break; // |1 - z| only grows: no crossing from here on is less
    const { imaginary } = read(terms, omega);
    const next = i === count ? 0 : Math.sign(imaginary); // at ω = π all is real
    if (next !== sign) limit = Math.min(limit, crossing(terms, before, omega, sign));
    before = omega;
    sign = next;
  }
  return limit;
}

function termsOf(updates: readonly Late[]): Term[] {
  const weights = new Map<number, number>();
  for (const { age, weight } of updates) weights.set(age, (weights.get(age) ?? 0) + weight);
  return [...weights].map(([age, weight]) => ({ age, a: weight / updates.length }));
}

function read(terms: readonly Term[], omega: number): Reading {
  let cosine = 0; // P = cosine - i sine
  let sine = 0;
  for (const { age, a } of terms) {
    cosine += a * Math.cos(omega * age);
    sine += a * Math.sin(omega * age);
  }
  const x = 1 - Math.cos(omega); // 1 - z = x - iy
  const y = Math.sin(omega);
  return {
    imaginary: x * sine - y * cosine,
    real: x * cosine + y * sine,
    rate: Math.hypot(x, y) / Math.hypot(cosine, sine),
  };
}

/** The rate where the imaginary part changes its sign between two ω; Infinity where the real part is below 0. */
function crossing(terms: readonly Term[], from: number, to: number, sign: number): number {
  let low = from;
  let high = to;
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (Math.sign(read(terms, middle).imaginary) === sign) low = middle;
    else high = middle;
  }
  const { real, rate } = read(terms, high);
  return real > 0 ? rate : Number.POSITIVE_INFINITY;
}

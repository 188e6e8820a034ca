// s(τ): how much an update counts by its age, τ server versions since the one that it started from. One list for all strategies that weigh
// age; each says which of them is its paper's. Pure.

/**
 * constant: 1. polynomial: (1+τ)^-exponent; FedBuff's 1/√(1+τ) by default. hinge: 1 up to τ = b, then 1/(1 + a(τ-b)); a = ½, b = 4 by
 * default. Polynomial and hinge are those of Xie, Koyejo, Gupta, "Asynchronous federated optimization", 2019 (arXiv 1903.03934), section 5.2.
 */
export type Age =
  | "constant"
  | "polynomial"
  | "hinge"
  | { kind: "polynomial"; exponent: number }
  | { kind: "hinge"; a: number; b: number };

const polynomial = (exponent: number) => (staleness: number) => (1 + staleness) ** -exponent;
const hinge = (a: number, b: number) => (staleness: number) => (staleness <= b ? 1 : 1 / (1 + a * (staleness - b)));

/** The function s: 1 at τ = 0, above 0, and never larger for a greater τ. */
export function stalenessWeight(age: Age): (staleness: number) => number {
  if (age === "constant") return () => 1;
  if (age === "polynomial") return (staleness) => 1 / Math.sqrt(1 + staleness);
  if (age === "hinge") return hinge(0.5, 4);
  return age.kind === "hinge" ? hinge(age.a, age.b) : polynomial(age.exponent);
}

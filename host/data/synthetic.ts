// Made-up recordings, so that a new project runs before anybody has worn a board: sums of waves and noise that differ by label and by person.
// They have nothing to do with real people and are no measure of anything. Pure.

import { type Random, seeded } from "./random.ts";

/** What one label looks like in one channel: a wave (of the label's rhythm times `harmonic`), its size, where it rests, how noisy it is. */
export interface Wave {
  size: number;
  harmonic: number;
  rest: number;
  noise: number;
}

export interface SyntheticLabel {
  name: string;
  /** Of its rhythm, in Hz; people differ by a tenth. */
  hz: number;
  /** Share by which the rhythm changes from beat to beat. */
  jitter?: number;
  channels: Wave[];
}

export interface SyntheticOptions {
  columns: string[];
  labels: SyntheticLabel[];
  people: number;
  seconds: number; // of each label, by each person
  rateHz: number;
  digits: number; // behind the point
}

/** A CSV file: person, label, and a column for each channel; the same options, the same text. */
export function syntheticCsv(options: SyntheticOptions): string {
  const random = seeded(20_26);
  const lines = [["person", "label", ...options.columns].join(",")];
  for (let person = 1; person <= options.people; person++)
    for (const label of options.labels) {
      const own = 0.9 + 0.2 * random();
      lines.push(...stretch(options, label, own, random).map((values) => [person, label.name, ...values].join(",")));
    }
  return `${lines.join("\n")}\n`;
}

/** @param own what is this person's: of rhythm and size */
function stretch(
  { seconds, rateHz, digits }: SyntheticOptions,
  label: SyntheticLabel,
  own: number,
  random: Random,
): string[][] {
  let phase = random();
  let pace = 1;
  return Array.from({ length: seconds * rateHz }, () => {
    phase += (label.hz * own * pace) / rateHz;
    if (phase >= 1) {
      phase -= 1;
      pace = 1 + (label.jitter ?? 0) * (2 * random() - 1);
    }
    return label.channels.map(({ size, harmonic, rest, noise }) => {
      const wave = Math.sin(2 * Math.PI * harmonic * phase);
      return (rest + own * size * wave + noise * (random() + random() - 1)).toFixed(digits);
    });
  });
}

// A labelled data set in memory, and how it is dealt out to boards. Raw data stays in the sensor's own type.

import type { SampleType } from "../wire/spec.gen.ts";

export interface Dataset {
  name: string;
  shape: number[]; // of one sample, channels last
  type: keyof typeof SampleType;
  count: number;
  elements: Uint8Array | Int16Array | Float32Array; // count x product(shape)
  labels: Uint16Array;
  users: Uint16Array; // who a sample comes from; all 0 where the source does not say
  classes: string[];
}

/** Indices into a data set, one array per board. */
export type Partition = Uint32Array[];

/** A sample as a board stores it: label u16, two zero bytes, the elements, padded to a multiple of 4 bytes. */
export const sampleHeaderBytes = 4;

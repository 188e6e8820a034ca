// MIT-BIH on records written here byte by byte from the formats' published descriptions: physionet.org, WFDB Applications Guide, header(5),
// signal(5) "Format 212", annot(5) "MIT annotation files".

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type MitbihOptions, mitbih } from "../../../host/data/mitbih.ts";

/** As published by de Chazal et al. (2004), table II. */
const ds1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230".split(" ");
const ds2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234".split(" ");

/** Two signals of 12-bit two's complement samples, a pair in three bytes. */
function format212(pairs: [number, number][]): Uint8Array {
  return Uint8Array.from(
    pairs.flatMap(([a, b]) => {
      const [first, second] = [a & 0xfff, b & 0xfff];
      return [first & 0xff, (first >> 8) | ((second >> 8) << 4), second & 0xff];
    }),
  );
}

/** An annotation: 6 bits of code, 10 bits of time since the one before. */
const word = (code: number, time: number) => [time & 0xff, (code << 2) | (time >> 8)];
/** A longer time before the annotation that follows: the high 16 bits first, each half with its low byte first. */
const skip = (time: number) => {
  return [...word(59, 0), (time >> 16) & 0xff, (time >> 24) & 0xff, time & 0xff, (time >> 8) & 0xff];
};
const num = (n: number) => word(60, n);
const sub = (n: number) => word(61, n);
const chn = (n: number) => word(62, n);
/** A text behind an annotation, padded to an even number of bytes. */
const aux = (text: string) => [...word(63, text.length), ...Buffer.from(text), ...(text.length % 2 ? [0] : [])];
const end = [0, 0];

const header = (record: string, samples: number, leads: [string, string]) =>
  [
    `${record} 2 360 ${samples}`,
    ...leads.map((lead) => `${record}.dat 212 200 11 1024 995 -22131 0 ${lead}`),
    "# 69 M 1085 1629 x1",
    "",
  ].join("\r\n");

interface Record {
  leads?: [string, string];
  samples?: [number, number][];
  annotations?: number[];
}

/** All 44 records; those that a test does not give are flat and have one normal beat. */
function database(given: { [name: string]: Record } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "ftte-mitbih-"));
  const flat = Array.from({ length: 400 }, (): [number, number] => [0, 0]);
  for (const name of [...ds1, ...ds2]) {
    const { leads = ["MLII", "V5"], samples = flat, annotations = [...word(1, 100), ...end] } = given[name] ?? {};
    writeFileSync(join(folder, `${name}.hea`), header(name, samples.length, leads));
    writeFileSync(join(folder, `${name}.dat`), format212(samples));
    writeFileSync(join(folder, `${name}.atr`), Uint8Array.from(annotations));
  }
  return folder;
}

/** Every 12-bit value, from the least to the greatest, and one that differs. */
const wave = (t: number) => ((t * 7) % 4096) - 2048;
const other = (t: number) => ((t * 13) % 4096) - 2048;
const waves = Array.from({ length: 4096 }, (_, t): [number, number] => [wave(t), other(t)]);

/** 64 means of three samples, the 22nd of which begins at the annotation. */
const beatAt = (signal: (t: number) => number, at: number) =>
  Array.from({ length: 64 }, (_, i) => {
    const t = at - 63 + 3 * i;
    return Math.round((signal(t) + signal(t + 1) + signal(t + 2)) / 3);
  });

/** The beats of one record. */
function beatsOf(record: Record, name = "101", options: MitbihOptions = {}): { labels: string[]; windows: number[][] } {
  const { train, test } = mitbih(database({ [name]: record }), options);
  const data = ds1.includes(name) ? train : test;
  const own = [...data.users].flatMap((user, i) => (user === Number(name) ? [i] : []));
  return {
    labels: own.map((i) => data.classes[data.labels[i]!]!),
    windows: own.map((i) => [...data.elements.subarray(i * 64, (i + 1) * 64)]),
  };
}

const failure = (folder: string) => {
  try {
    mitbih(folder);
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error("nothing was wrong with it");
};

describe("the MIT-BIH importer", () => {
  it("reads every value of format 212, of lead MLII wherever it is", () => {
    for (const at of [63, 1000, 4096 - 129]) {
      const annotations = [...skip(at - 1), ...word(1, 1), ...end];
      const first = beatsOf({ samples: waves, annotations });
      expect(first.windows).toEqual([beatAt(wave, at)]);
      const second = beatsOf({ leads: ["V5", "MLII"], samples: waves, annotations }, "114");
      expect(second.windows).toEqual([beatAt(other, at)]);
    }
  });

  it("leaves out a beat whose window reaches past either end", () => {
    for (const at of [62, 4096 - 128])
      expect(beatsOf({ samples: waves, annotations: [...skip(at), ...word(1, 0), ...end] }).windows).toEqual([]);
  });

  it("adds up times through skips, and lets marks that are no beats pass without time or with it", () => {
    const annotations = [
      ...word(28, 18), // the rhythm's begin, at 18, with its name
      ...aux("(N"),
      ...word(1, 200), // N at 218
      ...num(3),
      ...sub(1),
      ...chn(1),
      ...word(5, 300), // V at 518
      ...aux("odd"),
      ...skip(0x10000 - 0xfe00), // 512
      ...word(8, 5), // A at 1035
      ...word(14, 100), // noise, at 1135
      ...word(6, 1023), // F at 2158
      ...skip(-100),
      ...word(2, 500), // L at 2558
      ...end,
      ...word(5, 100), // behind the end
    ];
    const { labels, windows } = beatsOf({ samples: waves, annotations });
    expect(labels).toEqual(["N", "V", "S", "F", "N"]);
    expect(windows).toEqual([218, 518, 1035, 2158, 2558].map((at) => beatAt(wave, at)));
  });

  it("sorts beats into the classes of AAMI EC57, and leaves paced, unknown and other marks out", () => {
    // Codes as in ecgcodes.h of the WFDB library.
    const codes = { N: [1, 2, 3, 11, 34], S: [4, 7, 8, 9], V: [5, 10], F: [6] };
    for (let code = 1; code < 50; code++) {
      const expected = Object.entries(codes).filter(([, list]) => list.includes(code));
      const { labels } = beatsOf({ annotations: [...word(code, 150), ...end] });
      expect(labels, `code ${code}`).toEqual(expected.map(([name]) => name));
    }
  });

  it("tells ventricular beats from the others, without fusion beats, which are both", () => {
    const annotations = [1, 5, 8, 6, 10, 2].flatMap((code) => word(code, 80)); // N V A F E L
    const samples = waves.slice(0, 700);
    const { labels } = beatsOf({ samples, annotations: [...annotations, ...end] }, "101", { classes: "ventricular" });
    expect(labels).toEqual(["other", "V", "other", "V", "other"]);
  });

  it("judges on so many beats of the test patients, with the shares of classes and patients kept, and trains on all", () => {
    const codes = (n: number, v: number) => [...Array(n).fill(1), ...Array(v).fill(5)];
    const of = (n: number, v: number) => {
      return { samples: waves, annotations: [...codes(n, v).flatMap((code) => word(code, 70)), ...end] };
    };
    const none = Object.fromEntries([...ds1, ...ds2].map((name) => [name, { annotations: end }]));
    const folder = database({ ...none, "100": of(20, 20), "101": of(30, 10), "234": of(10, 0) });
    const { train, test } = mitbih(folder, { test: 10 });
    const counts = new Map<string, number>();
    test.labels.forEach((label, i) => {
      const key = `${test.users[i]} ${test.classes[label]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    });
    expect(Object.fromEntries(counts)).toEqual({ "100 N": 4, "100 V": 4, "234 N": 2 });
    expect(train.count).toBe(40);
    expect(mitbih(folder, { test: 51 }).test).toEqual(mitbih(folder).test);
  });

  it("splits patients as published, each on one side", () => {
    const { train, test } = mitbih(database());
    expect([...train.users].map(String)).toEqual(ds1);
    expect([...test.users].map(String)).toEqual(ds2);
    expect(ds1.filter((record) => ds2.includes(record))).toEqual([]);
    expect(train).toMatchObject({ shape: [64, 1], type: "i16", classes: ["N", "S", "V", "F"] });
  });

  describe("refuses, naming the file,", () => {
    const change = (file: string, work: (bytes: Buffer) => Uint8Array | string) => {
      const folder = database();
      writeFileSync(join(folder, file), work(readFileSync(join(folder, file))));
      return failure(folder);
    };
    const text = (from: string | RegExp, to: string) => (bytes: Buffer) => bytes.toString().replace(from, to);

    it.each([
      ["another rate", text(" 360 ", " 250 ")],
      ["one signal", text(" 2 360", " 1 360")],
      ["another format", text("212", "16")],
      ["no lead MLII", text("MLII", "V1")],
      ["an empty file", () => ""],
    ])("a header with %s", (_what, work) => {
      const error = change("101.hea", work);
      expect(error.code).toBe("data-invalid");
      expect(error.message).toMatch(/101\.hea: has to be two signals of format 212 at 360 Hz/);
    });

    it("signals that are shorter than their header says, by a byte or by half", () => {
      for (const left of [1199, 600, 0]) {
        const error = change("106.dat", (bytes) => bytes.subarray(0, left));
        expect(error.code).toBe("data-invalid");
        expect(error.message).toMatch(/106\.dat: holds \d+ samples instead of 400/);
      }
    });

    it("annotations cut anywhere", () => {
      const whole = [...word(28, 18), ...aux("(AFIB"), ...skip(100), ...word(1, 1), ...num(3), ...end];
      for (let left = 0; left < whole.length; left++) {
        const error = change("234.atr", () => Uint8Array.from(whole.slice(0, left)));
        expect(error.code, `${left} bytes`).toBe("data-invalid");
        expect(error.message).toMatch(/234\.atr: ends in the middle/);
      }
    });

    it("a file that is not there, saying how to get it", () => {
      expect(failure(mkdtempSync(join(tmpdir(), "ftte-mitbih-")))).toMatchObject({
        code: "file-unreadable",
        message: expect.stringMatching(/101\.hea cannot be read; the folder must hold every record/),
      });
    });
  });
});

// HAPT on files written here as its README describes them (UCI, "Smartphone-Based Recognition of Human Activities and Postural
// Transitions", version 2.1): labels.txt has experiment, user, activity, first and last sample; acc_ and gyro_ files three numbers a line.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hapt } from "../../../host/data/hapt.ts";

interface Recording {
  experiment: number;
  user: number;
  samples: number;
  /** g at sample t; the other axes are told apart by their factor. */
  acceleration?: (t: number) => number;
}

const official = { train: 1, test: 2 }; // users of the two official parts

function folderOf(recordings: Recording[], labels: string, lineEnd = "\n"): string {
  const folder = mkdtempSync(join(tmpdir(), "ftte-hapt-"));
  const raw = join(folder, "RawData");
  mkdirSync(raw);
  const two = (n: number) => String(n).padStart(2, "0");
  for (const { experiment, user, samples, acceleration = (t: number) => t / 8192 } of recordings) {
    const file = (kind: string, axes: (t: number) => number[]) => {
      const lines = Array.from({ length: samples }, (_, t) => axes(t).join(" "));
      writeFileSync(join(raw, `${kind}_exp${two(experiment)}_user${two(user)}.txt`), lines.join(lineEnd) + lineEnd);
    };
    file("acc", (t) => [acceleration(t), 2 * acceleration(t), -acceleration(t)]);
    file("gyro", (t) => [t / 1800, experiment / 1800, user / 1800]);
  }
  writeFileSync(join(raw, "labels.txt"), labels);
  return folder;
}

const failure = (folder: string) => {
  try {
    hapt(folder);
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error("nothing was wrong with it");
};

describe("the HAPT importer", () => {
  it("cuts each stretch into half-overlapping windows of 128 samples, by positions from 1 on, in the sensor's counts", () => {
    const folder = folderOf(
      [{ experiment: 3, user: official.train, samples: 1000 }],
      // 127 samples give none, 128 one, 191 one, 192 two, and the end at 1000 is the last sample that there is.
      ["3 1 1 1 127", "3 1 2 128 255", "3 1 3 256 446", "3 1 6 447 638", "3 1 5 873 1000"].join("\n"),
    );
    const { train, test } = hapt(folder);
    expect(test.count).toBe(0);
    expect(train).toMatchObject({ shape: [128, 6], type: "i16", count: 5 });
    const firsts = Array.from({ length: train.count }, (_, i) => train.elements[i * 128 * 6]!);
    expect(firsts).toEqual([127, 255, 446, 446 + 64, 872]); // ax is t in counts, t from 0
    expect([...train.labels].map((l) => train.classes[l])).toEqual([
      ...["upstairs", "downstairs", "lying", "lying", "standing"],
    ]);
    const t = 127 + 5;
    expect([...train.elements.subarray(5 * 6, 6 * 6)]).toEqual([t, 2 * t, -t, t, 3, 1]);
  });

  it("leaves transitions out, and windows that reach past the end of the recording", () => {
    const folder = folderOf(
      [{ experiment: 1, user: official.train, samples: 300 }],
      ["1 1 7 1 200", "1 1 12 1 200", "1 1 4 150 400"].join("\n"),
    );
    const { train } = hapt(folder);
    expect([...train.labels].map((l) => train.classes[l])).toEqual(["sitting"]); // 149..276; the next would end at 341
    expect(train.elements[0]).toBe(149);
  });

  it("holds what a 16-bit sensor cannot say at its limits", () => {
    const acceleration = (t: number) => (t % 2 ? 5 : -5);
    const { train } = hapt(folderOf([{ experiment: 1, user: 1, samples: 128, acceleration }], "1 1 1 1 128"));
    expect([...train.elements.subarray(0, 3)]).toEqual([-32768, -32768, 32767]);
  });

  it("splits by person as the data set's authors did, and no person is on both sides", () => {
    const everyone = Array.from({ length: 30 }, (_, i) => ({ experiment: i + 1, user: i + 1, samples: 128 }));
    const labels = everyone.map(({ experiment, user }) => `${experiment} ${user} 1 1 128`).join("\n");
    const { train, test } = hapt(folderOf(everyone, labels));
    expect([...test.users]).toEqual([2, 4, 9, 10, 12, 13, 18, 20, 24]);
    expect([...train.users].filter((u) => test.users.includes(u))).toEqual([]);
    expect(train.count + test.count).toBe(30);
  });

  it("reads files with Windows line ends and several blanks between numbers", () => {
    const labels = "  1   1  1 1\t128 \r\n";
    expect(hapt(folderOf([{ experiment: 1, user: 1, samples: 128 }], labels, "\r\n")).train.count).toBe(1);
  });

  const mistakes: [what: string, labels: string, message: RegExp][] = [
    ["four columns", "1 1 1 1 128\n1 1 1 1\n", /labels\.txt, line 2: has to be 5 numbers/],
    ["a word", "1 1 walking 1 128\n", /labels\.txt, line 1: has to be 5 numbers/],
    ["a sample 0", "1 1 1 0 128\n", /labels\.txt, line 1: has to be experiment, user, activity/],
    ["an activity 0", "1 1 1 1 128\n1 1 0 1 128\n", /labels\.txt, line 2/],
    ["an activity 13", "1 1 13 1 128\n", /labels\.txt, line 1/],
    ["half a sample", "1 1 1 1 128.5\n", /labels\.txt, line 1/],
    ["an end before the beginning", "1 1 1 128 1\n", /labels\.txt, line 1/],
    ["nothing", "", /labels\.txt, line 1/],
  ];
  it.each(mistakes)("tells file and line of a mistake in the labels: %s", (_what, labels, message) => {
    const error = failure(folderOf([{ experiment: 1, user: 1, samples: 200 }], labels));
    expect(error.code).toBe("data-invalid");
    expect(error.message).toMatch(message);
  });

  it("tells which file is missing, or has a line that is wrong", () => {
    expect(failure(mkdtempSync(join(tmpdir(), "ftte-hapt-")))).toMatchObject({
      code: "file-unreadable",
      message: expect.stringMatching(/holds no RawData folder; unpack it there/),
    });
    const missing = folderOf([], "1 1 1 1 128");
    expect(failure(missing)).toMatchObject({
      code: "file-unreadable",
      message: expect.stringMatching(/acc_exp01_user01/),
    });
    const broken = folderOf([{ experiment: 1, user: 1, samples: 200 }], "1 1 1 1 128");
    writeFileSync(join(broken, "RawData", "gyro_exp01_user01.txt"), "1 2 3\n4 5\n");
    expect(failure(broken)).toMatchObject({
      code: "data-invalid",
      message: expect.stringMatching(/gyro_exp01_user01\.txt, line 2: has to be 3 numbers/),
    });
  });
});

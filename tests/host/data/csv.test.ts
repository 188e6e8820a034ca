// CSV recordings against windows worked out from the rows by definition, and every mistake with its file and line.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CsvOptions, csv } from "../../../host/data/csv.ts";
import { FtteError } from "../../../host/errors.ts";
import { sweep } from "../plan/random_models.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-csv-"));
const options: CsvOptions = { path: join(folder, "imu.csv"), columns: ["x", "y"], label: "what", window: 2, hop: 1 };

function read(text: string, more: Partial<CsvOptions> = {}) {
  writeFileSync(options.path, text);
  return csv({ ...options, ...more });
}

/** The message without the folder; fails when nothing is wrong. */
function mistake(text: string, more: Partial<CsvOptions> = {}): string {
  try {
    read(text, more);
  } catch (error) {
    expect(error).toBeInstanceOf(FtteError);
    expect((error as FtteError).code).toBe("data-invalid");
    return (error as FtteError).message.replaceAll(folder, "");
  }
  throw new Error("nothing was wrong with it");
}

describe("a CSV file", () => {
  it("gives its columns in the order asked for, whatever their order in the file, with labels sorted by name", () => {
    const data = read("y,what,x,other\n1,walk,10,z\n2,walk,20,z\n3,sit,30,z\n4,sit,40,z\n");
    expect(data).toMatchObject({ shape: [2, 2], type: "f32", count: 2, classes: ["sit", "walk"] });
    expect([...data.elements]).toEqual([10, 1, 20, 2, 30, 3, 40, 4]);
    expect([...data.labels]).toEqual([1, 0]);
    expect([...data.users]).toEqual([0, 0]);
  });

  it("is the same with spaces, Windows line ends, a byte order mark, and with or without a last line end", () => {
    const plain = read("x,y,what\n1,2,a\n3,4,a\n-5e-1,.25,a\n");
    expect([...plain.elements]).toEqual([1, 2, 3, 4, 3, 4, -0.5, 0.25]);
    for (const text of [
      "x,y,what\r\n1,2,a\r\n3,4,a\r\n-5e-1,.25,a\r\n",
      " x , y,what\n1, 2,a\n 3,4 , a\n-5e-1,.25,a",
      "\ufeffx,y,what\n1,2,a\n3,4,a\n-5e-1,.25,a\n\n\n",
    ])
      expect(read(text)).toEqual(plain);
  });

  it("keeps numbers of users, and numbers users that have names in the order of their first row", () => {
    const numbers = read("who,x,y,what\n7,1,1,a\n7,1,1,a\n65535,1,1,a\n65535,1,1,a\n", { user: "who" });
    expect([...numbers.users]).toEqual([7, 65535]);
    const names = read("who,x,y,what\nzoe,1,1,a\nzoe,1,1,a\nann,1,1,a\nann,1,1,a\nzoe,1,1,a\nzoe,1,1,a\n", {
      user: "who",
    });
    expect([...names.users]).toEqual([0, 1, 0]);
  });
});

describe("a mistake in a CSV file is told with its file and line", () => {
  const head = "x,y,what,who\n";
  const mistakes: [what: string, text: string, message: RegExp, more?: Partial<CsvOptions>][] = [
    ["an empty file", "", /^\/imu\.csv, line 1: the file is empty/],
    ["no such column", "x,z,what\n1,2,a\n", /^\/imu\.csv, line 1: there is no column "y"; the file has x, z, what$/],
    ["no label column", "x,y,b\n1,2,a\n", /line 1: there is no column "what"/],
    ["no user column", "x,y,what\n1,2,a\n", /line 1: there is no column "who"/, { user: "who" }],
    ["a column twice", "x,y,x,what\n1,2,3,a\n", /line 1: there are two columns "x"/],
    ["a header only", head, /^\/imu\.csv gives no window: no 2 rows in a row share a label and a user/],
    ["too few cells", `${head}1,2,a,1\n1,2,a\n`, /line 3: has 3 cells instead of 4/],
    ["too many cells", `${head}1,2,a,1,5\n`, /line 2: has 5 cells instead of 4/],
    ["an empty line between", `${head}1,2,a,1\n\n1,2,a,1\n`, /line 3: has 1 cells instead of 4/],
    ["an empty number", `${head}1,2,a,1\n,2,a,1\n`, /line 3: "" in column "x" is not a number/],
    ["a word for a number", `${head}1,2,a,1\n1,wide,a,1\n`, /line 3: "wide" in column "y" is not a number/],
    ["a number in quotes", `${head}"1",2,a,1\n`, /line 2: ""1"" in column "x" is not a number/],
    ["an infinite number", `${head}1,Infinity,a,1\n`, /line 2: "Infinity" in column "y" is not a number/],
    ["a number too large for f32", `${head}1,1e39,a,1\n`, /line 2: "1e39" in column "y" is not a number/],
    ["no label", `${head}1,2,a,1\n1,2,,1\n`, /line 3: has no label in column "what"/],
    ["no user", `${head}1,2,a,\n`, /line 2: has no user in column "who"/, { user: "who" }],
    [
      "a user's number that is too large",
      `${head}1,2,a,65536\n`,
      /line 2: user 65536 is more than 65535/,
      { user: "who" },
    ],
    ["no two rows that belong together", `${head}1,2,a,1\n1,2,b,1\n1,2,a,1\n`, /gives no window/],
  ];
  it.each(mistakes)("%s", (_what, text, message, more) => {
    expect(mistake(text, more)).toMatch(message);
  });

  it("and a file that cannot be read, with where to look", () => {
    const missing = { ...options, path: join(folder, "nowhere.csv") };
    expect(() => csv(missing)).toThrow(
      expect.objectContaining({ code: "file-unreadable", message: expect.stringMatching(/nowhere\.csv.*data\.path/) }),
    );
  });
});

describe("windows", () => {
  const row = fc.record({ value: fc.integer({ min: -1000, max: 1000 }), label: fc.nat(2), user: fc.nat(2) });
  const lengths = fc.array(fc.tuple(row, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 8 });

  it("begin with each stretch of one label and one user and every `hop` rows after, and are `window` long", () => {
    let kept = 0;
    const check = (
      stretches: [{ value: number; label: number; user: number }, number][],
      window: number,
      hop: number,
    ) => {
      const rows = stretches.flatMap(([r, n]) =>
        Array.from({ length: n }, (_, i) => ({ ...r, value: r.value + i / 8 })),
      );
      const text = ["x,y,what,who", ...rows.map((r) => `${r.value},${r.value * 2},${"abc"[r.label]},${r.user}`)].join(
        "\n",
      );
      const expected: { values: number[]; label: string; user: number }[] = [];
      let since = 0; // rows since the stretch began
      rows.forEach((r, i) => {
        const before = rows[i - 1];
        since = before && before.label === r.label && before.user === r.user ? since + 1 : 0;
        const part = rows.slice(i, i + window);
        const whole = part.length === window && part.every((p) => p.label === r.label && p.user === r.user);
        if (since % hop !== 0 || !whole) return;
        expected.push({ values: part.flatMap((p) => [p.value, p.value * 2]), label: "abc"[r.label]!, user: r.user });
      });
      kept += expected.length;
      if (expected.length === 0) return void mistake(text, { window, hop, user: "who" });
      const data = read(text, { window, hop, user: "who" });
      expect(data.count).toBe(expected.length);
      expect([...data.elements]).toEqual(expected.flatMap((e) => e.values));
      expect([...data.labels].map((l) => data.classes[l])).toEqual(expected.map((e) => e.label));
      expect([...data.users]).toEqual(expected.map((e) => e.user));
    };
    fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), check), sweep(200));
    expect(kept).toBeGreaterThan(200);
  });
});

describe("16 bits", () => {
  it("are the file's numbers times a sensor's counts, halves up, held at the ends", () => {
    const text = "x,y,what\n0.5,1,a\n-0.5,2,a\n100,-9000,a\n1.25,-3,a\n";
    const data = read(text, { window: 4, hop: 4, type: "i16", counts: [1000, 5] });
    expect(data.type).toBe("i16");
    expect([...data.elements]).toEqual([500, 5, -500, 10, 32767, -32768, 1250, -15]);
    expect([...read("x,y,what\n0.5,-0.5,a\n", { window: 1, hop: 1, type: "i16" }).elements]).toEqual([1, 0]);
  });
});

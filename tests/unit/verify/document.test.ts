import { describe, expect, test } from "@jest/globals";
import {
  leftToCompare,
  type StandbyReport,
  verdict,
  verifyTable,
} from "../../../automation/verify/document.ts";

const equal: StandbyReport = {
  ...{ region: "secondary", tables: 3, rows: 1000, seconds: 2, errant: null, unknown: null },
  ...{ differences: [], changing: [], unsettled: [] },
};
const document = (...standbys: StandbyReport[]) => ({
  ...{ apiVersion: "evenkeel/v1" as const, site: "shop", active: "primary", epoch: 1, standbys },
});
const differs = { kind: "row-differs" as const, table: "s.posts", key: ["4", "x"] };

describe("[P7] what verify says", () => {
  test.each([
    ["equal", [equal]],
    ["different", [equal, { ...equal, differences: [differs] }]],
    ["different", [{ ...equal, errant: "up to 0-2-7" }]],
    ["different", [{ ...equal, unknown: "its database is fenced", errant: "up to 0-2-7" }]],
    ["unknown", [{ ...equal, changing: [{ table: "s.hits", key: null }] }]],
    ["unknown", [equal, { ...equal, unknown: "its database does not follow" }]],
    ["unknown", []],
  ] as [string, StandbyReport[]][])("%s", (word, standbys) => {
    expect(verdict(document(...standbys))).toBe(word);
  });

  test("people get the rate, each difference by table and key, and how many more there are", () => {
    const many = Array.from({ length: 25 }, (_, i) => ({ ...differs, key: [String(i)] }));
    const text = verifyTable(document({ ...equal, differences: many, errant: "up to 0-2-7" }));
    expect(text).toMatch(/secondary +primary +different +3 +1000 +2\.0 +500/);
    expect(text).toContain("! secondary: s.posts 19: the row differs\n");
    expect(text).not.toContain("s.posts 20");
    expect(text).toContain("! secondary: and 5 more (--format json)\n");
    expect(text).toContain("never wrote: up to 0-2-7");
    expect(verifyTable(document())).toContain("no standby");
  });
});

describe("what is left to compare", () => {
  const part = { range: { table: ["s", "hits"] as const, after: null, upTo: null }, keyed: true };
  const hot = { ...equal, changing: [{ table: "s.hits", key: ["1"] }], unsettled: [part] };

  test("is where rows changed too often, and nothing where all are equal", () => {
    expect(leftToCompare(document(hot))).toEqual([part]);
    expect(leftToCompare(document(equal))).toEqual([]);
  });

  test.each([
    ["a row differs", [{ ...hot, differences: [differs] }]],
    ["a standby holds what was never written", [{ ...hot, errant: "up to 0-2-7" }]],
    ["rows could not be compared", [hot, { ...equal, unknown: "its database does not follow" }]],
    ["there is no standby", []],
  ] as [string, StandbyReport[]][])("is not the only thing where %s", (_, standbys) => {
    expect(leftToCompare(document(...standbys))).toBeNull();
  });
});

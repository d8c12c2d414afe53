import { expect, test } from "@jest/globals";
import { separatePassThrough } from "../../automation/passthrough.ts";

test.each([
  [
    ["pulumi", "up", "-s", "primary"],
    ["pulumi", "--", "up", "-s", "primary"],
  ],
  [
    ["pulumi", "--", "up", "--diff"],
    ["pulumi", "--", "up", "--diff"],
  ],
  [
    ["--site", "x", "pulumi", "--help"],
    ["--site", "x", "pulumi", "--", "--help"],
  ],
  [
    ["pulumi", "--site=x", "up", "--site", "y"],
    ["pulumi", "--site=x", "--", "up", "--site", "y"],
  ],
])("the flags of pulumi stay pulumi's: %j", (given, expected) => {
  expect(separatePassThrough(given)).toEqual(expected);
});

test("other commands keep their flags", () => {
  expect(separatePassThrough(["status", "pulumi", "--format", "json"])).toEqual([
    "status",
    "pulumi",
    "--format",
    "json",
  ]);
});

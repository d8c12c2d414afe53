import { expect, test } from "@jest/globals";
import { facts, table } from "../../automation/output.ts";

test("a table is aligned, has no trailing spaces and shows the unknown as a dash", () => {
  expect(
    table(
      ["Name", "Lag s"],
      [
        ["primary", null],
        ["b", 0],
      ],
    ),
  ).toBe("Name     Lag s\nprimary  -\nb        0\n");
});

test("facts are aligned; no facts are no text", () => {
  expect(
    facts([
      ["A", "1"],
      ["Long", "2"],
    ]),
  ).toBe("A     1\nLong  2\n");
  expect(facts([])).toBe("");
});

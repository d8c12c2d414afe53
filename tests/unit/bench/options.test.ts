import { expect, test } from "@jest/globals";
import { siteOptions } from "../../../bench/options.ts";

const read = (...argv: string[]) =>
  siteOptions(argv, { again: { otherwise: 3, most: 20 } }, "npm run bench:x -- --site proof");

test("a benchmark's site, and numbers as given or as they are otherwise", () => {
  expect(read("--site", "proof")).toEqual({ site: "proof", again: 3 });
  expect(read("--site=proof", "--again", "20")).toEqual({ site: "proof", again: 20 });
});

test.each([
  [[], "--site names no site"],
  [["--site", "../x"], '"../x" is no site\'s name'],
  [["--site", "proof", "--again", "0"], "--again takes a whole number from 1 to 20"],
  [["--site", "proof", "--again", "21"], "--again takes a whole number from 1 to 20"],
  [["--site", "proof", "--again", "2.5"], "--again takes a whole number from 1 to 20"],
  [["--sit", "proof"], "--sit"],
])("%j ends with 2, names the flag and a command that works", (argv, what) => {
  expect(() => read(...argv)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      what: expect.stringContaining(what),
      next: "npm run bench:x -- --site proof",
    }),
  );
});

import { expect, test } from "@jest/globals";
import { optionsOf } from "../../../../bench/failover/options.ts";

test("both arms, 20 rounds and no longer way where nothing else is said", () => {
  expect(optionsOf(["--site", "proof"])).toEqual({
    ...{ arms: ["patroni", "evenkeel"], site: "proof", rounds: 20, roundTripMs: 0 },
  });
});

test("one arm alone; Patroni's needs no site", () => {
  expect(optionsOf(["--only", "patroni", "--rounds", "3", "--round-trip-ms", "80"])).toEqual({
    ...{ arms: ["patroni"], site: null, rounds: 3, roundTripMs: 80 },
  });
  expect(optionsOf(["--only", "evenkeel", "--site", "proof"]).arms).toEqual(["evenkeel"]);
});

test.each([
  [[], "--site names no site"],
  [["--only", "evenkeel"], "--site names no site"],
  [["--only", "patroni", "--site", "proof"], "takes no site"],
  [["--site", "../x"], '"../x" is no site\'s name'],
  [["--site", "proof", "--only", "repmgr"], "--only takes patroni or evenkeel"],
  [["--site", "proof", "--rounds", "0"], "--rounds takes a whole number from 1 to 100"],
  [["--site", "proof", "--rounds", "2.5"], "--rounds takes a whole number from 1 to 100"],
  [["--site", "proof", "--rounds", "101"], "--rounds takes a whole number from 1 to 100"],
  [["--site", "proof", "--round-trip-ms", "10"], "--round-trip-ms takes one of 0, 20, 80"],
  [["--site", "proof", "--round-trip", "20"], "--round-trip"],
])("%j ends with 2, names the flag and a command that works", (argv, what) => {
  expect(() => optionsOf(argv)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      what: expect.stringContaining(what),
      next: expect.stringContaining("npm run bench:failover -- --site proof"),
    }),
  );
});

import { describe, expect, test } from "@jest/globals";
import { parseWebStatus, webCommand } from "../../../automation/remote/web.ts";

const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-web"];

describe("commands to a web host", () => {
  test("open names the epoch and carries a deadline", () => {
    expect(webCommand.open({ epoch: 7, deadlineSeconds: 5 })).toEqual({
      argv: [...program, "open", "--epoch", "7", "--deadline", "5"],
    });
  });

  test.each([
    ["close", "15"],
    ["status", "10"],
    ["settle", "30"],
    ["install", "180"],
  ] as const)("%s has a deadline of its own and takes no epoch", (verb, seconds) => {
    expect(webCommand[verb]().argv).toEqual([...program, verb, "--deadline", seconds]);
  });

  test.each([0, -1, 1.5, Number.NaN])("an epoch of %p is refused before it reaches a host", (epoch) => {
    expect(() => webCommand.open({ epoch })).toThrow(/epoch/);
  });

  test.each([0, 0.5])("a deadline of %p s is refused", (deadlineSeconds) => {
    expect(() => webCommand.close({ deadlineSeconds })).toThrow(/deadlineSeconds/);
  });
});

const status = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  region: "primary",
  gate: "open",
  epoch: 3,
  cron: "active",
  versions: { nginx: "1.26.3", php: "8.4.28", wordpress: "6.8.12" },
  core: { version: "6.8.12", source: "package", treeHash: "a".repeat(64) },
};

describe("the status of a web host", () => {
  test("is read as it was printed", () => {
    expect(parseWebStatus(`${JSON.stringify(status)}\n`)).toEqual(status);
  });

  test("a host whose role was never finished has no core", () => {
    const bare = { ...status, core: null, versions: { nginx: null, php: null, wordpress: null } };
    expect(parseWebStatus(JSON.stringify(bare)).core).toBeNull();
  });

  test.each([
    { lease: { epoch: 3, leftSeconds: 1.52 }, keeper: "active" },
    { lease: null, keeper: "failed" },
    { lease: null, keeper: null },
  ])("the lease and its keeper are read as they were told: %j", (told) => {
    expect(parseWebStatus(JSON.stringify({ ...status, ...told }))).toEqual({ ...status, ...told });
  });

  test.each([
    ["a lease of no epoch", { lease: { epoch: 0, leftSeconds: 1 } }],
    ["a gate that is neither open nor closed", { gate: "ajar" }],
    ["a negative epoch", { epoch: -1 }],
    ["another version of the document", { apiVersion: "evenkeel/v2" }],
    ["a tree hash that is none", { core: { ...status.core, treeHash: "abc" } }],
  ])("%s is refused", (_, change) => {
    expect(() => parseWebStatus(JSON.stringify({ ...status, ...change }))).toThrow();
  });

  test("what is no JSON is refused", () => {
    expect(() => parseWebStatus("sudo: a password is required")).toThrow();
  });
});

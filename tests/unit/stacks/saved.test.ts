import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { fileBackend, savedOutput, savedStacks } from "../../../automation/stacks/saved.ts";

const backend = mkdtempSync(join(tmpdir(), "evenkeel-saved-"));
const folder = join(backend, ".pulumi/stacks/shop");
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(backend, { recursive: true, force: true }));

const save = (text: string) => writeFileSync(join(folder, "primary.json"), text);
const state = (outputs: unknown, version = 3) =>
  JSON.stringify({
    version,
    checkpoint: { latest: { resources: [{ type: "pulumi:pulumi:Stack", outputs }] } },
  });
const output = () => savedOutput(backend, "shop", "primary");

describe("what a file backend holds", () => {
  test("is found where Pulumi is told of a folder, and nowhere else", () => {
    expect(fileBackend({ PULUMI_BACKEND_URL: "file:///a%20b/state" })).toBe("/a b/state");
    for (const url of ["s3://bucket", "https://api.example.org", "file://./relative"]) {
      expect(fileBackend({ PULUMI_BACKEND_URL: url })).toBeNull();
    }
  });

  test("stacks by name, compressed or not; locks, copies and other projects are none", () => {
    for (const name of [
      "primary.json",
      "global.json.gz",
      "primary.json.bak",
      "primary.json.attrs",
      "notes.txt",
    ])
      writeFileSync(join(folder, name), "{}");
    expect(savedStacks(backend, "shop").sort()).toEqual(["global", "primary"]);
    expect(savedStacks(backend, "other")).toEqual([]);
    expect(savedStacks(join(backend, "nowhere"), "shop")).toEqual([]);
  });

  test("the one output; undefined before the first update and after a destroy", () => {
    save(state({ outputs: { site: "shop" } }));
    expect(output()).toEqual({ value: { site: "shop" } });
    save(state({}));
    expect(output()).toEqual({ value: undefined });
    save(JSON.stringify({ version: 3, checkpoint: { latest: null } }));
    expect(output()).toEqual({ value: undefined });
  });

  test.each([
    ["another version", state({ outputs: { site: "shop" } }, 4)],
    ["a file that was cut off", '{"version": 3, "checkpoint"'],
    ["another form", '{"version": 3, "deployment": {}}'],
    [
      "an encrypted value",
      state({ outputs: { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: "x" } }),
    ],
  ])("%s is left to the CLI", (_, text) => {
    save(text);
    expect(output()).toBeNull();
  });

  test("a stack that isn't there is left to the CLI, which says so", () => {
    rmSync(join(folder, "primary.json"));
    expect(output()).toBeNull();
  });
});

import { describe, expect, test } from "@jest/globals";
import { inputChanges } from "../../../../automation/engine/plugin/diff.ts";
import {
  asSecret,
  assetArchive,
  unknownString,
  type WireObject,
} from "../../../../automation/engine/plugin/values.ts";

const asset = (hash: string, path: string) => ({
  "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
  hash,
  path,
});

/** Rows as `path kind`, with `!` where the resource is replaced. What the published plugin 1.2.1 answers. */
const rows: [string, WireObject, WireObject, string[]][] = [
  ["nothing", { create: "a", triggers: [1] }, { triggers: [1], create: "a" }, []],
  ["create", { create: "a" }, { create: "b" }, ["create update"]],
  ["update set", { create: "a" }, { create: "a", update: "u" }, ["update add"]],
  ["delete taken away", { delete: "d" }, {}, ["delete delete"]],
  ["triggers set", {}, { triggers: [1] }, ["triggers add!"]],
  ["triggers taken away", { triggers: [1] }, {}, ["triggers delete!"]],
  [
    "a trigger changed (the SDK makes it replace)",
    { triggers: ["a"] },
    { triggers: ["b"] },
    ["triggers[0] update"],
  ],
  ["a trigger added", { triggers: ["a"] }, { triggers: ["a", "b"] }, ["triggers[1] add"]],
  ["a trigger removed", { triggers: ["a", "b"] }, { triggers: ["a"] }, ["triggers[1] delete"]],
  [
    "deep in a trigger",
    { triggers: [{ "a.b": 1 }] },
    { triggers: [{ "a.b": 2 }] },
    ['triggers[0]["a.b"] update'],
  ],
  ["a trigger not known yet", { triggers: ["a"] }, { triggers: [unknownString] }, ["triggers[0] update"]],
  ["stdin not known yet", { stdin: "a" }, { stdin: unknownString }, ["stdin update"]],
  ["a secret's value", { stdin: asSecret("a") }, { stdin: asSecret("b") }, ["stdin update"]],
  ["a value that becomes secret", { stdin: "a" }, { stdin: asSecret("a") }, ["stdin update"]],
  ["an equal secret", { connection: asSecret({ a: 1, b: 2 }) }, { connection: asSecret({ b: 2, a: 1 }) }, []],
  [
    "a secret connection: one path",
    { connection: asSecret({ a: 1 }) },
    { connection: asSecret({ a: 2 }) },
    ["connection update"],
  ],
  ["a file elsewhere with the same content", { source: asset("1", "a") }, { source: asset("1", "b") }, []],
  ["a file's content", { source: asset("1", "a") }, { source: asset("2", "a") }, ["source update"]],
  [
    "a file that becomes an archive",
    { source: asset("1", "a") },
    { source: assetArchive({}, "1") },
    ["source update"],
  ],
  ["the engine's own properties", { __defaults: [] }, { __defaults: ["x"], version: "1" }, []],
];

describe("a change of inputs", () => {
  test.each(rows)("%s", (_name, recorded, next, expected) => {
    const found = inputChanges(recorded, next).map(
      ({ path, kind, replace }) => `${path} ${kind}${replace ? "!" : ""}`,
    );
    expect(found).toEqual(expected);
  });
});

import { describe, expect, test } from "@jest/globals";
import { outputsBeforeUpdate, recordedInputs } from "../../../../automation/engine/plugin/recorded.ts";
import {
  inputNames,
  isResourceType,
  refusals,
  stepInputs,
  type Token,
} from "../../../../automation/engine/plugin/schema.ts";
import {
  asSecret,
  assetArchive,
  isSecret,
  reveal,
  unknownString,
  type WireObject,
} from "../../../../automation/engine/plugin/values.ts";

const connection = { host: "h", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
const local: WireObject = { create: "true" };
const remote: WireObject = { ...local, connection: asSecret(connection) };
const text = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "a", hash: "1" };

/** The published schema 1.2.1, by name. */
const verbs = ["create", "update", "delete", "triggers"];
const anyRun = ["stdin", "logging", "environment", "addPreviousOutputInEnv"];
const localRun = [...anyRun, "interpreter", "dir", "assetPaths", "archivePaths"];
const published: [Token, string[]][] = [
  ["command:local:Command", [...localRun, ...verbs]],
  ["command:local:run", [...localRun, "command"]],
  ["command:remote:Command", [...anyRun, ...verbs, "connection"]],
  ["command:remote:CopyFile", ["connection", "localPath", "remotePath", "triggers"]],
  ["command:remote:CopyToRemote", ["connection", "source", "remotePath", "triggers"]],
];

describe("inputs", () => {
  test.each(published)("%s has the inputs of the published schema, and no others", (type, names) => {
    expect(inputNames(type).sort()).toEqual([...names].sort());
  });

  test("of every kind are accepted", () => {
    const command = { update: "u", delete: "d", triggers: [1, { a: [] }, text] };
    const run = { stdin: asSecret("s"), logging: "none", environment: { A: asSecret("1") } };
    const files = { interpreter: ["bash", "-c"], dir: "/", assetPaths: ["*"], archivePaths: ["**"] };
    expect(refusals("command:local:Command", { ...local, ...command, ...run, ...files })).toEqual([]);
    expect(refusals("command:local:run", { command: "true", ...run, ...files })).toEqual([]);
    const secrets = { password: "pw", privateKeyPassword: asSecret("pp"), agentSocketPath: "/run/agent" };
    const hops = { ...connection, ...secrets, port: 22, dialErrorLimit: -1, perDialTimeout: 0 };
    const proxied = { ...remote, connection: asSecret({ ...hops, proxy: hops }) };
    expect(refusals("command:remote:Command", { ...proxied, ...command, ...run })).toEqual([]);
    const copy = { connection: asSecret({ host: "h" }), source: text, remotePath: "/x", triggers: [1] };
    expect(refusals("command:remote:CopyToRemote", copy)).toEqual([]);
  });

  test("that the schema doesn't name are refused by name, never with their value", () => {
    const [refusal] = refusals("command:local:Command", { ...local, frobnicate: asSecret("value-of-it") });
    expect(refusal).toEqual({ property: "frobnicate", reason: expect.stringContaining("no such input") });
    expect(refusal?.reason).not.toContain("value-of-it");
    const named = (bad: WireObject) =>
      refusals("command:remote:Command", { ...remote, connection: bad }).map(({ property }) => property);
    expect(named({ ...connection, proxy: { ...connection, proxy: connection } })).toEqual([
      "connection.proxy.proxy",
    ]);
    expect(named({ privateKey: "KEY" })).toEqual(["connection.host"]);
  });

  test.each([
    ["an archive of assets", assetArchive({ a: text }, "1")],
    ["an empty text", { ...text, text: "" }],
    ["a source that is not known yet", unknownString],
  ])("%s is no source of a copy", (_name, source) => {
    const copy = { connection, remotePath: "/x", source };
    expect(refusals("command:remote:CopyToRemote", copy).map(({ property }) => property)).toEqual(["source"]);
  });

  test("not known yet are good at any depth in a preview, but no excuse for an unknown name", () => {
    const unknown = asSecret({ ...connection, host: unknownString, proxy: unknownString });
    const given = {
      ...remote,
      create: unknownString,
      environment: { A: unknownString },
      connection: unknown,
    };
    expect(refusals("command:remote:Command", given)).toEqual([]);
    expect(refusals("command:remote:Command", { ...remote, connection: unknownString })).toEqual([]);
    expect(refusals("command:local:Command", { ...local, dir: unknownString })).toEqual([]);
    expect(refusals("command:remote:Command", { ...local, stdin: unknownString })).toHaveLength(1);
    expect(refusals("command:local:Command", { ...local, dri: unknownString })).toHaveLength(1);
  });

  test("that are not known yet cannot run", () => {
    expect(() => stepInputs("command:local:Command", { ...local, create: 3 })).toThrow("create");
  });
});

describe("what is recorded", () => {
  test("has the published defaults, the connection secret as a whole and each of its secrets once more", () => {
    const given = { ...connection, password: "PW", privateKeyPassword: "PP" };
    const recorded = recordedInputs("command:remote:Command", {
      ...remote,
      connection: { ...given, proxy: given },
    });
    expect(isSecret(recorded.connection)).toBe(true);
    const hop = { ...given, dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root" };
    expect(reveal(recorded.connection ?? null)).toEqual({ ...hop, proxy: hop });
    for (const [name, secret] of Object.entries({
      privateKey: "KEY",
      password: "PW",
      privateKeyPassword: "PP",
    }))
      expect(JSON.stringify(recorded)).toContain(JSON.stringify({ [name]: asSecret(secret) }).slice(1, -1));
  });

  test("keeps the marks that were given inside of it", () => {
    const proxy = asSecret({ host: asSecret("p") });
    const given = asSecret({ host: asSecret("h"), user: unknownString, proxy });
    const recorded = recordedInputs("command:remote:Command", { connection: given });
    const defaults = { dialErrorLimit: 10, perDialTimeout: 15, port: 22 };
    const filled = asSecret({ ...defaults, user: "root", host: asSecret("p") });
    const expected = asSecret({ ...defaults, user: unknownString, host: asSecret("h"), proxy: filled });
    expect(recorded).toEqual({ connection: expected });
    const unknown = { connection: unknownString };
    expect(recordedInputs("command:remote:Command", unknown)).toEqual({
      connection: asSecret(unknownString),
    });
  });

  test("of a local command is what was given", () => {
    expect(recordedInputs("command:local:Command", local)).toBe(local);
  });
});

describe("what a preview of an update knows of the outputs", () => {
  const files = { assets: {}, archive: assetArchive({}, "1") };
  const state = { ...local, stdin: "a", stdout: "out", stderr: "", ...files };
  const nothing = Object.fromEntries(
    ["stdout", "stderr", "assets", "archive"].map((n) => [n, unknownString]),
  );
  const rows: [string, WireObject, WireObject][] = [
    ["an input changed", { ...local, stdin: "b" }, nothing],
    ["an input taken away", local, nothing],
    ["an input not known yet", { ...local, stdin: "a", update: unknownString }, nothing],
    ["a new input", { ...local, stdin: "a", update: "u" }, { stdout: "out", stderr: "", ...files }],
  ];
  test.each(rows)("%s", (_name, inputs, expected) => {
    expect(outputsBeforeUpdate("command:local:Command", state, inputs)).toEqual(expected);
  });
});

test("what the published plugin doesn't have is not known", () => {
  expect(isResourceType("command:remote:CopyFile")).toBe(true);
  expect(isResourceType("command:local:run")).toBe(false);
  expect(isResourceType("command:remote:Frob")).toBe(false);
});

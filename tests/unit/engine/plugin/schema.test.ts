import { describe, expect, test } from "@jest/globals";
import {
  isResourceType,
  recordedInputs,
  refusals,
  stepInputs,
} from "../../../../automation/engine/plugin/schema.ts";
import {
  asSecret,
  isSecret,
  reveal,
  unknownString,
  type WireObject,
} from "../../../../automation/engine/plugin/values.ts";

const connection = { host: "h", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
const local: WireObject = { create: "true", addPreviousOutputInEnv: false };
const remote: WireObject = { ...local, connection: asSecret(connection) };
const text = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "a", hash: "1" };

describe("inputs", () => {
  test("that the program uses are accepted", () => {
    const all = { update: "u", delete: "d", stdin: asSecret("s"), triggers: [1, { a: [] }], logging: "none" };
    expect(refusals("command:local:Command", { ...local, ...all })).toEqual([]);
    const proxied = { ...remote, connection: asSecret({ ...connection, port: 22, proxy: connection }) };
    expect(refusals("command:remote:Command", { ...proxied, ...all })).toEqual([]);
    const copy = { connection: asSecret(connection), source: text, remotePath: "/x" };
    expect(refusals("command:remote:CopyToRemote", copy)).toEqual([]);
  });

  const others = ["environment", "dir", "interpreter", "assetPaths", "archivePaths", "frobnicate"];
  test.each(others)("that the stand-in doesn't know are refused by name: %s", (name) => {
    const [refusal] = refusals("command:local:Command", { ...local, [name]: asSecret("value-of-it") });
    expect(refusal).toEqual({
      property: name,
      reason: expect.stringContaining(`doesn't know the input "${name}"`),
    });
    expect(refusal?.reason).toContain("PULUMI_COMMAND_PLUGIN");
    expect(refusal?.reason).not.toContain("value-of-it");
  });

  test.each(["password", "privateKeyPassword", "agentSocketPath"])("of a connection as well: %s", (name) => {
    const bad = { ...connection, [name]: asSecret("pw"), proxy: { ...connection, [name]: "pw" } };
    const found = refusals("command:remote:Command", { ...remote, connection: asSecret(bad) });
    expect(found.map(({ property }) => property).sort()).toEqual([
      `connection.${name}`,
      `connection.proxy.${name}`,
    ]);
  });

  test("a connection without a host key is refused, as is one proxy behind another", () => {
    const { hostKey: _, ...keyless } = connection;
    const named = (bad: WireObject) =>
      refusals("command:remote:Command", { ...remote, connection: bad }).map(({ property }) => property);
    expect(named(keyless)).toEqual(["connection.hostKey"]);
    expect(named({ ...connection, proxy: { ...connection, proxy: connection } })).toEqual([
      "connection.proxy.proxy",
    ]);
  });

  test.each([true, undefined])("addPreviousOutputInEnv %s is refused by name", (value) => {
    const given: WireObject = { create: "true" };
    if (value !== undefined) given.addPreviousOutputInEnv = value;
    expect(refusals("command:local:Command", given)).toEqual([
      { property: "addPreviousOutputInEnv", reason: expect.stringContaining("must be given as false") },
    ]);
  });

  test("not known yet are good at any depth in a preview, but no excuse for an unknown name", () => {
    const unknown = asSecret({ ...connection, host: unknownString, proxy: unknownString });
    const given = { ...remote, create: unknownString, connection: unknown };
    expect(refusals("command:remote:Command", given)).toEqual([]);
    expect(refusals("command:remote:Command", { ...remote, connection: unknownString })).toEqual([]);
    expect(refusals("command:local:Command", { ...local, dir: unknownString })).toEqual([]);
    expect(refusals("command:remote:Command", { ...local, stdin: unknownString })).toHaveLength(1);
  });

  test("that are not known yet cannot run", () => {
    expect(() => stepInputs("command:local:Command", { ...local, create: 3 })).toThrow("create");
  });
});

describe("what is recorded", () => {
  test("has the published defaults, the connection secret as a whole and each key once more", () => {
    const recorded = recordedInputs("command:remote:Command", {
      ...remote,
      connection: { ...connection, proxy: connection },
    });
    expect(isSecret(recorded.connection)).toBe(true);
    const hop = { ...connection, dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root" };
    expect(reveal(recorded.connection ?? null)).toEqual({ ...hop, proxy: hop });
    expect(JSON.stringify(recorded)).toContain(JSON.stringify({ privateKey: asSecret("KEY") }).slice(1, -1));
  });

  test("of a local command is what was given", () => {
    expect(recordedInputs("command:local:Command", local)).toBe(local);
  });
});

test("other resources of the published plugin are not known", () => {
  expect(isResourceType("command:remote:CopyFile")).toBe(false);
  expect(isResourceType("command:local:Command")).toBe(true);
});

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import {
  connectionsTo,
  type RemoteSetting,
  remoteProgram,
  remoteSetting,
  showLast,
} from "./support/plugin-remote.ts";
import { otherPlugin, type PluginStack, pluginUnderTest } from "./support/plugin-stack.ts";
import type { SshServer } from "./support/ssh-server.ts";

/** As plugin-local.test.ts, for the resources that reach a host. */
jest.setTimeout(60_000);

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const { StringAsset } = pulumi.asset;

let place: RemoteSetting;
let server: SshServer;
let stack: PluginStack;
const here = (...names: string[]) => path.join(place.folder, ...names);

beforeAll(async () => {
  place = await remoteSetting("remote");
  ({ server, stack } = place);
}, 120_000);
afterAll(() => place?.remove());

const connections = () => connectionsTo(place);
const program = (makeChange?: () => Record<string, object>) => remoteProgram(place, makeChange);
const copies = () =>
  server.bash("cd /root; find copies older* /srv -type f 2>/dev/null | sort | xargs grep -H '' /dev/null");

describe("remote resources", () => {
  test("create: every way to log in, inputs, outputs and ids as recorded", async () => {
    const run = await stack.up(program());
    expect(run.failure).toBeNull();
    expect(run.log.silent).toBeUndefined();
    const state = await stack.state();
    const outputs = Object.fromEntries(Object.entries(state).map(([name, each]) => [name, each.outputs]));
    for (const name of ["unchecked", "locked", "agent", "proxied"])
      expect([name, outputs[name]]).toMatchObject([name, { stdout: "root", stderr: "" }]);
    expect(outputs.password).toMatchObject({ stdout: server.user.name });
    expect(outputs.streams).toEqual({ ...state.streams?.inputs, stdout: "in two\n", stderr: "err" });
    expect(outputs.environment).toMatchObject({ stdout: 'a "b" \\ $c|two\nlines' });
    expect(outputs.previous).toMatchObject({ stdout: "none|none", stderr: "err" });
    for (const [name, { id, type }] of Object.entries(state))
      expect(id).toMatch(new RegExp(`^${type === "command:remote:Command" ? name : ""}[0-9a-f]{8}$`));
  });

  test("create: a connection has its defaults, is secret as a whole and each secret in it once more", async () => {
    const state = await stack.state();
    const defaults = { dialErrorLimit: 10, perDialTimeout: 15, port: server.port, user: "root" };
    const place = { host: server.host, hostKey: server.hostKey, ...defaults };
    const { privateKey, lockedKey, user } = server;
    const key = { ...place, privateKey: { secret: privateKey } };
    const password = { ...place, user: user.name, password: { secret: user.password } };
    const locked = {
      ...place,
      privateKey: { secret: lockedKey.privateKey },
      privateKeyPassword: { secret: lockedKey.password },
    };
    const proxied = { ...key, port: server.innerPort, proxy: password };
    const agent = { ...place, agentSocketPath: here("agent") };
    const expected = { streams: key, password, locked, proxied, agent, file: key, older: key };
    for (const [name, connection] of Object.entries(expected)) {
      expect([name, state[name]?.inputs.connection]).toEqual([name, { secret: connection }]);
      expect([name, state[name]?.outputs.connection]).toEqual([name, { secret: connection }]);
    }
    expect(state.environment?.outputs.environment).toMatchObject({ TAKEN_TWO: { secret: "two\nlines" } });
  });

  test("create: where copies lie", async () => {
    expect((await copies()).split("\n")).toEqual([
      "/srv/packed.zip:not unpacked",
      "copies/contents/one.txt:one",
      "copies/contents/sub/two.txt:two",
      "copies/new/file:file",
      "copies/text:text",
      "copies/trees/tree/one.txt:one",
      "copies/trees/tree/sub/two.txt:two",
      "older:file",
    ]);
  });

  test("the same program again changes nothing", async () => {
    const run = await stack.preview(program());
    expect(run.failure).toBeNull();
    expect(new Set(Object.values(run.steps).flatMap(({ ops }) => ops))).toEqual(new Set(["same"]));
  });

  // Both directions, when the suite runs once with each plugin as the other one.
  const other = otherPlugin;
  if (other !== undefined) {
    test("the other plugin takes the state over without a change", async () => {
      await stack.usePlugin(other);
      const run = await stack.preview(program());
      await stack.usePlugin(pluginUnderTest);
      expect(run.failure).toBeNull();
      expect(new Set(Object.values(run.steps).flatMap(({ ops }) => ops))).toEqual(new Set(["same"]));
    });
  }

  test("preview with values that are not known yet, the connection among them", async () => {
    const { steps, failure } = await stack.preview(
      program(() => {
        const { stdout } = new local.Command("source", { create: "echo known" });
        const { key } = connections();
        new remote.Command("fresh", {
          connection: { ...key, host: stdout, privateKey: stdout },
          create: stdout,
          environment: { A: stdout },
        });
        const connection = stdout.apply(() => key);
        new remote.CopyToRemote("fresh-copy", {
          connection,
          source: new StringAsset("x"),
          remotePath: stdout,
        });
        return { streams: { connection }, text: { remotePath: stdout } };
      }),
    );
    expect(failure).toBeNull();
    expect(steps.fresh).toMatchObject({ ops: ["create"], outputs: { stdout: unknown, create: unknown } });
    expect(steps["fresh-copy"]).toMatchObject({ ops: ["create"], outputs: { remotePath: unknown } });
    expect(steps.streams).toMatchObject({ ops: ["update"], outputs: { stdout: unknown, stderr: unknown } });
    expect(steps.text).toMatchObject({ ops: ["update"], diff: ["remotePath update"] });
  });

  const replaced = ["create-replacement", "replace", "delete-replaced"];
  const changes: [name: string, ops: string[], diff: string[]][] = [
    ["streams", ["update"], ["stdin update"]],
    ["previous", ["update"], ["update add"]],
    ["silent", replaced, ["triggers add-replace"]],
    ["file", ["update"], ["source update"]],
    ["text", ["update"], ["connection update"]],
    ["tree", replaced, ["triggers add-replace"]],
    ["older", replaced, ["remotePath update-replace"]],
  ];

  test("a change: update or replacement, the last output in the environment, copies where they changed", async () => {
    await writeFile(here("file.txt"), "changed");
    await server.bash("rm /root/copies/text /root/copies/trees/tree/one.txt");
    const { key } = connections();
    const run = await stack.up(
      program(() => ({
        streams: { stdin: "other " },
        previous: { update: showLast },
        silent: { triggers: [1] },
        text: { connection: { ...key, perDialTimeout: 14 } },
        tree: { triggers: [1] },
        older: { remotePath: "/root/older-2" },
      })),
    );
    expect(run.failure).toBeNull();
    for (const [name, ops, diff] of changes)
      expect([name, run.steps[name]?.ops, run.steps[name]?.diff]).toEqual([name, ops, diff]);
    const state = await stack.state();
    expect(state.streams?.outputs).toMatchObject({ stdout: "other two\n", stderr: "err" });
    // The server takes one of the two names: the other one is warned of and left out.
    expect(state.previous?.outputs).toMatchObject({ stdout: "none|none|none", stderr: "err" });
    expect(run.log.previous?.filter((line) => line.startsWith("warning: ")).join()).toContain(
      "PULUMI_COMMAND_STDERR",
    );
    const lines = (await copies()).split("\n");
    expect(lines).toContain("copies/new/file:changed");
    expect(lines).toContain("copies/trees/tree/one.txt:one");
    expect(lines).toContain("older-2:changed");
    // A changed connection alone copies nothing.
    expect(lines.join()).not.toContain("copies/text");
  });

  test("destroy runs delete with the last output; copies stay where they are", async () => {
    const run = await stack.destroy();
    expect(run.failure).toBeNull();
    expect(await server.bash("cat /root/deleted")).toBe("none|none|none|none\nerr");
    expect(await copies()).toContain("copies/new/file:changed");
    expect(await stack.state()).toEqual({});
  });

  test("behind another host, which a key or an agent opens, as itself", async () => {
    const { key, agent } = connections();
    const behind = (proxy: object) => ({ ...key, port: server.innerPort, proxy: proxy as typeof key });
    const command = (name: string, proxy: object) =>
      new remote.Command(name, { connection: behind(proxy), create: "id -un; echo ${SSH_CLIENT%% *}" });
    const run = await stack.up(async () => {
      command("by-key", key);
      command("by-agent", agent);
    });
    expect(run.failure).toBeNull();
    const state = await stack.state();
    // The host was asked by itself, not by this machine.
    for (const name of ["by-key", "by-agent"])
      expect(state[name]?.outputs.stdout).toMatch(/^root\n(127\.|::1$)/);
    const wrong = await stack.up(async () => {
      command("by-key", { ...key, hostKey: server.hostKey.replace(/.{8}$/, "AAAAAAAA"), dialErrorLimit: 0 });
    });
    // A key of the host in front that is another one is a change of the connection, and it is refused there.
    expect(wrong.failure).not.toBeNull();
    expect(wrong.log["by-key"]?.join()).toMatch(/error: .*key/is);
    expect((await stack.destroy()).failure).toBeNull();
  });
});

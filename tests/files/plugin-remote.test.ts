import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { execa } from "execa";
import { connectionsTo, remoteProgram, showLast, writeSources } from "./support/plugin-remote.ts";
import {
  otherPlugin,
  type PluginStack,
  pluginStack,
  pluginUnderTest,
  type RawResource,
} from "./support/plugin-stack.ts";
import { type SshServer, sshServer } from "./support/ssh-server.ts";

/** As plugin-local.test.ts, for the resources that reach a host. */
jest.setTimeout(60_000);

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const { StringAsset } = pulumi.asset;

let server: SshServer;
let stack: PluginStack;
/** Sources of copies, and the socket of an agent that holds the server's key. */
let folder = "";
let agentPid = 0;
const here = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "plugin-copies-"));
  [server, stack] = await Promise.all([sshServer(), pluginStack("remote")]);
  await writeSources(folder);
  const agent = await execa("ssh-agent", ["-s", "-a", here("agent")], { timeout: 10_000 });
  agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1]);
  const env = { SSH_AUTH_SOCK: here("agent") };
  await execa("ssh-add", ["-q", "-"], { env, input: server.privateKey, timeout: 10_000 });
}, 120_000);

afterAll(async () => {
  if (agentPid > 0) process.kill(agentPid);
  await Promise.all([server?.remove(), stack?.remove()]);
  await rm(folder, { recursive: true, force: true });
});

const connections = () => connectionsTo({ server, folder });
const program = (makeChange?: () => Record<string, object>) => remoteProgram({ server, folder }, makeChange);
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

  test("what the host or the schema refuses fails by name, and nothing of it is recorded", async () => {
    const { key, password } = connections();
    const failing = (name: string, connection: object, inputs: object = {}): RawResource => {
      const limited = { ...connection, dialErrorLimit: 0 };
      return {
        type: "command:remote:Command",
        name,
        inputs: { create: "true", ...inputs, connection: limited },
      };
    };
    const wrongKey = server.hostKey.replace(/.{8}$/, "AAAAAAAA");
    const run = await stack.upRaw([
      failing("variable", key, { environment: { NOT_TAKEN: "secret-value" } }),
      failing("stranger", { ...key, hostKey: wrongKey }),
      failing("password-refused", { ...password, password: "secret-value" }),
      failing("needless-password", { ...key, privateKeyPassword: "secret-value" }),
      failing("no-agent", { ...connections().agent, agentSocketPath: here("none") }),
      failing("exits", key, { create: "exit 3" }),
    ]);
    expect(run.failure).not.toBeNull();
    const said = (name: string) => (run.log[name] ?? []).join("\n");
    expect(said("variable")).toMatch(/could not set .*NOT_TAKEN/);
    expect(said("exits")).toMatch(/(code|status) 3/);
    for (const name of ["stranger", "password-refused", "needless-password", "no-agent"])
      expect([name, said(name)]).toEqual([name, expect.stringMatching(/^error: /)]);
    expect(Object.values(run.log).flat().join()).not.toContain("secret-value");
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

  test("Ctrl-C waits for what runs on a host and records it; nothing new begins", async () => {
    const { key } = connections();
    const stop = new AbortController();
    const running = stack.up(
      async () => {
        const long = new remote.Command("long", {
          connection: key,
          create: "touch /root/began; sleep 8; echo done",
        });
        new remote.Command("after", { connection: key, create: "touch /root/after" }, { dependsOn: [long] });
      },
      { signal: stop.signal },
    );
    await server.bash("for _ in $(seq 300); do [ -e /root/began ] && exit 0; sleep 0.1; done; exit 1");
    stop.abort();
    expect((await running).failure).not.toBeNull();
    expect(await stack.leftovers()).toEqual({ locks: [], pending: 0 });
    const state = await stack.state();
    expect(Object.keys(state)).toEqual(["long"]);
    expect(state.long?.outputs.stdout).toBe("done");
    expect(await server.bash("[ -e /root/after ] || echo not begun")).toBe("not begun");
    expect((await stack.destroy()).failure).toBeNull();
  });

  test("an archive of assets is no source of a copy", async () => {
    const source = {
      "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
      assets: { a: { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "x" } },
    };
    const inputs = { connection: connections().key, source, remotePath: "/root/assets" };
    const run = await stack.upRaw([{ type: "command:remote:CopyToRemote", name: "assets", inputs }]);
    expect(run.log.assets?.join()).toMatch(/error: .*archive/is);
    expect(await stack.state()).toEqual({});
  });
});

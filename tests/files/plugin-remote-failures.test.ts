import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { remote } from "@pulumi/command";
import { connectionsTo, type RemoteSetting, remoteSetting } from "./support/plugin-remote.ts";
import type { PluginStack, RawResource } from "./support/plugin-stack.ts";
import type { SshServer } from "./support/ssh-server.ts";

/** As plugin-failures.test.ts, for the resources that reach a host. */
jest.setTimeout(60_000);

let place: RemoteSetting;
let server: SshServer;
let stack: PluginStack;
const here = (...names: string[]) => path.join(place.folder, ...names);

beforeAll(async () => {
  place = await remoteSetting("remote-failures");
  ({ server, stack } = place);
}, 120_000);
afterAll(() => place?.remove());

const connections = () => connectionsTo(place);

describe("remote resources", () => {
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

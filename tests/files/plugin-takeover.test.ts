import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { type PluginStack, pluginStack } from "./support/plugin-stack.ts";
import { plainState } from "./support/plugin-state.ts";

/**
 * A state that the published plugin 1.2.1 made of this program: support/plugin-published-state.json, as
 * `pulumi stack export --show-secrets` wrote it, without times and source positions. Nothing in it is a secret.
 */
jest.setTimeout(60_000);

let stack: PluginStack;
let published: Deployment;
beforeAll(async () => {
  const file = path.join(import.meta.dirname, "support/plugin-published-state.json");
  published = JSON.parse(await readFile(file, "utf8"));
  stack = await pluginStack("takeover");
});
afterAll(() => stack?.remove());

/** No host is dialed: there is nothing to run on it before the end. */
async function program(): Promise<void> {
  const hop = {
    host: "192.0.2.1",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: "a key",
    privateKeyPassword: "opens it",
  };
  const proxy = { host: "192.0.2.2", port: 2222, user: "somebody", password: "a password" };
  const agent = {
    host: "192.0.2.3",
    agentSocketPath: "/run/agent",
    dialErrorLimit: -1,
    perDialTimeout: 0,
    proxy,
  };
  const environment = { SECRET: pulumi.secret("a variable"), PLAIN: "plain" };
  const triggers = [1, "two", { three: [pulumi.secret("a trigger")] }];
  new remote.Command("on-a-host", { connection: { ...hop, proxy }, environment, triggers, delete: "true" });
  new remote.Command("by-agent", { connection: agent, logging: "none", addPreviousOutputInEnv: false });
  new local.Command(
    "here",
    {
      create: "printf one >one.txt; cat; echo err >&2",
      stdin: pulumi.secret("an input"),
      ...{ environment, triggers, interpreter: ["/bin/sh", "-c"], dir: "." },
      ...{ assetPaths: ["one.*"], archivePaths: ["{one,two}.txt"] },
    },
    { additionalSecretOutputs: ["stdout"] },
  );
}

test("the state of a program is, value for value, the one that the published plugin made", async () => {
  const run = await stack.up(program);
  expect(run.failure).toBeNull();
  const withoutIds = (state: ReturnType<typeof plainState>) =>
    Object.fromEntries(Object.entries(state).map(([name, { id: _, ...rest }]) => [name, rest]));
  const expected = withoutIds(plainState(published));
  expect(Object.keys(expected).sort()).toEqual(["by-agent", "here", "on-a-host"]);
  expect(withoutIds(await stack.state())).toEqual(expected);
});

test("a state that the published plugin made is taken over without a change", async () => {
  await stack.importState(published);
  const { failure, steps } = await stack.preview(program);
  expect(failure).toBeNull();
  expect(Object.values(steps).map(({ ops }) => ops)).toEqual([["same"], ["same"], ["same"]]);
});

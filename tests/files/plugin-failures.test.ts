import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { local } from "@pulumi/command";
import { type PluginStack, pluginStack, type RawResource } from "./support/plugin-stack.ts";

/** As plugin-local.test.ts: what is left of a step that didn't come to its end. */
jest.setTimeout(60_000);

describe("an update that fails or is stopped", () => {
  let stack: PluginStack;
  beforeAll(async () => {
    stack = await pluginStack("failing");
  });
  afterAll(() => stack?.remove());

  test("what the schema refuses or a command fails at leaves what was recorded before", async () => {
    const command = (name: string, create: unknown, more: object = {}): RawResource => ({
      type: "command:local:Command",
      name,
      inputs: { create, ...more },
    });
    const old = async () => void new local.Command("old", { create: "echo old" });
    expect((await stack.up(old)).failure).toBeNull();
    const refused = await stack.upRaw([command("unknown", "true", { frobnicate: 1 })]);
    expect(refused.log.unknown?.join()).toContain("frobnicate");
    const run = await stack.upRaw([command("old", "echo no; exit 3"), command("new", "exit 4")]);
    expect(run.failure).not.toBeNull();
    expect(run.log.old?.join()).toMatch(/error: .*(code|status) 3/s);
    expect(run.log.new?.join()).toMatch(/error: .*(code|status) 4/s);
    const state = await stack.state();
    expect(Object.keys(state)).toEqual(["old"]);
    expect(state.old?.outputs).toEqual({ create: "echo old", stdout: "old", stderr: "" });
    const again = await stack.preview(old);
    expect([again.failure, again.steps.old?.ops]).toEqual([null, ["same"]]);
  });

  test("SIGINT ends a local command, and leaves no lock and no pending operation", async () => {
    const stop = new AbortController();
    const began = path.join(stack.folder, "began");
    const running = stack.up(
      async () => {
        new local.Command("old", { create: "echo old" });
        new local.Command("long", { create: "echo $$ >began; exec sleep 50" });
      },
      { signal: stop.signal },
    );
    const pid = await eventually(() => readFile(began, "utf8").then(Number, () => null));
    const start = Date.now();
    stop.abort();
    const run = await running;
    expect(run.failure).not.toBeNull();
    expect(Date.now() - start).toBeLessThan(20_000);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await stack.leftovers()).toEqual({ locks: [], pending: 0 });
    expect(Object.keys(await stack.state())).toEqual(["old"]);
  });
});

async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const found = await look();
    if (found !== null && !Number.isNaN(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("not seen within 30 s");
}

import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { choosePlugin, givenPlugin, standInLauncher } from "../../../automation/engine/command-plugin.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = realpathSync(scratchFolder());

describe("which command plugin", () => {
  const facts = { given: "/given", published: "/published", officialFailure: "no network" };

  test("the one that was given wins, then a published one, and only then the stand-in", () => {
    expect(choosePlugin(facts)).toEqual({ kind: "given", path: "/given" });
    expect(choosePlugin({ ...facts, given: null })).toEqual({ kind: "published", path: "/published" });
    expect(choosePlugin({ ...facts, given: null, published: null })).toEqual({
      kind: "stand-in",
      why: "no network",
    });
  });

  test("PULUMI_COMMAND_PLUGIN is resolved to an executable file", async () => {
    const file = join(scratch, "plugin");
    writeFileSync(file, "", { mode: 0o755 });
    symlinkSync(file, join(scratch, "link"));
    expect(await givenPlugin({ PULUMI_COMMAND_PLUGIN: join(scratch, "link") })).toBe(file);
    expect(await givenPlugin({})).toBeNull();
    expect(await givenPlugin({ PULUMI_COMMAND_PLUGIN: "" })).toBeNull();
  });

  test("PULUMI_COMMAND_PLUGIN that can't be executed is refused with exit code 2, never passed over", async () => {
    const plain = join(scratch, "plain");
    writeFileSync(plain, "", { mode: 0o644 });
    const folder = join(scratch, "folder");
    mkdirSync(folder);
    for (const path of [plain, folder, join(scratch, "absent")]) {
      await expect(givenPlugin({ PULUMI_COMMAND_PLUGIN: path })).rejects.toMatchObject({
        exitCode: 2,
        what: expect.stringContaining(path),
      });
    }
  });

  test("the stand-in's launcher runs the clone's own file with its own Node, whatever the path and arguments hold", () => {
    const home = join(scratch, "it's a $(clone)");
    mkdirSync(join(home, "node_modules/.bin"), { recursive: true });
    writeFileSync(join(home, "node_modules/.bin/node"), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    const launcher = join(scratch, "launcher");
    writeFileSync(launcher, standInLauncher(home), { mode: 0o755 });
    const { stdout, stderr } = spawnSync(launcher, ["127.0.0.1:1", "two words"], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe(`${home}/automation/engine/plugin/main.ts\n127.0.0.1:1\ntwo words\n`);
  });
});

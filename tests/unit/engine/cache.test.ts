import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  cacheFolder,
  makeInCache,
  placeFile,
  placeLink,
  programsOnPath,
} from "../../../automation/engine/cache.ts";
import { withCacheLock } from "../../../automation/engine/cache-lock.ts";
import { ownIdentity, type ProcessIdentity } from "../../../automation/processes.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();
const lockTimeoutMs = 5_000;

describe("the cache", () => {
  test("lies where the XDG specification says, and a relative XDG_CACHE_HOME is ignored", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/x/y" })).toBe("/x/y/evenkeel");
    expect(cacheFolder({ XDG_CACHE_HOME: "y" })).toMatch(/\/\.cache\/evenkeel$/);
    expect(cacheFolder({})).toMatch(/\/\.cache\/evenkeel$/);
  });

  test("an item is made once, and two who want it at once share one making", async () => {
    let makings = 0;
    const item = {
      cache: join(scratch, "once"),
      name: "tool/1.0",
      lockTimeoutMs,
      make: async (folder: string) => {
        makings += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        writeFileSync(join(folder, "tool"), "whole");
      },
    };
    const both = await Promise.all([makeInCache(item), makeInCache(item)]);
    expect(makings).toBe(1);
    expect(both.map((each) => each.made).sort()).toEqual([false, true]);
    expect(readFileSync(join(item.cache, "tool/1.0/tool"), "utf8")).toBe("whole");
    expect((await makeInCache(item)).made).toBe(false);
  });

  test("a making that fails leaves neither an item nor a scratch folder, and the next one works", async () => {
    const cache = join(scratch, "fails");
    const item = { cache, name: "tool/1.0", lockTimeoutMs };
    const failing = makeInCache({
      ...item,
      make: async (folder) => {
        writeFileSync(join(folder, "half"), "");
        throw new Error("out of disk");
      },
    });
    await expect(failing).rejects.toThrow("out of disk");
    expect(existsSync(join(cache, "tool/1.0"))).toBe(false);
    expect(readdirSync(join(cache, "making"))).toEqual([]);
    expect((await makeInCache({ ...item, make: async () => undefined })).made).toBe(true);
  });

  test("a link or file is replaced in one step, whatever stood there", async () => {
    const path = join(scratch, "links/here");
    await placeLink(path, "/one");
    await placeLink(path, "/two");
    expect(readlinkSync(path)).toBe("/two");
    await placeFile(path, "text", 0o755);
    expect(readFileSync(path, "utf8")).toBe("text");
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(scratch, "links"))).toEqual(["here"]);
  });

  test("programs are found on PATH in order, npm's wrappers and relative folders are left out", async () => {
    const bins = ["a", "b", "node_modules/.bin"].map((name) => join(scratch, "path", name));
    for (const bin of bins) mkdirSync(bin, { recursive: true });
    for (const bin of bins) writeFileSync(join(bin, "tool"), "", { mode: 0o755 });
    symlinkSync(join(scratch, "path/b/tool"), join(scratch, "path/a/same"));
    writeFileSync(join(scratch, "path/b/plain"), "", { mode: 0o644 });
    const env = { PATH: [...bins.reverse(), "path/a", ""].join(":") };
    expect(await programsOnPath("tool", env)).toEqual([
      join(scratch, "path/b/tool"),
      join(scratch, "path/a/tool"),
    ]);
    expect(await programsOnPath("same", env)).toEqual([join(scratch, "path/b/tool")]);
    expect(await programsOnPath("plain", env)).toEqual([]);
  });
});

describe("the cache's lock", () => {
  const holder = (change: Partial<ProcessIdentity>) =>
    JSON.stringify({ ...ownIdentity(), since: "2026-01-01", ...change });
  const take = (name: string, content: string) => {
    const file = join(scratch, name);
    writeFileSync(file, content);
    return withCacheLock({ file, purpose: "the tool", timeoutMs: 250 }, async () => "mine");
  };

  test("a living holder is waited for, then named with exit code 13", async () => {
    await expect(take("living", holder({}))).rejects.toMatchObject({
      exitCode: 13,
      what: expect.stringContaining(`process ${process.pid}`),
    });
    expect(existsSync(join(scratch, "living"))).toBe(true);
  });

  test("of one in a container nothing is proved: it is waited for, and the file is named", async () => {
    const away = holder({ pidNamespace: "pid:[1]", pid: spawnSync("true").pid });
    await expect(take("away", away)).rejects.toMatchObject({
      exitCode: 13,
      next: expect.stringContaining(`remove ${join(scratch, "away")}`),
    });
  });

  test.each([
    ["a process that has ended", () => holder({ pid: spawnSync("true").pid })],
    ["a later process with the same number", () => holder({ startTime: "1" })],
    ["an earlier boot", () => holder({ bootId: "other" })],
    ["a file that isn't a lock", () => "{"],
  ])("%s holds nothing", async (_what, content) => {
    await expect(take("dead", content())).resolves.toBe("mine");
    expect(existsSync(join(scratch, "dead"))).toBe(false);
  });
});

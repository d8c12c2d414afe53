import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  dropIn,
  givenVariable,
  provideDropIn,
  treeHash,
  whyNoDropIn,
} from "../../../automation/engine/drop-in.ts";
import { rememberFailure } from "../../../automation/engine/remembered.ts";
import { dropInPin } from "../../../automation/engine/versions.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();
const context = { say: () => undefined, signal: new AbortController().signal };

/** A stand-in for the release: an archive with one folder on top, and the drop-in's folder in it. */
function release(name: string, files: Record<string, string>): string {
  const top = join(scratch, name, "postgresql-for-wordpress-0.0");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(top, path, ".."), { recursive: true });
    writeFileSync(join(top, path), text);
  }
  const archive = join(scratch, `${name}.tar.gz`);
  execFileSync("tar", ["-czf", archive, "-C", join(scratch, name), "postgresql-for-wordpress-0.0"]);
  return archive;
}

/** The same over again as people reckon it, and as hosts do. */
const byShell = (folder: string) =>
  execFileSync(
    "bash",
    ["-c", "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1"],
    { cwd: folder, encoding: "utf8" },
  ).trim();

describe("the hash of a folder's files", () => {
  test("[D9] is what sha256sum makes of them, and changes with a name, a content and a link", async () => {
    const folder = join(scratch, "tree");
    mkdirSync(join(folder, "rewriters"), { recursive: true });
    for (const name of ["core.php", "Z.php", "a b.php", "rewriters/é.php", "rewriters.php"])
      writeFileSync(join(folder, name), name);
    const before = await treeHash(folder);
    expect(before).toBe(byShell(folder));
    writeFileSync(join(folder, "core.php"), "other");
    expect(await treeHash(folder)).not.toBe(before);
    symlinkSync("/etc/passwd", join(folder, "link"));
    expect(await treeHash(folder)).toBeNull();
  });
});

describe("the drop-in for WordPress on PostgreSQL", () => {
  test("[D9] an archive with other files than the pinned ones is refused by name, and nothing is kept", async () => {
    const cache = join(scratch, "cache-wrong");
    const archive = release("wrong", { "pg4wp/core.php": "<?php", "readme.md": "" });
    const taken = provideDropIn(cache, context, { [givenVariable]: archive });
    await expect(taken).rejects.toMatchObject({
      exitCode: 2,
      what: expect.stringContaining(`${givenVariable} names ${archive}`),
      why: expect.stringContaining(dropInPin.treeHash),
      next: expect.stringContaining(dropInPin.url),
    });
    expect(await dropIn(cache)).toBeNull();
    expect(existsSync(join(cache, "pg4wp"))).toBe(false);
  });

  test.each([
    ["no archive at all", () => join(scratch, "absent.tar.gz")],
    ["an archive without the drop-in's folder", () => release("empty", { "readme.md": "" })],
  ])("[D9] %s is refused", async (_, archive) => {
    const cache = join(scratch, "cache-none");
    const taken = provideDropIn(cache, context, { [givenVariable]: archive() });
    await expect(taken).rejects.toMatchObject({ exitCode: 2, code: "drop-in" });
    expect(await dropIn(cache)).toBeNull();
  });

  test("[D9] one in the cache is found, whatever else is named", async () => {
    const cache = join(scratch, "cache-found");
    mkdirSync(join(cache, "pg4wp", dropInPin.version), { recursive: true });
    const outcome = await provideDropIn(cache, context, { [givenVariable]: "/absent" });
    expect(outcome).toEqual({ state: "found", detail: dropInPin.version });
    expect(await dropIn(cache)).toEqual({
      version: dropInPin.version,
      treeHash: dropInPin.treeHash,
      path: join(cache, "pg4wp", dropInPin.version, "pg4wp.tar.gz"),
    });
  });

  test("[D9] where it can't be had set-up goes on, and says why then and later", async () => {
    const cache = join(scratch, "cache-closed");
    await rememberFailure({ cache, name: `pg4wp-${dropInPin.version}` }, "github.com: no route");
    const outcome = await provideDropIn(cache, context, {});
    expect(outcome.state).toBe("found");
    expect(outcome.detail).toContain("github.com: no route");
    expect(await whyNoDropIn(cache)).toBe("github.com: no route (tried 0 min ago)");
    expect(await dropIn(cache)).toBeNull();
  });
});

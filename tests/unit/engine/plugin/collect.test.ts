import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { collectFiles } from "../../../../automation/engine/plugin/collect.ts";
import { chooser, globMatcher } from "../../../../automation/engine/plugin/glob.ts";
import { archiveHash } from "../../../../automation/engine/plugin/tar-hash.ts";

describe("a pattern", () => {
  const rows: [string, string[], string[]][] = [
    ["*", ["a", ".b", ""], ["a/b"]],
    ["**", ["a", "a/b/c"], []],
    ["src/**.js", ["src/a.js", "src/b/c.js"], ["a.js", "src/a.ts"]],
    ["a/*/b", ["a/x/b"], ["a/b", "a/x/y/b"]],
    ["?.txt", ["a.txt", "ü.txt"], [".txt", "ab.txt", "/.txt"]],
    ["[a-c]x", ["ax", "cx"], ["dx"]],
    ["[!a-c]x", ["dx"], ["ax", "x"]],
    ["[ab.]x", ["bx", ".x"], ["cx"]],
    ["{a,b*}/{c,d}.e", ["a/c.e", "bb/d.e"], ["c/c.e", "a/b/c.e"]],
    ["a\\*b", ["a*b"], ["axb"]],
    ["a.b(c)$^|+", ["a.b(c)$^|+"], ["axb(c)$^|+"]],
    ["a,b}", ["a,b}"], ["a"]],
  ];
  test.each(rows)("%s", (pattern, matching, others) => {
    const matches = globMatcher(pattern);
    expect(matching.filter(matches)).toEqual(matching);
    expect(others.filter(matches)).toEqual([]);
  });

  test.each(["[a", "{a,b", "a\\", "[a-", "[a-b"])("%s is refused", (pattern) => {
    expect(() => globMatcher(pattern)).toThrow(JSON.stringify(pattern));
  });

  test("that begins with ! takes away what those before it chose, and only that", () => {
    const paths = ["src/index.js", "src/secret.js", "assets/secret.svg"];
    expect(paths.filter(chooser(["assets/**", "src/**.js", "!**secret.*"]))).toEqual(["src/index.js"]);
    expect(paths.filter(chooser(["!**secret.*", "src/**"]))).toEqual(["src/index.js", "src/secret.js"]);
  });
});

describe("the files that a command left", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "plugin-files-"));
    await mkdir(path.join(folder, "sub"));
    await writeFile(path.join(folder, "a.txt"), "hello\n");
    await writeFile(path.join(folder, "sub", "b.txt"), "");
    await symlink("a.txt", path.join(folder, "link"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const helloHash = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

  test("are assets by their names below dir, with the hash of what they hold; folders are none", async () => {
    const { assets, archive } = await collectFiles(folder, { assetPaths: ["*", "sub*"] });
    expect(archive).toBeUndefined();
    const hello = expect.objectContaining({ path: path.join(folder, "a.txt"), hash: helloHash });
    expect(Object.keys(assets ?? {}).sort()).toEqual(["a.txt", "link"]);
    expect(assets?.["a.txt"]).toEqual(hello);
    expect(assets?.link).toMatchObject({ hash: helloHash });
  });

  test("are an archive with the hash of the tar that Pulumi makes of it", async () => {
    const { assets, archive } = await collectFiles(folder, { archivePaths: ["**.txt"] });
    expect(assets).toBeUndefined();
    expect(Object.keys((archive as { assets: object }).assets)).toEqual(["a.txt", "sub/b.txt"]);
    expect(archive?.hash).toBe(knownHashes.two);
  });

  test("nothing asked, nothing there; a pattern that matches nothing gives an empty map", async () => {
    expect(await collectFiles("/nowhere", {})).toEqual({});
    expect((await collectFiles(folder, { assetPaths: ["x"] })).assets).toEqual({});
  });

  test.each([
    ["a name that tar splits", `${"d".repeat(90)}/${"f".repeat(90)}`, "split"],
    ["a name beyond tar's fields", "n".repeat(140), "long"],
    ["a name that is not ASCII", "sub/grün.txt", "unicode"],
  ] as const)("%s", async (_what, name, known) => {
    expect(await archiveHash([{ name, file: path.join(folder, "a.txt") }])).toBe(knownHashes[known]);
  });
});

/** What pulumi/pulumi sdk v3.224.0 computes for the same files. */
const knownHashes = {
  two: "b5fa5ec8f9aa10b74045eed3676e2c70859dcd627bb0a57450ebe976a2749dde",
  split: "c2ac48636315dd396279384841b81d70cd54e75341b0913390be2b74e5f86887",
  long: "99efb86d14f126cda56340131587dba23536a1d1268190bd7dc94cb57560454d",
  unicode: "dc0dec2d9fe71511b5e5bc59e9a2cc5f6565a85c05c1d0720e4fddce6a872fb1",
};

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";

const root = join(import.meta.dirname, "../..");
const emptyHome = mkdtempSync(join(tmpdir(), "evenkeel-cli-"));
afterAll(() => rmSync(emptyHome, { recursive: true, force: true }));

async function cli(args: readonly string[], env: Record<string, string> = {}) {
  const command = [join(root, "automation/cli.ts"), ...args];
  const result = await execa(join(root, "node_modules/.bin/node"), command, {
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
    env: { HOME: emptyHome, NODE_OPTIONS: "", ...env },
  });
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

describe("[P26] usage errors end with 2, say the next command and touch nothing", () => {
  test.each([
    ["an unknown flag", ["destroy", "--typo"], "Unknown argument: typo"],
    ["an unknown command", ["frobnicate"], "frobnicate"],
    [
      "a stray word, as npm leaves it of --region x",
      ["provision", "secondary"],
      "Unknown argument: secondary",
    ],
    ["no command", [], "Which command?"],
    ["an unknown format", ["status", "--format", "yaml"], "format"],
    ["an unknown region", ["provision", "--region", "nowhere"], "there is no region nowhere"],
    ["a timeout that is none", ["provision", "--timeout", "2"], "--timeout 2"],
    ["an unknown site", ["status", "--site", "nope"], "there is no site nope"],
    ["a site name that leaves its folder", ["status", "--site", "../x"], "is no site name"],
    ["destroy without a terminal or a confirmation", ["destroy"], "no terminal"],
    ["destroy with the wrong name", ["destroy", "--yes", "--confirm", "other"], "--confirm names other"],
    ["destroy with a name but without --yes", ["destroy", "--confirm", "shop"], "--yes"],
    ["resume without its confirmation", ["resume", "primary"], "no terminal"],
    [
      "resume of a region that is none",
      ["resume", "third", "--confirm", "third"],
      "there is no region third",
    ],
  ])("%s", async (_, args, message) => {
    const { exitCode, stdout, stderr } = await cli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain("next:");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(existsSync(join(emptyHome, ".cache"))).toBe(false);
  });
});

test("stray words name the two dashes that npm wants, when npm started the command", async () => {
  const { stderr } = await cli(["provision", "secondary"], { npm_lifecycle_event: "provision" });
  expect(stderr).toContain("npm run provision -- --region");
});

test("--help goes to standard output, names every command and starts no set-up", async () => {
  const { exitCode, stdout, stderr } = await cli(["--help"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  for (const name of "check provision status resume credentials ssh env pulumi destroy".split(" ")) {
    expect(stdout).toContain(`evenkeel ${name}`);
  }
});

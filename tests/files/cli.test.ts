import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { commands } from "../../automation/parser.ts";

const root = join(import.meta.dirname, "../..");
const emptyHome = mkdtempSync(join(tmpdir(), "evenkeel-cli-"));
afterAll(() => rmSync(emptyHome, { recursive: true, force: true }));

async function cli(args: readonly string[]) {
  const command = [join(root, "automation/cli.ts"), ...args];
  const result = await execa(join(root, "node_modules/.bin/node"), command, {
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
    env: { HOME: emptyHome, NODE_OPTIONS: "" },
  });
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** The process itself: what is refused, and in which words, is in parser.test.ts. */
describe("[P26] a usage error ends with 2, in words on standard error, and touches nothing", () => {
  test.each([
    [
      "an unknown flag",
      ["destroy", "--typo"],
      "error: Unknown argument: typo",
      "next:  npx evenkeel destroy",
    ],
    ["a question without a terminal", ["destroy"], "no terminal", "--confirm shop"],
  ])("%s", async (_, args, message, next) => {
    const { exitCode, stdout, stderr } = await cli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(next);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(existsSync(join(emptyHome, ".cache"))).toBe(false);
  });
});

const names = commands.map(({ command }) => String(command).split(" ")[0] as string);

test("README's table names every command", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `(?:npx evenkeel|npm run) ([a-z]+)/gm)].map(([, name]) => name);
  expect([...new Set(rows)].sort()).toEqual([...names].sort());
});

test("--help goes to standard output, names every command and starts no set-up", async () => {
  const { exitCode, stdout, stderr } = await cli(["--help"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(names).toContain("provision");
  for (const name of names) expect(stdout).toContain(`evenkeel ${name}`);
});

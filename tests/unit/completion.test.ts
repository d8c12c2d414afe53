import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { completionScript, namesFor } from "../../automation/completion.ts";
import { home } from "../../automation/site.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-completion-"));
  for (const name of ["Pulumi.yaml", "Pulumi.primary.yaml", "Pulumi.secondary.yaml", "Pulumi.global.yaml"])
    execFileSync("cp", [join(home, name), root]);
  mkdirSync(join(root, "sites/other"), { recursive: true });
  writeFileSync(join(root, "sites/other/Pulumi.yaml"), "name: [broken");
  mkdirSync(join(root, "sites/no-site"));
  mkdirSync(join(root, ".evenkeel/shop/ssh"), { recursive: true });
  const hosts = 'Host primary/gateway\n  Port 1\nHost "third/edge"\n  Port 2\nHost *\n  User x\n';
  writeFileSync(join(root, ".evenkeel/shop/ssh/config"), hosts);
  const line = (run: string) =>
    JSON.stringify({ at: "2026-01-01T00:00:00Z", run, event: "start", command: "provision" });
  writeFileSync(join(root, ".evenkeel/shop/journal.jsonl"), `${line("r1")}\n${line("r2")}\n{"at`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = (line: string) => namesFor(`evenkeel ${line}`.split(" "), root);

describe("completion knows this clone's own names", () => {
  test("sites, regions and hosts", () => {
    expect(names("status --site ")).toEqual(["shop", "other"]);
    expect(names("provision --region ")).toEqual(["primary", "secondary", "global", "all"]);
    expect(names("resume ")).toEqual(["primary", "secondary"]);
    expect(names("resume primary --confirm ")).toEqual(["primary", "secondary"]);
    for (const words of ["reinstate ", "switchover --to ", "failover --to secondary --confirmed-off "])
      expect({ words, names: names(words) }).toEqual({ words, names: ["primary", "secondary"] });
    expect(names("failover --to secondary --confirm ")).toEqual(["primary", "secondary"]);
    expect(names("destroy --confirm ")).toEqual(["shop"]);
    expect(names("ssh ")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("status --site = ")).toEqual(["shop", "other"]);
    expect(names("--site = shop logs prim")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("--site = other ssh ")).toEqual([]);
    expect(names("--site shop logs prim")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("ssh --site shop ")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("logs --site shop prim")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("logs --site = shop prim")).toEqual(["primary/gateway", "third/edge"]);
    expect(names("resume --site=shop ")).toEqual(["primary", "secondary"]);
    expect(names("ssh --site other ")).toEqual([]);
    expect(names("resume --site ")).toEqual(["shop", "other"]);
    expect(names("timeline ")).toEqual(["last", "r2", "r1"]);
    expect(names("timeline --site other ")).toEqual([]);
  });

  test("nothing of its own elsewhere, and no names of a site that is broken or was never built", () => {
    expect(names("st")).toBeNull();
    expect(names("provision --pre")).toBeNull();
    expect(names("status --site shop ")).toBeNull();
    expect(names("ssh --site shop --")).toBeNull();
    expect(names("logs --site shop primary/gateway ")).toBeNull();
    expect(names("--site other resume ")).toEqual([]);
    expect(names("--site=other ssh ")).toEqual([]);
    expect(names("--site ../x ssh ")).toEqual([]);
  });

  test("the script completes evenkeel and npx evenkeel in bash, from a folder whose name needs quotes", () => {
    const folder = join(root, "it's a clone");
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(
      join(folder, "bin/evenkeel.mjs"),
      'console.log(process.argv.slice(2).join("|")); console.log("status");',
    );
    const ask = (words: string[]) => {
      const script = `${completionScript(folder)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _evenkeel; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" }).trim();
    };
    expect(ask(["evenkeel", "st"])).toBe("status");
    expect(ask(["npx", "evenkeel", "st"])).toBe("status");
    expect(ask(["npx", "other", "st"])).toBe("");
    // As bash splits --site=NAME, right behind the sign and within the name.
    expect(ask(["evenkeel", "--site", "="])).toBe("--get-yargs-completions|evenkeel|--site|\nstatus");
    expect(ask(["evenkeel", "--site", "=", "st"])).toBe("status");
    expect(ask(["evenkeel", "--get"])).toBe("--get-yargs-completions|evenkeel|--get");
  });
});

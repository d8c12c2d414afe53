import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { ownIdentity } from "../../automation/processes.ts";
import { basicOf, encodingsOf, secretsOf } from "./support/secrets.ts";
import { cli, eventually, home, type SiteHandle, site, siteName } from "./support/site.ts";

const minute = 60_000;
const lock = join(home, ".evenkeel", siteName, "lock.json");

let now: SiteHandle;
beforeAll(async () => {
  now = await site();
}, minute);

describe("looking at a site", () => {
  test("[O7] [P26] outputs name every host with its addresses; JSON is one document", async () => {
    const [table, json] = [await cli(["outputs"]), await cli(["outputs", "--format", "json"])];
    const hosts = [...Object.values(now.regions), now.global].flatMap((one) => one.hosts);
    for (const { id, address } of hosts) {
      expect(table.stdout).toContain(id);
      expect(table.stdout).toContain(address);
    }
    expect(JSON.parse(json.stdout)).toMatchObject({
      apiVersion: "evenkeel/v1",
      site: siteName,
      regions: now.regions,
      global: now.global,
    });
  });

  test("logs are a host's own, by unit and number; a host that is none ends with 2", async () => {
    const text = `proof-of-logs-${process.pid}`;
    expect((await now.ssh("primary/web-1", ["logger", "-t", "evenkeel-proof", text])).exitCode).toBe(0);
    const found = await cli(["logs", "primary/web-1", "-n", "50", "--since", "1 minute ago"]);
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain(text);
    expect((await cli(["logs", "secondary/web-1", "-n", "50"])).stdout).not.toContain(text);
    expect((await cli(["logs", "primary/database", "-u", "mariadb", "-n", "5"])).stdout).toMatch(/mariadb/);
    expect((await cli(["logs", "primary/nowhere"])).exitCode).toBe(2);
  });

  test("topology draws the active region, the standby and the replication between them, in three forms", async () => {
    const drawn = async (format: string) => {
      const topology = await cli(["topology", "--format", format]);
      expect(topology).toMatchObject({ exitCode: 0 });
      return topology;
    };
    const [ascii, mermaid, svg] = [await drawn("ascii"), await drawn("mermaid"), await drawn("svg")];
    expect(ascii.stdout).toContain("+ primary/database --> secondary/database  replication, TLS");
    expect(mermaid.stdout).toMatch(/primary_database -->\|"replication[^"]*"\| secondary_database/);
    expect(svg.stdout).toContain("primary (active)");
  });

  test(
    "status --watch looks again and again, and ends at an interrupt",
    async () => {
      const argv = ["bin/evenkeel.mjs", "status", "--site", siteName, "--format", "json", "--watch=1"];
      const run = execa("node", argv, { cwd: home, reject: false, stdin: "ignore", timeout: minute });
      let printed = "";
      run.stdout.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
      });
      await eventually("three looks", 40_000, async () => (printed.split("\n").length > 3 ? true : null));
      run.kill("SIGINT");
      expect((await run).exitCode).toBe(130);
      const looks = printed
        .trim()
        .split("\n")
        .slice(0, 3)
        .map((line) => JSON.parse(line) as { active: string });
      expect(looks.map(({ active }) => active)).toEqual(["primary", "primary", "primary"]);
    },
    minute,
  );

  test("[P26] completion offers this site's own hosts and regions in a real bash", () => {
    const script = `eval "$(node bin/evenkeel.mjs completion)"
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _evenkeel; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const offered = (...words: string[]) =>
      execFileSync("bash", ["-c", script, "bash", ...words], { cwd: home, encoding: "utf8" })
        .trim()
        .split("\n");
    expect(offered("evenkeel", "--site", siteName, "ssh", "secondary/")).toEqual([
      "secondary/gateway",
      "secondary/database",
      "secondary/cache",
      "secondary/store",
      "secondary/web-1",
    ]);
    expect(offered("npx", "evenkeel", "--site", siteName, "resume", "p")).toEqual(["primary"]);
    expect(offered("evenkeel", "topo")).toEqual(["topology"]);
  });
});

describe("doctor", () => {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bundle-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(
    "packs what a helper needs of every host, and not one secret of the site in any usual encoding",
    async () => {
      const file = join(folder, "host:bundle.tar.gz");
      // A secret that got into a log by somebody's mistake does not leave the machine either.
      const forms = [...encodingsOf(now.secrets.database.app), ...basicOf(now.secrets.database.app)];
      const lines = forms.map((form) => `it was ${form} here\n`).join("");
      expect(await now.ssh("primary/web-1", ["logger", "-t", "oops"], { stdin: lines })).toMatchObject({
        exitCode: 0,
      });
      const { exitCode, stdout } = await cli(["doctor", "--format", "json", "--output", file]);
      expect(exitCode).toBe(0);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const { contents, missing } = JSON.parse(stdout) as { contents: string[]; missing: unknown[] };
      expect(missing).toEqual([]);
      for (const name of ["check.json", "status.json", "outputs.json", "journal.jsonl"])
        expect(contents).toContain(name);
      for (const { id } of [...Object.values(now.regions), now.global].flatMap((one) => one.hosts))
        expect(contents).toContain(`hosts/${id}/journal.txt`);
      execFileSync("tar", ["--force-local", "-xzf", file, "-C", folder]);
      const all = contents.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
      const logged = all.match(/oops\[\d+\]: it was .* here$/gm) ?? [];
      expect(logged).toHaveLength(forms.length);
      for (const line of logged) expect(line).toContain("[redacted]");
      const { words, keyLines } = secretsOf(now.secrets);
      const looked = [
        ...[...words, ...keyLines].flatMap(encodingsOf),
        // Without the ends, in which the neighbours have a part.
        ...words.flatMap(basicOf).map((text) => text.slice(8, -4)),
      ];
      expect(looked.length).toBeGreaterThan(100);
      const found = looked.flatMap((form, index) => (all.includes(form) ? [index] : []));
      expect(found).toEqual([]);
    },
    3 * minute,
  );
});

describe("unlock", () => {
  const record = (change: object) =>
    JSON.stringify({
      run: "00000000-0000-0000-0000-000000000000",
      ...ownIdentity(),
      who: "somebody",
      command: "provision",
      at: "2026-01-01T00:00:00.000Z",
      ...change,
    });
  afterAll(() => rmSync(lock, { force: true }));

  test("a site that nobody holds is said to be free", async () => {
    const { exitCode, stderr } = await cli(["unlock"]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("is not locked"),
    });
  });

  test("[P18] the lock of a command that lives is never taken: its owner, process, host and start are named", async () => {
    writeFileSync(lock, record({}));
    const { exitCode, stderr } = await cli(["unlock"]);
    expect(exitCode).toBe(13);
    for (const word of ["somebody", `pid ${process.pid}`, ownIdentity().host, "2026-01-01T00:00:00.000Z"])
      expect(stderr).toContain(word);
    expect(existsSync(lock)).toBe(true);
    rmSync(lock);
  });

  test("[P18] the lock of a dead command goes", async () => {
    writeFileSync(lock, record({ startTime: "1" }));
    const { exitCode, stderr } = await cli(["unlock"]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("was taken over: that process is gone");
    expect(existsSync(lock)).toBe(false);
  });

  test("[P18] the lock of another host goes only when the site's name is confirmed", async () => {
    writeFileSync(lock, record({ host: "elsewhere" }));
    expect((await cli(["unlock"])).exitCode).toBe(2);
    expect((await cli(["unlock", "--yes", "--confirm", "other"])).exitCode).toBe(2);
    expect(existsSync(lock)).toBe(true);
    const { exitCode, stderr } = await cli(["unlock", "--yes", "--confirm", siteName]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("pid");
    expect(existsSync(lock)).toBe(false);
  });
});

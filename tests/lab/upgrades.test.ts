import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { sql } from "./support/database.ts";
import { asRoot, cli, get, home, type SiteHandle, site, siteName } from "./support/site.ts";

jest.setTimeout(120_000);

const minute = 60_000;
const file = join(home, "sites", siteName, "Pulumi.yaml");
let original: string;
let now: SiteHandle;

/** As it is once every setting that a test changed is taken back. */
async function provisionWith(lines: string): Promise<string> {
  writeFileSync(file, `${original.trimEnd()}\n${lines}`);
  const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
  if (exitCode !== 0) throw new Error(`provision ended with ${exitCode}\n${stderr}`);
  return stderr;
}

/** Answers of the site's public name until told to stop. */
function visitors(): () => Promise<number[]> {
  const answers: number[] = [];
  let stopped = false;
  const visit = async () => {
    while (!stopped) {
      const reply = await get(now.url, { timeoutMs: 20_000 }).catch(() => ({ status: 0 }));
      answers.push(reply.status);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  };
  const visiting = visit();
  return async () => {
    stopped = true;
    await visiting;
    return answers;
  };
}

/** When the services began, by host and unit: a reload leaves that as it is. */
const startOf = async (host: string, unit: string) =>
  (await asRoot(now, host, ["systemctl", "show", "-P", "ActiveEnterTimestamp", unit])).trim();

beforeAll(async () => {
  original = readFileSync(file, "utf8");
  now = await site();
});

afterAll(() => writeFileSync(file, original));

describe("new settings of a running site", () => {
  test(
    "go to the standby region first, by a reload where that suffices, and the rollout says which: no visitor is turned away",
    async () => {
      const hosts = ["primary", "secondary"];
      const php = (await asRoot(now, "primary/web-1", ["sh", "-c", "ls /etc/php"])).trim();
      const begun = () => Promise.all(hosts.map((region) => startOf(`${region}/web-1`, `php${php}-fpm`)));
      const before = await begun();
      const stop = visitors();
      let told: string;
      try {
        const pool = { maxChildren: 7, startServers: 3, minSpareServers: 2, maxSpareServers: 4 };
        told = await provisionWith(
          `  evenkeel:php:\n    value: ${JSON.stringify(pool)}\n  evenkeel:cacheMemoryMb:\n    value: 96\n`,
        );
      } finally {
        writeFileSync(file, original);
      }
      const answers = await stop();
      expect({ failed: answers.filter((status) => status !== 200), some: answers.length > 10 }).toEqual({
        failed: [],
        some: true,
      });
      // The standby region had ended before the active one began.
      const lines = told.split("\n");
      const ended = lines.findIndex((line) => /^Region secondary: .*\(\d/.test(line));
      const began = lines.findIndex((line) => line.startsWith("Region primary ..."));
      expect({ ended: ended >= 0, inOrder: ended < began }).toEqual({ ended: true, inOrder: true });
      for (const region of hosts) {
        expect(told).toContain(`${region}/web-1: new settings by reload php${php}-fpm.service`);
        expect(told).toContain(`${region}/cache: new settings by restart redis-server.service`);
        expect(await asRoot(now, `${region}/web-1`, ["cat", "/etc/evenkeel/php/pool-size.conf"])).toContain(
          "= 7",
        );
      }
      // What nothing changed for is not told of: no database, no balancer.
      expect(told).not.toMatch(/new settings by \w+ (mariadb|haproxy|nginx|pdns)/);
      expect(await begun()).toEqual(before);
      await provisionWith("");
    },
    8 * minute,
  );

  test("that need a restart of the active database are told by status, and nobody restarts it", async () => {
    const start = await startOf("primary/database", "mariadb");
    const settings = "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf";
    const status = async () => {
      const { exitCode, stdout } = await cli(["status", "--format", "json"]);
      return { exitCode, warnings: (JSON.parse(stdout) as { warnings: string[] }).warnings.join("\n") };
    };
    expect((await status()).warnings).not.toContain("older settings");
    // As a newer version of the program would write it: the file is there, and the server has not read it.
    await asRoot(now, "primary/database", [
      "sh",
      "-c",
      `cp -p ${settings} /run/saved.cnf; echo '# newer' >>${settings}`,
    ]);
    try {
      expect(await status()).toMatchObject({
        exitCode: 0,
        warnings: expect.stringContaining(
          "the database of primary runs on older settings until it is restarted",
        ),
      });
      expect(await startOf("primary/database", "mariadb")).toBe(start);
      expect(await sql(now, "primary", "SELECT @@global.read_only")).toEqual(["0"]);
    } finally {
      await asRoot(now, "primary/database", ["cp", "-p", "/run/saved.cnf", settings]);
    }
  });
});

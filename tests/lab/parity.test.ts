import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { cli, home, siteName } from "./support/cli.ts";
import { check } from "./support/seeds.ts";

const minute = 60_000;

describe("[D12] the configuration of the two regions", () => {
  const file = join(home, "sites", siteName, "Pulumi.yaml");
  const original = readFileSync(file, "utf8");
  afterAll(() => writeFileSync(file, original));

  test(
    "is the same; where one was rolled out with other settings, the lines are named, no value of a file with secrets is, and a whole rollout makes it the same",
    async () => {
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
      const settings = ["cacheMemoryMb: 96", "boundedWaitSeconds: 3"].map(
        (one) => `  evenkeel:${one.replace(": ", ":\n    value: ")}\n`,
      );
      writeFileSync(file, `${original.trimEnd()}\n${settings.join("")}`);
      const region = await cli(["provision", "--region", "secondary", "--yes"], { timeoutMs: 5 * minute });
      expect(region.exitCode).toBe(0);
      const { exitCode, drifts } = await check();
      const counterparts = (role: string) => ({
        kind: "parity",
        host: `primary/${role}`,
        other: `secondary/${role}`,
      });
      const named = '"HEARTBEAT_MAX_AGE_SECONDS …"';
      expect(exitCode).toBe(10);
      const waits = {
        what: "/etc/evenkeel/keeper.json",
        wanted: 'as on secondary/database: ""boundedWaitMs": 3000,"',
        found: '""boundedWaitMs": 2000,"',
      };
      expect(drifts).toMatchObject([
        { ...counterparts("database"), ...waits },
        {
          ...counterparts("cache"),
          what: "/etc/redis/evenkeel.conf",
          wanted: 'as on secondary/cache: "maxmemory 96mb"',
          found: '"maxmemory 128mb"',
        },
        {
          ...counterparts("web-1"),
          ...waits,
          wanted: waits.wanted.replace("database", "web-1"),
        },
        { ...counterparts("web-1"), what: "/etc/evenkeel/web.json", found: '"heartbeatMaxAgeSeconds …"' },
        {
          ...counterparts("web-1"),
          what: "/etc/evenkeel/wordpress.env",
          wanted: `as on secondary/web-1: ${named}`,
          found: named,
        },
      ]);
      writeFileSync(file, original);
      expect((await cli(["provision", "--yes"], { timeoutMs: 5 * minute })).exitCode).toBe(0);
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
    },
    12 * minute,
  );
});

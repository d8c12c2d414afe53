import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { databaseVerb, sql } from "./support/database.ts";
import { asRoot, cli, eventually, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

let now: SiteHandle;
const dropIn = "/etc/systemd/system/mariadb.service.d/zz-clock.conf";

interface Seen {
  lagSeconds: number | null;
  lagRows: number | null;
  problems: string[];
}

async function seen(): Promise<Seen> {
  const { stdout } = await cli(["status", "--format", "json"]);
  const { regions, problems } = JSON.parse(stdout) as {
    regions: { name: string; database: Pick<Seen, "lagSeconds" | "lagRows"> }[];
    problems: { code: string; what: string }[];
  };
  const { lagSeconds, lagRows } = regions.find(({ name }) => name === "secondary")?.database ?? {
    lagSeconds: null,
    lagRows: null,
  };
  return { lagSeconds, lagRows, problems: problems.map(({ what }) => what) };
}

const until = (what: string, timeoutMs: number, isSo: () => Promise<boolean>) =>
  eventually(what, timeoutMs, async () => ((await isSo()) ? true : null));

const onStandby = (script: string) => asRoot(now, "secondary/database", ["bash", "-ec", script]);

/** The standby's server, and its answers, by a clock that is so many seconds ahead. */
async function setClock(aheadSeconds: number | null): Promise<void> {
  await onStandby(
    aheadSeconds === null
      ? `rm -f ${dropIn}`
      : `library=$(ls /usr/lib/*/faketime/libfaketime.so.1)
printf '[Service]\\nEnvironment=LD_PRELOAD=%s FAKETIME=%+ds FAKETIME_DONT_FAKE_MONOTONIC=1\\n' "$library" ${aheadSeconds} >${dropIn}`,
  );
  await onStandby("systemctl daemon-reload; systemctl restart mariadb");
  await databaseVerb(now, "secondary", ["follow"]);
}

beforeAll(async () => {
  now = await site();
});

afterAll(async () => {
  await setClock(null);
  await sql(now, "secondary", "START SLAVE SQL_THREAD");
  await sql(now, "primary", "DROP DATABASE IF EXISTS evenkeel_lag");
}, 60_000);

describe("[P6] lag", () => {
  test("is nothing where the standby follows, and tells seconds and rows where it stays behind", async () => {
    await sql(
      now,
      "primary",
      "CREATE OR REPLACE DATABASE evenkeel_lag; CREATE TABLE evenkeel_lag.rows (id INT PRIMARY KEY)",
    );
    await until("no lag", 20_000, async () => {
      const { lagSeconds, lagRows } = await seen();
      return (lagSeconds ?? 99) <= 2 && (lagRows ?? 99) < 20;
    });
    await sql(now, "secondary", "STOP SLAVE SQL_THREAD");
    await sql(now, "primary", "USE evenkeel_lag; INSERT INTO evenkeel_lag.rows SELECT seq FROM seq_1_to_500");
    await until("the rows are counted", 10_000, async () => ((await seen()).lagRows ?? 0) >= 500);
    const first = await seen();
    // The heartbeat's own row is one a second, and WordPress may have written a few.
    expect(first.lagRows).toBeLessThan(600);
    await until(
      "the lag grows",
      20_000,
      async () => ((await seen()).lagSeconds ?? 0) > (first.lagSeconds ?? 99) + 2,
    );
    expect((await seen()).problems.join()).toContain("does not follow");
    await sql(now, "secondary", "START SLAVE SQL_THREAD");
    await until("the lag is over", 20_000, async () => ((await seen()).lagRows ?? 99) < 20);
  });

  test.each([90, -90])(
    "is right where the standby's clock is %d s ahead, and the difference of the clocks is told",
    async (ahead) => {
      await onStandby("apt-get -qq -y install --no-install-recommends libfaketime >/dev/null 2>&1");
      await setClock(ahead);
      // The server itself lives by that clock.
      const [clock] = await sql(now, "secondary", "SELECT UNIX_TIMESTAMP()");
      expect(Math.abs(Number(clock) - Date.now() / 1000 - ahead)).toBeLessThan(10);
      const { problems } = await eventually("the lag is known", 30_000, async () => {
        const told = await seen();
        return told.lagRows !== null && (told.lagSeconds ?? 99) <= 3 ? told : null;
      });
      expect(problems.join()).toMatch(
        /the clock of secondary differs from the active region's by (8[5-9]|9[0-5])/,
      );
      expect(problems.join()).not.toContain("behind");
    },
  );

  test("tells no difference of clocks that are the same", async () => {
    await setClock(null);
    await until("all is well", 30_000, async () => (await seen()).problems.length === 0);
  });
});

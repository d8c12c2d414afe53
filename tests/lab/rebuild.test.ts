import { beforeAll, describe, expect, test } from "@jest/globals";
import { databaseStatus, databaseVerb, sql } from "./support/database.ts";
import { cut, heal, isAcknowledged, type Order, upMs } from "./support/faults.ts";
import { bothInSync } from "./support/keeper.ts";
import { loseMachines } from "./support/lab.ts";
import { asRoot, cli, eventually, get, type SiteHandle, site } from "./support/site.ts";
import { Trials } from "./support/trial.ts";
import { openGates } from "./support/web.ts";

const minute = 60_000;
/** On the volume that sites/proof gives the primary's web host. */
const upload = "/mnt/wp_uploads/rebuild-proof.txt";

/** Rows 6 and 28 of the fault list, but that the secondary is promoted by hand. */
describe("[P5] [P10] an active region that is cut off, and comes back behind a later writer", () => {
  let now: SiteHandle;
  let epoch: number;
  let healedMs: number;
  let ordersThen: string[];
  let orders: Order[];

  beforeAll(async () => {
    const trials = await Trials.begin();
    now = trials.site;
    epoch = (await databaseStatus(now, "primary")).epoch + 1;
    await trials.next();
    const buyers = await trials.buyers();
    try {
      await Promise.all(trials.activeHosts().map((host) => cut(host, { from: trials.link() })));
      const promotion = ["promote", "--epoch", String(epoch), "--confirmed-off", "primary"];
      await databaseVerb(now, "secondary", promotion);
      await openGates(now, "secondary");
    } finally {
      healedMs = await upMs(trials.machine("primary/database"));
      await Promise.all(trials.activeHosts().map(heal));
    }
    orders = await buyers.stop();
    ordersThen = await trials.ordersIn("secondary");
  }, 3 * minute);

  test("acknowledged nothing that the new writer lacks, and fences itself", async () => {
    const acknowledged = orders.filter(isAcknowledged);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.map(({ id }) => id).filter((id) => !ordersThen.includes(id))).toEqual([]);
    await eventually("it is fenced", 20_000, async () =>
      (await databaseStatus(now, "primary")).role === "fenced" ? true : null,
    );
    const last = Math.max(...acknowledged.map(({ answeredMs }) => answeredMs));
    console.log(`back to fenced: at most ${(await upMs(now.host("primary/database").name)) - healedMs} ms`);
    expect(last).toBeLessThan(healedMs);
    expect(await databaseStatus(now, "primary")).toMatchObject({ epoch: epoch - 1, writable: false });
    expect(await databaseStatus(now, "secondary")).toMatchObject({ role: "active", epoch, writable: true });
  });

  test("[F4] refuses whoever goes on asking it for a write, at its gate and at its database", async () => {
    const asked = [
      ["/wp-login.php", "application/x-www-form-urlencoded", "log=probe&pwd=none"],
      ["/evenkeel-ledger/orders", "application/json", JSON.stringify({ id: "late", item: "late" })],
    ] as const;
    for (const [path, type, body] of asked) {
      const headers = { "content-type": type, "x-evenkeel-ledger-key": now.secrets.ledger.key };
      const reply = await get(`${now.regions.primary?.url}${path}`, { method: "POST", headers, body });
      expect(reply).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    }
    const connect = `timeout 3 bash -c 'echo >/dev/tcp/${now.host("primary/database").address}/3306'`;
    expect((await now.ssh("primary/web-1", ["bash", "-c", connect])).exitCode).not.toBe(0);
  });

  test("stays fenced: what waited for the standby is in its database, which is named", async () => {
    const follow = ["sudo", "evenkeel-db", "follow", "secondary"];
    const { exitCode, stderr } = await now.ssh("primary/database", follow);
    expect(stderr).toMatch(/holds transactions that region 'secondary' lacks: up to 0-1-\d+/);
    expect(exitCode).toBe(12);
    expect(await databaseStatus(now, "primary")).toMatchObject({ role: "fenced", writable: false });
    const { stdout } = await cli(["status", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ active: "secondary", epoch, protected: false });
  });
});

interface EtcdStatus {
  members: { name: string; voter: boolean }[];
}

/** Row 30 of the fault list, by the host commands alone: the secondary is active; lose the primary, run every stack. */
describe("a region destroyed after a promotion and rebuilt", () => {
  let before: SiteHandle;
  let replaceArgs: string[];
  let epoch: number;

  beforeAll(async () => {
    before = await site();
    epoch = (await databaseStatus(before, "secondary")).epoch;
    await sql(
      before,
      "secondary",
      "CREATE TABLE IF NOT EXISTS wordpress_db.proof (id INT PRIMARY KEY); REPLACE INTO wordpress_db.proof VALUES (1), (2);",
    );
    await asRoot(before, "primary/web-1", ["tee", upload], { stdin: "kept" });
    await loseMachines((before.regions.primary?.hosts ?? []).map(({ name }) => name));
  }, 3 * minute);

  test("status tells the missing machines apart and names the command that makes them again", async () => {
    const { exitCode, stdout, stderr } = await cli(["status"]);
    expect(exitCode).toBe(10);
    replaceArgs = [...`${stdout}\n${stderr}`.matchAll(/--replace '?(urn:[^\s']+)'?/g)].flatMap((match) => [
      "--replace",
      match[1] as string,
    ]);
    expect(replaceArgs.filter((arg) => arg.startsWith("urn:"))).toHaveLength(
      before.regions.primary?.hosts.length ?? 0,
    );
  });

  test(
    "[P27] pulumi up of all stacks rebuilds it and changes neither data nor writer",
    async () => {
      const up = (stack: string, extra: string[]) =>
        cli(["pulumi", "up", "-s", stack, "--yes", "--non-interactive", ...extra], { timeoutMs: 8 * minute });
      for (const [stack, extra] of [
        ["primary", replaceArgs],
        ["secondary", []],
        ["global", []],
      ] as const) {
        const { exitCode, stdout, stderr } = await up(stack, [...extra]);
        expect({ stack, exitCode, output: exitCode === 0 ? "" : stdout + stderr }).toEqual({
          stack,
          exitCode: 0,
          output: "",
        });
      }
      const after = await site();
      expect(await databaseStatus(after, "secondary")).toMatchObject({
        role: "active",
        epoch,
        writable: true,
      });
      expect(await sql(after, "secondary", "SELECT id FROM wordpress_db.proof ORDER BY id;")).toEqual([
        "1",
        "2",
      ]);
    },
    15 * minute,
  );

  test("its gateway's member of etcd took the place of the lost one, and all three count", async () => {
    for (const host of ["primary/gateway", "secondary/gateway", "third/edge"]) {
      const status = JSON.parse(await asRoot(before, host, ["evenkeel-etcd", "status"])) as EtcdStatus;
      expect(status).toMatchObject({ majority: true, restartNeeded: false });
      const members = status.members.map(({ name, voter }) => [name, voter]);
      expect(members).toEqual(["primary", "secondary", "third"].map((name) => [name, true]));
    }
  });

  test(
    "[O18] the rebuilt host is seeded from the writer, read-only, and follows it",
    async () => {
      const after = await site();
      const standby = await databaseStatus(after, "primary");
      expect(standby).toMatchObject({
        role: "standby",
        epoch,
        writable: false,
        replication: { receiving: true, applying: true, tls: true },
      });
      await sql(after, "secondary", "REPLACE INTO wordpress_db.proof VALUES (3);");
      await eventually("the row written after the rebuild", 10_000, async () => {
        const rows = await sql(after, "primary", "SELECT id FROM wordpress_db.proof ORDER BY id;");
        return rows.join() === "1,2,3" ? rows : null;
      });
      const birth = await databaseVerb(after, "primary", ["birth"]);
      expect(birth).toMatchObject({ born: false, epoch });
    },
    2 * minute,
  );

  test("[O5] the volume of the uploads outlives its machine, and is not formatted for the new one", async () => {
    const after = await site();
    expect(await asRoot(after, "primary/web-1", ["cat", upload])).toBe("kept");
    await asRoot(after, "primary/web-1", ["rm", upload]);
  });

  test(
    "the way back by the same verbs: the primary is active again at the next epoch",
    async () => {
      const now = await site();
      await bothInSync(now);
      await databaseVerb(now, "secondary", ["demote"]);
      await databaseVerb(now, "primary", ["promote", "--epoch", String(epoch + 1)]);
      await openGates(now, "primary");
      await databaseVerb(now, "secondary", ["follow", "primary"]);
      await sql(now, "primary", "DROP TABLE wordpress_db.proof;");
      const { exitCode } = await eventually("healthy again", 30_000, async () => {
        const status = await cli(["status"]);
        return status.exitCode === 0 ? status : null;
      });
      expect(exitCode).toBe(0);
    },
    3 * minute,
  );
});

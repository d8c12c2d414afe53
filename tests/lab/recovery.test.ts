import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { databaseStatus, databaseVerb, sql, webVerb } from "./support/database.ts";
import { loseMachines, pauseMachine, startMachine, stopMachine } from "./support/lab.ts";
import { type CliResult, cli, eventually, get, type SiteHandle, site } from "./support/site.ts";

const minute = 60_000;

interface Status {
  state: string;
  active: string | null;
  problems: { code: string; what: string; next: string | null }[];
}

async function status(): Promise<Status & { exitCode: number }> {
  const { stdout, exitCode } = await cli(["status", "--format", "json"]);
  return { ...(JSON.parse(stdout) as Status), exitCode };
}

async function provision(): Promise<CliResult> {
  return await cli(["provision", "--yes"], { timeoutMs: 8 * minute });
}

async function provisionMends(): Promise<void> {
  const { exitCode, stderr } = await provision();
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(await status()).toMatchObject({ exitCode: 0, state: "healthy", active: "primary" });
}

/** Waits until status tells a problem; gives all of them by code. */
async function told(code: string): Promise<Map<string, string | null>> {
  return await eventually(`status tells ${code}`, 30_000, async () => {
    const seen = await status();
    const problems = new Map(seen.problems.map((problem) => [problem.code, problem.next] as const));
    return problems.has(code) && seen.exitCode === 10 ? problems : null;
  });
}

const answersActive = async (now: SiteHandle, region: string) =>
  (await get(`${now.regions[region]?.url}/evenkeel/active`)).status;

/** What a region's web host says of its gate. */
async function gateOf(now: SiteHandle, region: string): Promise<string> {
  const { stdout } = await now.ssh(`${region}/web-1`, ["sudo", "evenkeel-web", "status"]);
  return (JSON.parse(stdout) as { gate: string }).gate;
}

describe("what status names and provision mends, on a site that was well", () => {
  let now: SiteHandle;
  beforeAll(async () => {
    now = await site();
    expect(await status()).toMatchObject({ exitCode: 0, active: "primary" });
  }, minute);

  test.each([
    ["stopped", ["systemctl", "stop", "evenkeel-heartbeat"]],
    ["hanging", ["systemctl", "kill", "-s", "STOP", "evenkeel-heartbeat"]],
  ])(
    "[D16] a heartbeat that is %s closes /evenkeel/active, and provision starts it again",
    async (_, command) => {
      expect(await answersActive(now, "primary")).toBe(200);
      expect((await now.ssh("primary/database", ["sudo", ...command])).exitCode).toBe(0);
      const problems = await told("heartbeat-silent");
      expect(problems.get("heartbeat-silent")).toBe(
        "npx evenkeel resume primary --confirm primary --site proof",
      );
      expect(await answersActive(now, "primary")).toBe(503);
      await provisionMends();
      expect(await answersActive(now, "primary")).toBe(200);
    },
    4 * minute,
  );

  test(
    "a standby that accepts writes: told as two writers, refused before anything is joined, its open gate closed",
    async () => {
      // Open on purpose, and before its database is: nothing that would write there may run meanwhile.
      await webVerb(now, "secondary", ["open", "--epoch", "1"]);
      const idle = ["sudo", "systemctl", "stop", "evenkeel-cron.timer", "evenkeel-cron.service"];
      expect((await now.ssh("secondary/web-1", idle)).exitCode).toBe(0);
      expect(await gateOf(now, "secondary")).toBe("open");
      await sql(now, "secondary", "SET GLOBAL read_only=0;");
      try {
        const problems = await told("two-writers");
        const fence = "npx evenkeel ssh secondary/database --site proof -- sudo evenkeel-db fence";
        expect(problems.get("two-writers")).toBe(fence);
        const { exitCode, stderr } = await provision();
        expect(exitCode).toBe(12);
        expect(stderr).toContain("secondary accepts writes at epoch 1");
        expect(stderr).toContain(fence);
        expect(stderr).not.toContain("Link, third place");
        expect(stderr).toContain("its region's gate was closed");
        expect(await gateOf(now, "secondary")).toBe("closed");
        // The rightful one goes on serving.
        expect(await gateOf(now, "primary")).toBe("open");
        expect(await answersActive(now, "primary")).toBe(200);
      } finally {
        await databaseVerb(now, "secondary", ["fence"]);
        await webVerb(now, "secondary", ["close"]);
      }
      const fenced = await told("fenced");
      expect(fenced.get("fenced")).toBe(
        "npx evenkeel ssh secondary/database --site proof -- sudo evenkeel-db follow",
      );
      await databaseVerb(now, "secondary", ["follow"]);
      await eventually("healthy again", 30_000, async () => ((await status()).exitCode === 0 ? true : null));
    },
    4 * minute,
  );

  test(
    "a standby that replicates without TLS is told, and follow joins it with TLS",
    async () => {
      await sql(
        now,
        "secondary",
        "STOP SLAVE; CHANGE MASTER TO MASTER_SSL_VERIFY_SERVER_CERT=0; START SLAVE;",
      );
      const problems = await told("standby-without-tls");
      expect(problems.get("standby-without-tls")).toContain("evenkeel-db follow");
      await databaseVerb(now, "secondary", ["follow"]);
      expect((await databaseStatus(now, "secondary")).replication).toMatchObject({ tls: true });
      await eventually("healthy again", 30_000, async () => ((await status()).exitCode === 0 ? true : null));
    },
    3 * minute,
  );

  test(
    "a host that was paused comes back restarted, read-only until its peers were asked",
    async () => {
      await pauseMachine(now.host("primary/database").name);
      const problems = await told("machine-stopped");
      expect(problems.get("machine-stopped")).toBe("npx evenkeel provision --site proof");
      const { exitCode, stderr } = await provision();
      expect(exitCode).toBe(0);
      expect(stderr).toContain("primary had stopped accepting writes, and accepts them again");
      expect(await status()).toMatchObject({ exitCode: 0, active: "primary" });
    },
    4 * minute,
  );

  test(
    "the active host rebooted while the standby's machine is lost: provision notices both, makes that one again and resumes over the link made again",
    async () => {
      const [own, lost] = [now.host("primary/database"), now.host("secondary/database")];
      await loseMachines([lost.name]);
      await stopMachine(own.name);
      await startMachine(own.name);
      await told("active-read-only");
      await provisionMends();
      now = await site();
      expect(now.host("secondary/database").machineId).not.toBe(lost.machineId);
      expect(await databaseStatus(now, "primary")).toMatchObject({ role: "active", epoch: 1 });
      expect(await databaseStatus(now, "secondary")).toMatchObject({ role: "standby", epoch: 1 });
    },
    6 * minute,
  );

  afterAll(async () => {
    if ((await status()).exitCode !== 0) await provision();
  }, 9 * minute);
});

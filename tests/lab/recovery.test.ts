import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { databaseStatus, databaseVerb, sql } from "./support/database.ts";
import { loseMachines, pauseMachine, startMachine, stopMachine } from "./support/lab.ts";
import { asRoot, type CliResult, cli, eventually, get, type SiteHandle, site } from "./support/site.ts";

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
    "[F3] a standby that somebody opened by hand is fenced by its keeper within five seconds; it follows again",
    async () => {
      const { epoch } = await databaseStatus(now, "primary");
      await sql(now, "secondary", "SET GLOBAL read_only=0;");
      await eventually("it is fenced", 5_000, async () => {
        const { role, writable } = await databaseStatus(now, "secondary");
        return role === "fenced" && writable !== true ? true : null;
      });
      const fenced = await told("fenced");
      expect(fenced.get("fenced")).toBe("npx evenkeel reinstate secondary --site proof");
      expect(await cli(["reinstate", "secondary", "--yes"])).toMatchObject({ exitCode: 0 });
      await eventually("healthy again", 30_000, async () => ((await status()).exitCode === 0 ? true : null));
      expect(await databaseStatus(now, "primary")).toMatchObject({ role: "active", epoch, writable: true });
    },
    4 * minute,
  );

  test(
    "one whose keeper does not run: told as two writers, refused before anything is joined",
    async () => {
      const keeper = (verb: string) =>
        asRoot(now, "secondary/database", ["systemctl", verb, "evenkeel-keeper"]);
      await keeper("stop");
      await sql(now, "secondary", "SET GLOBAL read_only=0;");
      try {
        const problems = await told("two-writers");
        const fence = "npx evenkeel ssh secondary/database --site proof -- sudo evenkeel-db fence";
        expect(problems.get("two-writers")).toBe(fence);
        const { exitCode, stderr } = await provision();
        expect(exitCode).toBe(12);
        expect(stderr).toMatch(/secondary accepts writes at epoch \d+/);
        expect(stderr).toContain(fence);
        expect(stderr).not.toContain("Link, third place");
        expect(stderr).toContain("its region's gate was closed");
        expect(await gateOf(now, "secondary")).toBe("closed");
        // The rightful one goes on serving.
        expect(await gateOf(now, "primary")).toBe("open");
        expect(await answersActive(now, "primary")).toBe(200);
      } finally {
        await databaseVerb(now, "secondary", ["fence"]);
        await keeper("start");
      }
      await told("fenced");
      await databaseVerb(now, "secondary", ["follow"]);
      await eventually("healthy again", 30_000, async () => ((await status()).exitCode === 0 ? true : null));
    },
    4 * minute,
  );

  test(
    "a standby that replicates without TLS is told, and reinstate joins it with TLS",
    async () => {
      await sql(
        now,
        "secondary",
        "STOP SLAVE; CHANGE MASTER TO MASTER_SSL_VERIFY_SERVER_CERT=0; START SLAVE;",
      );
      const problems = await told("standby-without-tls");
      expect(problems.get("standby-without-tls")).toContain("evenkeel reinstate secondary");
      expect(await cli(["reinstate", "secondary", "--yes"])).toMatchObject({ exitCode: 0 });
      expect((await databaseStatus(now, "secondary")).replication).toMatchObject({ tls: true });
      await eventually("healthy again", 30_000, async () => ((await status()).exitCode === 0 ? true : null));
    },
    3 * minute,
  );

  test(
    "a host that was paused is started anew, and its keeper opens its database",
    async () => {
      await pauseMachine(now.host("primary/database").name);
      const problems = await told("machine-stopped");
      expect(problems.get("machine-stopped")).toBe("npx evenkeel provision --site proof");
      const { exitCode, stderr } = await provision();
      expect(exitCode).toBe(0);
      expect(stderr).toContain(`Started ${now.host("primary/database").name}.`);
      expect(await status()).toMatchObject({ exitCode: 0, active: "primary" });
    },
    4 * minute,
  );

  test(
    "the active host rebooted while the standby's machine is lost: provision makes that one again and joins it to the writer, which opened by itself",
    async () => {
      const [own, lost] = [now.host("primary/database"), now.host("secondary/database")];
      const { epoch } = await databaseStatus(now, "primary");
      await loseMachines([lost.name]);
      await stopMachine(own.name);
      await startMachine(own.name);
      await provisionMends();
      now = await site();
      expect(now.host("secondary/database").machineId).not.toBe(lost.machineId);
      expect(await databaseStatus(now, "primary")).toMatchObject({ role: "active", epoch });
      expect(await databaseStatus(now, "secondary")).toMatchObject({ role: "standby", epoch });
    },
    6 * minute,
  );

  afterAll(async () => {
    if ((await status()).exitCode !== 0) await provision();
  }, 9 * minute);
});

import { describe, expect, test } from "@jest/globals";
import { errantOf } from "../../../automation/verify/errant.ts";

const status = (history: string | null) =>
  JSON.stringify({
    ...{
      apiVersion: "evenkeel/v1",
      site: "shop",
      region: "r",
      engine: "mariadb",
      version: "1",
      role: "standby",
    },
    ...{ epoch: 1, running: true, writable: false, position: "", heartbeat: null, replication: null },
    ...{ lagSeconds: null, restartNeeded: false, serverId: 1, machineId: "m", history },
  });

type Said = { exitCode: number; stdout: string; stderr: string };
const ok = (stdout: string): Said => ({ exitCode: 0, stdout, stderr: "" });

/** What each host says of itself, and what the standby makes of the two histories. */
function hosts(said: Record<string, Said>, missing: string | null = null) {
  const asked: string[] = [];
  const run = async (id: string, { argv, stdin }: { argv: readonly string[]; stdin?: string }) => {
    asked.push(`${id} ${argv[3]}${stdin === undefined ? "" : ` ${stdin}`}`);
    return argv[3] === "digest" ? ok(JSON.stringify({ missing })) : (said[id] as Said);
  };
  return { asked, ssh: { run } as never };
}

describe("[P7] what a standby wrote by itself", () => {
  const both = { active: ok(status("0-1-9")), standby: ok(status("0-1-8,0-2-3")) };

  test("is told by the two histories, the standby's asked first", async () => {
    const { asked, ssh } = hosts(both, "up to 0-2-3");
    expect(await errantOf(ssh, "active", "standby")).toBe("up to 0-2-3");
    expect(asked).toEqual([
      "standby status",
      "active status",
      'standby digest {"ask":"missing","own":"0-1-8,0-2-3","other":"0-1-9"}',
    ]);
    expect(await errantOf(hosts(both).ssh, "active", "standby")).toBeNull();
  });

  test.each<[string, Record<string, Said>]>([
    ["the active database is too busy to tell its history", { ...both, active: ok(status(null)) }],
    ["the standby fails", { ...both, standby: { exitCode: 1, stdout: "", stderr: "no role" } }],
  ])("is not known, and no word of nothing, where %s", async (_, said) => {
    await expect(errantOf(hosts(said).ssh, "active", "standby")).rejects.toMatchObject({
      code: "digest-failed",
    });
  });
});

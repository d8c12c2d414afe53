import { describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { databaseFacts, webFacts } from "../../../automation/failover/facts.ts";
import type { RemoteResult, SshSession } from "../../../automation/remote/ssh.ts";
import type { HostOutputs } from "../../../components/outputs.ts";

const host = { id: "primary/database", name: "evenkeel-shop-primary-database" } as HostOutputs;
const session = (answer: () => Promise<RemoteResult>) => ({ run: answer }) as unknown as SshSession;
const printed = (value: unknown) =>
  session(async () => ({ exitCode: 0, stdout: JSON.stringify(value), stderr: "" }));
const document = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  region: "secondary",
  engine: "mariadb",
  version: "11.8.3",
  role: "standby",
  epoch: 3,
  running: true,
  writable: false,
  position: "0-1-9",
  heartbeat: { region: "primary", epoch: 3, ageSeconds: 0.2 },
  replication: { source: "primary", receiving: true, applying: false, tls: true, error: "1062" },
  lagSeconds: 0.2,
  restartNeeded: false,
  serverId: 2,
  machineId: "m",
  history: "",
};

describe("facts of hosts", () => {
  test("a database's document becomes facts; half a replication is none", async () => {
    const { facts, why } = await databaseFacts(printed(document), host, 5000);
    expect(why).toBeNull();
    expect(facts).toMatchObject({
      role: "standby",
      epoch: 3,
      writable: false,
      replicating: false,
      replicationError: "1062",
    });
  });

  test.each([
    ["failed", true],
    ["active", false],
    [null, false],
    [undefined, false],
  ])("a keeper of which systemd says %p counts as stopped: %p", async (keeper, keeperStopped) => {
    const { facts } = await databaseFacts(printed({ ...document, keeper }), host, 5000);
    expect(facts).toMatchObject({ keeperStopped });
  });

  test("of a database that is down it is not known whether it is writable", async () => {
    const { facts } = await databaseFacts(
      printed({ ...document, running: false, writable: false }),
      host,
      5000,
    );
    expect(facts).toMatchObject({ running: false, writable: null });
  });

  test("an unreachable host, a failed command and an unreadable answer are unknown, each with its reason", async () => {
    const unreachable = session(async () => {
      throw new UserError({ what: "can't be reached" });
    });
    const failed = session(async () => ({ exitCode: 1, stdout: "", stderr: "a\nthe reason\n" }));
    const garbage = session(async () => ({ exitCode: 0, stdout: "{", stderr: "" }));
    const foreign = printed({ ...document, role: "king" });
    const whys = await Promise.all(
      [unreachable, failed, garbage, foreign].map(async (one) => {
        const { facts, why } = await databaseFacts(one, host, 5000);
        expect(facts).toBeNull();
        return why;
      }),
    );
    expect(whys).toEqual([
      "can't be reached",
      "the reason",
      "its answer could not be read",
      "its answer could not be read",
    ]);
    expect(await webFacts(failed, host, 5000)).toMatchObject({
      gate: null,
      versions: { nginx: null, php: null, wordpress: null, client: null },
      why: "the reason",
    });
  });

  test("a bug is not taken for a silent host", async () => {
    const broken = session(async () => {
      throw new TypeError("bug");
    });
    await expect(databaseFacts(broken, host, 5000)).rejects.toThrow("bug");
  });
});

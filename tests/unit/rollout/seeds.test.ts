import { describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { DatabaseStatus } from "../../../automation/remote/database.ts";
import { seedText, tellingSeeds } from "../../../automation/rollout/seeds.ts";

const host = (region: string) => ({ id: `${region}/database` });
const outputs = {
  regions: {
    primary: { hosts: [host("primary"), { id: "primary/web-1" }], database: { hostId: "primary/database" } },
    secondary: { hosts: [host("secondary")], database: { hostId: "secondary/database" } },
  },
  global: null,
} as unknown as SiteOutputs;

const status = (facts: Partial<DatabaseStatus>): string =>
  JSON.stringify({
    ...{
      apiVersion: "evenkeel/v1",
      site: "shop",
      region: "r",
      engine: "mariadb",
      version: "1",
      role: "unseeded",
    },
    ...{ epoch: 0, running: true, writable: false, position: "", heartbeat: null, replication: null },
    ...{ lagSeconds: null, restartNeeded: false, serverId: 1, machineId: "m", history: "", ...facts },
  });

/** Each host's answers one after the other, the last for ever; and what was asked. */
function hosts(answers: Record<string, string[]>) {
  const asked: string[] = [];
  const run = async (id: string) => {
    asked.push(id);
    const left = answers[id] ?? [];
    const stdout = left.length > 1 ? left.shift() : left[0];
    return stdout === undefined
      ? { exitCode: 1, stdout: "", stderr: "no" }
      : { exitCode: 0, stdout, stderr: "" };
  };
  return { asked, ssh: { run } as never };
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("[O18] a step that seeds", () => {
  test("tells what has arrived while it runs, asks databases alone, and one with a role no more", async () => {
    const seeding = (bytes: number) => status({ seeding: { bytes, bytesPerSecond: 2e6 } });
    const { asked, ssh } = hosts({
      "primary/database": [status({ role: "active" })],
      "secondary/database": [seeding(1e6), seeding(3e6), status({ role: "standby" })],
    });
    const notes: string[] = [];
    const step = { title: "Link", run: async () => after(200).then(() => "done") };
    expect(await tellingSeeds(step, ssh, outputs, 1).run((text) => notes.push(text))).toBe("done");
    expect(notes).toEqual([
      "secondary/database: 1.0 MB of the copy, 2.0 MB/s",
      "secondary/database: 3.0 MB of the copy, 2.0 MB/s",
    ]);
    expect(asked.filter((id) => id === "primary/database")).toHaveLength(1);
    expect(asked.filter((id) => id === "secondary/database")).toHaveLength(3);
  });

  test("ends with the step, also where that fails, and a host that does not answer is asked again", async () => {
    const { asked, ssh } = hosts({ "primary/database": [status({ role: "active" })] });
    const failing = {
      title: "Link",
      run: async () => after(50).then(() => Promise.reject(new Error("broke"))),
    };
    await expect(tellingSeeds(failing, ssh, outputs, 1).run(() => undefined)).rejects.toThrow("broke");
    const count = asked.length;
    expect(asked.filter((id) => id === "secondary/database").length).toBeGreaterThan(1);
    await after(30);
    expect(asked).toHaveLength(count);
  });

  test("in megabytes", () => {
    expect(seedText("a/database", { bytes: 24_510_000, bytesPerSecond: 11_240_000 })).toBe(
      "a/database: 24.5 MB of the copy, 11.2 MB/s",
    );
  });
});

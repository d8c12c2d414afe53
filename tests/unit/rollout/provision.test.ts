import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand, SshSession } from "../../../automation/remote/ssh.ts";
import { settleWriter } from "../../../automation/rollout/join.ts";
import { active } from "../failover/sites.ts";
import { readOnly, unseeded } from "./answered.ts";

const site = "proof";
const folder = mkdtempSync(join(tmpdir(), "evenkeel-provision-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const region = (name: string) => ({
  database: { hostId: `${name}/database` },
  hosts: [
    { id: `${name}/database`, name: `${name}-database`, role: "database" },
    { id: `${name}/web-1`, name: `${name}-web-1`, role: "web" },
  ],
});
const outputs = {
  regions: { primary: region("primary"), secondary: region("secondary") },
  global: null,
} as unknown as SiteOutputs;
const session = {
  config: { site, provider: "managed", boundedWaitSeconds: 2 },
  place: { stateDirectory: folder },
} as unknown as Parameters<typeof settleWriter>[2];

function databaseDocument(facts: typeof active) {
  return {
    ...{ apiVersion: "evenkeel/v1", site, region: "r", engine: "mariadb", version: "11" },
    ...{ role: facts.role, epoch: facts.epoch, running: facts.running, writable: facts.writable },
    ...{ position: "", heartbeat: facts.heartbeat, replication: null, lagSeconds: null },
    ...{ restartNeeded: false, serverId: 1, machineId: "m", history: "" },
  };
}
function webDocument(epoch: number) {
  return {
    ...{ apiVersion: "evenkeel/v1", site, region: "r", gate: "closed", epoch, cron: "inactive" },
    ...{ versions: { nginx: null, php: null, wordpress: null }, core: null },
  };
}

/**
 * What provision does where the primary's database answers `own`, one entry a question and the last from then on, beside
 * a new secondary whose gate knows `epoch`; gives the verbs that were run, and the error.
 */
async function settles(own: readonly (typeof active)[], epoch: number, started: readonly string[] = []) {
  const documents: Record<string, object> = {
    "secondary/database": databaseDocument(unseeded),
    "primary/web-1": webDocument(1),
    "secondary/web-1": webDocument(epoch),
  };
  const left = [...own];
  const changes: string[] = [];
  let asked = 0;
  const run = async (id: string, { argv }: RemoteCommand) => {
    const words = argv.slice(3).join(" ");
    if (!words.startsWith("status")) changes.push(`${id}: ${words}`);
    else if (id === "primary/database") asked += 1;
    const next = id === "primary/database" && left.length > 1 ? left.shift() : left[0];
    const document = documents[id] ?? databaseDocument(next ?? active);
    return { exitCode: 0, stdout: JSON.stringify(document), stderr: "" };
  };
  const error = await settleWriter({ run } as unknown as SshSession, outputs, session, started).catch(
    (thrown: unknown) => thrown,
  );
  return { changes, error, asked };
}

const resumed = {
  changes: [
    "primary/database: look --repair --deadline 20",
    "primary/database: resume --epoch 1 --deadline 60",
  ],
  error: undefined,
};

test("an active database that was closed is opened again beside a lost standby", async () => {
  expect(await settles([readOnly], 0)).toMatchObject(resumed);
  expect(await settles([active], 0)).toMatchObject({ changes: [], error: undefined });
});

test("beside a lost writer it is refused without touching a host", async () => {
  const command = "npx evenkeel resume primary --confirm primary --accept-loss --site proof";
  for (const own of [readOnly, active]) {
    const { changes, error } = await settles([own], 2);
    expect(changes).toEqual([]);
    expect(error).toMatchObject({ exitCode: 12, next: expect.stringContaining(command) });
  }
});

describe("a database that does not run yet", () => {
  const starting = { ...readOnly, running: false };
  const boot = [starting, starting, readOnly];

  test("is asked until it does where its machine was just started, and then once more for its resume", async () => {
    expect(await settles(boot, 0, ["primary-database"])).toEqual({ ...resumed, asked: 4 });
  });

  test("is not waited for where another machine was started, or none", async () => {
    for (const started of [[], ["primary-web-1", "secondary-database"]])
      expect(await settles(boot, 0, started)).toEqual({ ...resumed, asked: 2 });
  });

  test("is not waited for where it is fenced: its server may be masked for good", async () => {
    const fenced = { ...starting, role: "fenced" as const };
    expect((await settles([fenced, fenced, readOnly], 0, ["primary-database"])).asked).toBe(1);
  });
});

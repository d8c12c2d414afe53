import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { backendLocks, isElsewhere, isProvablyDead } from "../../../automation/stacks/stale-lock.ts";
import {
  addBackup,
  type Deployment,
  machinesInState,
  newestBackup,
  pendingOperations,
  withoutPendingOperations,
} from "../../../automation/stacks/state.ts";
import type { Workspace } from "../../../automation/stacks/workspace.ts";
import { Stacks, type StacksOptions } from "../../../automation/stacks.ts";

const directory = mkdtempSync(join(tmpdir(), "evenkeel-stacks-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("Pulumi's own locks", () => {
  const folder = join(directory, ".pulumi/locks/organization/shop/primary");
  const lockOf = (text: string, ageSeconds = 0) => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "x.json");
    writeFileSync(file, text);
    writeFileSync(`${file}.attrs`, "{}");
    const then = Date.now() / 1000 - ageSeconds;
    utimesSync(file, then, then);
    const [lock] = backendLocks(directory, "shop", "primary");
    if (lock === undefined) throw new Error("no lock was found");
    return isProvablyDead(lock, join(directory, "no-such-home"), true);
  };
  const owner = (change: object) =>
    JSON.stringify({
      pid: process.pid,
      username: "u",
      hostname: hostname(),
      timestamp: new Date().toISOString(),
      ...change,
    });

  test("are alive while a Pulumi has their pid, also where the clock was set forward since", async () => {
    const program = join(directory, "pulumi");
    copyFileSync("/bin/sleep", program);
    chmodSync(program, 0o755);
    const pulumi = spawn(program, ["60"], { stdio: "ignore" });
    try {
      await once(pulumi, "spawn");
      const own = owner({ pid: pulumi.pid });
      expect(lockOf(own)).toBe(false);
      // A clock set forward by years puts the start of the machine, as `uptime` has it, behind the lock's time.
      expect(lockOf(own.replace(/"timestamp":"\d{4}/, '"timestamp":"2001'))).toBe(false);
    } finally {
      pulumi.kill("SIGKILL");
    }
    await once(pulumi, "exit");
    expect(lockOf(owner({ pid: pulumi.pid }))).toBe(true);
  });

  test("are dead when their process is gone or is no Pulumi, whatever time they tell", () => {
    expect(lockOf(owner({ pid: spawnSync("true").pid }))).toBe(true);
    expect(lockOf(owner({}))).toBe(true);
    expect(lockOf(owner({ timestamp: "2001-01-01T00:00:00Z" }))).toBe(true);
  });

  test("of another host are never dead from here", () => {
    expect(lockOf(owner({ hostname: "elsewhere", pid: spawnSync("true").pid }))).toBe(false);
  });

  test("that were cut off are dead once they are old enough that nobody writes them", () => {
    expect(lockOf('{"pid": 1', 60)).toBe(true);
    expect(lockOf('{"pid": 1', 0)).toBe(false);
  });

  test("are looked for elsewhere too, from inside a container where their Pulumi isn't seen", () => {
    const seen = (lockOwner: string) => {
      lockOf(lockOwner);
      const [lock] = backendLocks(directory, "shop", "primary");
      return [false, true].map((seesAll) => isElsewhere(lock as NonNullable<typeof lock>, seesAll));
    };
    expect(seen(owner({ pid: spawnSync("true").pid }))).toEqual([true, false]);
    expect(seen(owner({ hostname: "elsewhere" }))).toEqual([true, true]);
    expect(seen('{"pid": 1')).toEqual([false, false]);
  });

  test("are none where there is no folder for them", () => {
    expect(backendLocks(directory, "shop", "secondary")).toEqual([]);
  });
});

test("[P2] of a project's stacks the site's own are told from all others", async () => {
  const folder = join(directory, ".pulumi/stacks/shop");
  mkdirSync(folder, { recursive: true });
  for (const name of ["primary.json", "tertiary.json", "global.json.bak"])
    writeFileSync(join(folder, name), "{}");
  const options = {
    engine: { env: { PULUMI_BACKEND_URL: pathToFileURL(directory).href } },
    place: { name: "shop" },
    config: { regions: ["primary", "secondary"] },
  } as unknown as StacksOptions;
  const stacks = new Stacks(options, {} as Workspace);
  expect(await stacks.existing()).toEqual(["primary"]);
  expect(await stacks.others()).toEqual(["tertiary"]);
});

describe("states", () => {
  const state: Deployment = {
    version: 3,
    deployment: {
      manifest: { magic: "m" },
      resources: [
        {
          urn: "urn:a",
          type: "command:local:Command",
          inputs: { create: 'bash "$X" host create evenkeel-a' },
        },
        {
          urn: "urn:n",
          type: "command:local:Command",
          inputs: { create: 'bash "$X" network create evenkeel-n' },
        },
        { urn: "urn:r", type: "command:remote:Command", inputs: { create: "x host create y" } },
      ],
      pending_operations: [{ type: "creating" }],
    },
  };

  test("tell the machines that they made", () => {
    expect(machinesInState(state)).toEqual([{ name: "evenkeel-a", urn: "urn:a" }]);
  });

  test("lose their pending operations and nothing else", () => {
    expect(pendingOperations(state)).toBe(1);
    const cleared = withoutPendingOperations(state);
    expect(pendingOperations(cleared)).toBe(0);
    expect(cleared).toEqual({
      version: 3,
      deployment: { manifest: { magic: "m" }, resources: state.deployment.resources },
    });
  });

  describe("are copied", () => {
    const folder = join(directory, "backup");
    const add = (stack: string, day: number, text = "{}") =>
      addBackup(folder, stack, async (file) => writeFileSync(file, text), new Date(Date.UTC(2026, 0, day)));

    test("and kept in their last few copies, each stack for itself", async () => {
      for (let day = 1; day <= 9; day += 1) {
        for (const stack of ["primary", "primary-2"]) await add(stack, day);
      }
      const kept = readdirSync(folder).sort();
      expect(kept.filter((name) => !name.startsWith("primary-2-"))).toHaveLength(5);
      expect(kept.filter((name) => name.startsWith("primary-2-"))).toHaveLength(5);
      expect(kept.some((name) => name.includes("2026-01-09"))).toBe(true);
      expect(await add("primary", 10, JSON.stringify(state))).toEqual(state);
    });

    test("whole or not at all: where the disk fills up, every older copy stays and none is left that is cut off", async () => {
      const before = readdirSync(folder).sort();
      await expect(add("primary", 11, '{"version": 3, "deploy')).rejects.toMatchObject({
        name: "UserError",
        what: expect.stringContaining("the stack primary"),
        code: "backup-failed",
      });
      const full = new Error("no space left on device");
      const failing = async (file: string) => {
        writeFileSync(file, '{"ver');
        throw full;
      };
      await expect(addBackup(folder, "primary", failing)).rejects.toBe(full);
      expect(readdirSync(folder).sort()).toEqual(before);
    });

    test("and the newest that is whole is the one to go back to", () => {
      writeFileSync(join(folder, "primary-2026-01-12T00-00-00.000Z.json"), '{"version": 3, "deploy');
      expect(newestBackup(folder, "primary")).toBe(join(folder, "primary-2026-01-10T00-00-00.000Z.json"));
      expect(newestBackup(folder, "tertiary")).toBeNull();
    });
  });
});

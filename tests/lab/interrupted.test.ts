import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { execa } from "execa";
import { labObjects, leftProcesses } from "./support/lab.ts";
import { cli, eventually, home, siteName } from "./support/site.ts";

const minute = 60_000;

const lockFile = join(home, ".evenkeel", siteName, "lock.json");
const takenOver = /The lock of provision \(pid (\d+), since [^)]+\) was taken over/;

/**
 * Starts a provision and kills the orchestrator (-9) as soon as `moment` is seen. Gives its pid, which is dead by then
 * and stands in the lock that it left, and what it had printed.
 */
async function killedAt(
  moment: string,
  seen: (progress: string) => Promise<boolean>,
): Promise<{ pid: number; progress: string }> {
  const run = execa("node", [join(home, "bin/evenkeel.mjs"), "provision", "--yes", "--site", siteName], {
    reject: false,
    all: true,
    stdin: "ignore",
    timeout: 12 * minute,
  });
  let progress = "";
  run.all.on("data", (chunk: Buffer) => {
    progress += chunk.toString();
  });
  await eventually(`${moment} (provision printed: ${progress.slice(-500)})`, 8 * minute, async () =>
    (await seen(progress)) ? true : null,
  );
  const pid = lockedBy();
  process.kill(pid, "SIGKILL");
  const { exitCode } = await run;
  expect(exitCode).not.toBe(0);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(lockedBy()).toBe(pid);
  return { pid, progress };
}

/** The orchestrator's own pid, as it stands in the site's lock. */
function lockedBy(): number {
  return (JSON.parse(readFileSync(lockFile, "utf8")) as { pid: number }).pid;
}

/** The dead holder whose lock a run says it took. */
function curedPid(printed: string): number | null {
  const pid = takenOver.exec(printed)?.[1];
  return pid === undefined ? null : Number(pid);
}

const container = (name: string) => async () =>
  (await labObjects()).containers.includes(`evenkeel-${siteName}-${name}`);

test(
  "[P27] plain pulumi takes the site away once its birth is unprotected",
  async () => {
    const destroy = (stack: string) => ["destroy", "-s", stack, "--yes", "--non-interactive"];
    const unprotect = ["state", "unprotect", "--all", "-s", "global", "--yes"];
    for (const argv of [unprotect, ...["global", "secondary", "primary"].map(destroy)]) {
      const { exitCode, stdout, stderr } = await cli(["pulumi", ...argv], { timeoutMs: 3 * minute });
      expect({ argv, exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toMatchObject({ exitCode: 0 });
    }
    expect(await labObjects()).toEqual({ containers: [], networks: [], volumes: [] });
  },
  10 * minute,
);

test(
  "[O8] [P18] provision killed (-9) at two moments: each next run carries on, cures the stale lock and ends what was left",
  async () => {
    const own = new Set(await leftProcesses());
    const left = async () => (await leftProcesses()).filter((one) => !own.has(one));
    const destroyed = await cli(["destroy", "--yes", "--confirm", siteName], { timeoutMs: 3 * minute });
    expect(destroyed.exitCode).toBe(0);
    const first = await killedAt("a region's hosts are being made", container("secondary-database"));
    expect(curedPid(first.progress)).toBeNull();
    const seeding = async (progress: string) => /seed-secondary/.test(progress);
    const second = await killedAt("the standby is being seeded", seeding);
    expect(curedPid(second.progress)).toBe(first.pid);
    const orphans = await left();
    expect(orphans).not.toEqual([]);
    const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 12 * minute });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(curedPid(stderr)).toBe(second.pid);
    expect(existsSync(lockFile)).toBe(false);
    const remaining = await left();
    expect({ orphans, remaining }).toEqual({ orphans, remaining: [] });
    const status = await cli(["status", "--format", "json"]);
    expect(status.exitCode).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ active: "primary" });
  },
  30 * minute,
);

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { execa } from "execa";
import { labObjects } from "./support/lab.ts";
import { cli, eventually, home, siteName } from "./support/site.ts";

const minute = 60_000;

/** Starts a provision, kills the orchestrator (-9) as soon as `moment` is seen, and says what it had printed. */
async function killedAt(moment: string, seen: (progress: string) => Promise<boolean>): Promise<void> {
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
  process.kill(operatorPid(), "SIGKILL");
  const { exitCode } = await run;
  expect(exitCode).not.toBe(0);
}

/** The orchestrator's own pid, as it stands in the site's lock. */
function operatorPid(): number {
  const lock = JSON.parse(readFileSync(join(home, ".evenkeel", siteName, "lock.json"), "utf8")) as {
    pid: number;
  };
  return lock.pid;
}

const container = (name: string) => async () =>
  (await labObjects()).containers.includes(`evenkeel-${siteName}-${name}`);

test(
  "[O8] provision killed (-9) at three moments: each next run carries on, its own stale lock cured",
  async () => {
    const destroyed = await cli(["destroy", "--yes", "--confirm", siteName], { timeoutMs: 3 * minute });
    expect(destroyed.exitCode).toBe(0);
    await killedAt("a region's hosts are being made", container("secondary-database"));
    await killedAt("the third place is being made", container("third-edge"));
    await killedAt("the standby is being seeded", async (progress) => /seed-secondary/.test(progress));
    const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 12 * minute });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    const status = await cli(["status", "--format", "json"]);
    expect(status.exitCode).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ active: "primary", epoch: 1 });
  },
  30 * minute,
);

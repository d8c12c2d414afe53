import { expect, test } from "@jest/globals";
import { databaseStatus, databaseVerb } from "./support/database.ts";
import { loseMachines, stopMachine } from "./support/lab.ts";
import { cli, site } from "./support/site.ts";
import { openGates } from "./support/web.ts";

const minute = 60_000;

test(
  "the newest writer's region lost: the old writer is opened only by name, above the lost epoch (12)",
  async () => {
    const now = await site();
    const { epoch } = await databaseStatus(now, "primary");
    await stopMachine(now.host("primary/database").name);
    const promotion = ["promote", "--epoch", String(epoch + 1), "--confirmed-off", "primary"];
    await databaseVerb(now, "secondary", promotion);
    await openGates(now, "secondary");
    // Any look will do: what saw the writer remembers it when no host of its region is left that does.
    const { stdout } = await cli(["status", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ active: "secondary", epoch: epoch + 1 });
    await loseMachines(["secondary/database", "secondary/web-1"].map((id) => now.host(id).name));
    const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 8 * minute });
    expect(stderr).toContain(`secondary was the writer after it, at epoch ${epoch + 1}`);
    const resume = ["resume", "primary", "--confirm", "primary"];
    expect(stderr).toContain(`npx evenkeel ${[...resume, "--accept-loss"].join(" ")} --site ${now.name}`);
    expect(exitCode).toBe(12);
    expect((await cli(resume)).exitCode).toBe(12);
    expect(await databaseStatus(now, "primary")).toMatchObject({ role: "fenced", epoch, writable: false });
    const resumed = await cli([...resume, "--accept-loss"]);
    expect({ exitCode: resumed.exitCode, stderr: resumed.exitCode === 0 ? "" : resumed.stderr }).toEqual({
      exitCode: 0,
      stderr: "",
    });
    expect(await databaseStatus(now, "primary")).toMatchObject({
      role: "active",
      epoch: epoch + 2,
      writable: true,
      heartbeat: { region: "primary", epoch: epoch + 2 },
    });
  },
  10 * minute,
);

test(
  "both databases lost: nothing is born a second time over a site that was there (12)",
  async () => {
    const now = await site();
    await loseMachines(["primary/database", "secondary/database"].map((id) => now.host(id).name));
    const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 8 * minute });
    expect(stderr).toContain("the data of site 'proof' is gone from every database host");
    expect(exitCode).toBe(12);
    const { exitCode: ended, stdout } = await cli(["status", "--format", "json"]);
    expect(ended).toBe(10);
    expect(JSON.parse(stdout)).toMatchObject({ state: "no-active", active: null, epoch: 0 });
  },
  10 * minute,
);

import { expect, test } from "@jest/globals";
import { loseMachines } from "./support/lab.ts";
import { cli, site } from "./support/site.ts";

const minute = 60_000;

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

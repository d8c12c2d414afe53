import { describe, expect, test } from "@jest/globals";
import { compareRest } from "../../../automation/failover/equality.ts";
import type { HeldSite } from "../../../automation/failover/moves.ts";
import { rowsOf, withComparison } from "../../../automation/failover/plan.ts";
import type { RemoteCommand } from "../../../automation/remote/ssh.ts";
import { firstWorld, seenIn } from "./world.ts";

const range = { table: ["shop", "stock"] as const, after: null, upTo: ["z"] };
const act = {
  do: "compare",
  from: "secondary",
  region: "primary",
  rows: [{ range, keyed: true }],
} as const;

/** What each side holds of that part, asked again and again. */
function site(hashes: Record<string, string>): { held: HeldSite; asked: string[] } {
  const asked: string[] = [];
  const run = async (host: string, { stdin }: RemoteCommand) => {
    asked.push(`${host} ${stdin}`);
    const told = { rows: [[["lamp"], hashes[host]]], position: `at ${host}` };
    return { exitCode: 0, stdout: JSON.stringify(told), stderr: "" };
  };
  const held = { ssh: { run }, outputs: { regions: {}, global: null } } as unknown as HeldSite;
  return { held, asked };
}

describe("what changed too often to be compared, behind the closing", () => {
  test("is equal: the new writer is asked once it holds all that the old one wrote", async () => {
    const { held, asked } = site({ "secondary/database": "a", "primary/database": "a" });
    expect(await compareRest(held, act)).toBe("1 part(s) of tables are equal");
    const ofNew = asked.filter((line) => line.startsWith("primary/database"));
    expect(ofNew).toHaveLength(1);
    expect(ofNew[0]).toContain('"reached":"at secondary/database"');
  });

  test("differs: refused, with the row's name", async () => {
    const { held } = site({ "secondary/database": "a", "primary/database": "b" });
    await expect(compareRest(held, act)).rejects.toMatchObject({
      exitCode: 12,
      what: "rows of secondary and primary are not proved to be equal",
      why: "shop.stock lamp",
    });
  });
});

describe("the rows of a failback", () => {
  const seen = seenIn(firstWorld());
  const wish = { from: "primary", to: "secondary" };
  const rows = rowsOf({ kind: "switchover", ...wish }, seen);
  const names = (left: (typeof act)["rows"] | []) => withComparison(rows, left, wish).map(({ name }) => name);

  test("have a comparison between closing and opening where something is left to compare", () => {
    expect(names(act.rows)).toEqual([
      ...["hold", "demote", "compare", "promote", "traffic", "return", "protect"],
    ]);
    const comparison = withComparison(rows, act.rows, wish)[2];
    expect(comparison?.isDone(seen)).toBe(false);
  });

  test("have none where all rows were compared", () => {
    expect(names([])).not.toContain("compare");
  });
});

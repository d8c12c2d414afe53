import { appendFileSync } from "node:fs";
import { afterAll, describe, expect, jest, test } from "@jest/globals";
import type { DrillDocument } from "../../../automation/drill/document.ts";
import type { Durability } from "../../../automation/keeper/store.ts";
import { cli } from "../../lab/support/cli.ts";
import { putDurability } from "../../lab/support/keeper.ts";
import { settled } from "../../lab/support/moves.ts";
import { site } from "../../lab/support/site.ts";

/**
 * Forced failovers, one behind the other: EVENKEEL_FAILOVERS in `strict` and as many in `bounded`, each a drill that kills
 * the active region's machines under orders. A line of JSON a round goes to the file EVENKEEL_FAILOVER_FIGURES. The control
 * arm, which has to lose and to tell exactly what, is the test of `async` in tests/lab/failover.test.ts.
 */
jest.setTimeout(600_000);

const rounds = Number(process.env.EVENKEEL_FAILOVERS ?? "1");
const file = process.env.EVENKEEL_FAILOVER_FIGURES;
const numbers = Array.from({ length: rounds }, (_, i) => i + 1);

afterAll(async () => {
  await putDurability(await site(), "bounded");
  await settled();
}, 120_000);

async function drilled(durability: Durability): Promise<void> {
  await putDurability(await site(), durability);
  await settled();
  const words = ["drill", "--kind", "region", "--yes", "--format", "json"];
  const { exitCode, stdout, stderr } = await cli(words, { timeoutMs: 540_000 });
  const [round] = stdout === "" ? [] : (JSON.parse(stdout) as DrillDocument).rounds;
  if (round === undefined) throw new Error(`the drill ended with ${exitCode}: ${stderr}`);
  const { figures, failure } = round;
  const told = {
    durability,
    writesMs: figures.outages.find(({ planned }) => !planned)?.writesMs ?? null,
    acknowledged: figures.orders.acknowledged,
    lost: figures.rpoRows,
    doubled: figures.doubled,
    late: figures.late.all,
  };
  console.log(JSON.stringify(told));
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(told)}\n`);
  expect(failure).toBeNull();
  expect(told).toMatchObject({ lost: 0, doubled: 0, late: 0 });
  expect(figures.orders.acknowledged).toBeGreaterThan(0);
}

describe.each(["strict", "bounded"] as const)("%s", (durability) => {
  test.each(numbers)("failover %i under orders loses none, doubles none", async () => {
    await drilled(durability);
  });
});

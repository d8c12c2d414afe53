import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { byHand } from "../../../automation/failover/by-hand.ts";
import { rowsOf } from "../../../automation/failover/plan.ts";
import { begin, end, statesPage, withMoves } from "../../docs/states.ts";
import { healthySite } from "./sites.ts";

const page = (name: string) => readFileSync(join(import.meta.dirname, "../../../docs", name), "utf8");

describe("[D24] the pages about moves are written from the table of moves", () => {
  test("docs/states.md and the run-book say what the table says now (else: npm run states)", () => {
    expect(page("states.md")).toBe(statesPage());
    expect(page("runbook.md")).toBe(withMoves(page("runbook.md")));
  });

  test("what somebody wrote between the marks does not stay; without the marks nothing is written", () => {
    const edited = page("runbook.md").replace(end, `by hand\n${end}`);
    expect(withMoves(edited)).toBe(page("runbook.md"));
    expect(() => withMoves(page("runbook.md").replace(begin, ""))).toThrow("docs/runbook.md");
  });

  test("each step that is not waited for names the command that does it alone", () => {
    const rows = rowsOf(
      { kind: "failover", from: "primary", to: "secondary", byForce: true, confirmedOff: ["primary"] },
      healthySite(),
    );
    expect(rows.map((row) => byHand(row, " --site x"))).toEqual([
      "npx evenkeel ssh primary/database --site x -- sudo evenkeel-db fence --deadline 20",
      "npx evenkeel ssh secondary/database --site x -- sudo evenkeel-db promote --epoch 2 --by-force --confirmed-off primary --deadline 30",
      null,
    ]);
  });
});

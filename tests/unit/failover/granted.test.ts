import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import {
  epochHeld,
  lostGrant,
  nextEpoch,
  type RegionKnowledge,
  untoldEpochs,
} from "../../../automation/failover/granted.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { DatabaseFacts } from "../../../automation/failover/observation.ts";
import { active, healthySite, standby, webHost, withRegion } from "./sites.ts";

const gate = (region: string, epoch: number | null) => ({
  host: `${region}-web-1`,
  epoch,
  why: epoch === null ? "no answer" : null,
});
const unseeded = { ...standby, role: "unseeded" as const, epoch: 0, heartbeat: null };
const region = (name: string, facts: RegionKnowledge["facts"], epoch: number | null): RegionKnowledge => ({
  name,
  facts,
  web: [gate(name, epoch)],
});

describe("epochs that hosts know", () => {
  test("a gate that was opened for an epoch which no database knows tells the writer that was lost", () => {
    expect(lostGrant([region("primary", active, 1), region("secondary", unseeded, 2)])).toEqual({
      region: "secondary",
      epoch: 2,
      host: "secondary-web-1",
    });
  });

  test("the newest of them is told", () => {
    const lost = [region("b", unseeded, 2), region("c", unseeded, 4), region("a", active, 3)];
    expect(lostGrant(lost)).toMatchObject({ region: "c", epoch: 4 });
  });

  test("none is lost where a database holds that epoch: by its role, or replicated to it", () => {
    const held: DatabaseFacts[] = [
      { ...standby, epoch: 2 },
      { ...standby, heartbeat: { region: "secondary", epoch: 2, ageSeconds: 90 } },
    ];
    for (const facts of held) {
      expect(epochHeld(facts)).toBe(2);
      expect(lostGrant([region("primary", facts, 1), region("secondary", unseeded, 2)])).toBeNull();
    }
  });

  test("none is lost where only a standby's machine was made anew, or a web host is silent", () => {
    expect(lostGrant([region("primary", active, 1), region("secondary", unseeded, 0)])).toBeNull();
    expect(lostGrant([region("primary", active, null), region("secondary", null, null)])).toBeNull();
  });

  test("the next epoch is above all of them", () => {
    expect(nextEpoch([region("primary", active, 1), region("secondary", unseeded, 7)])).toBe(8);
    expect(nextEpoch([region("primary", { ...active, epoch: 9 }, 1), region("secondary", null, null)])).toBe(
      10,
    );
  });

  test("a silent web host leaves it open only where its region's database is new", () => {
    expect(untoldEpochs([region("primary", active, 1), region("secondary", unseeded, null)])).toEqual([
      "the database of secondary is new and secondary-web-1 can't be asked for its epoch: no answer",
    ]);
    expect(untoldEpochs([region("primary", active, null), region("secondary", standby, null)])).toEqual([]);
  });
});

describe("status, where a later writer's database was lost", () => {
  const commands = commandsOf(" --site proof");
  const command = "npx evenkeel resume primary --confirm primary --accept-loss --site proof";
  const database = (facts: DatabaseFacts | null) => ({
    database: { host: "h", engine: "mariadb", facts, why: null },
  });
  const problemOf = (primary: DatabaseFacts, secondary: DatabaseFacts | null) => {
    const base = withRegion("primary", database(primary), { base: healthySite() });
    const web = [webHost({ ...gate("secondary", 2), gate: "closed" })];
    const site = withRegion("secondary", { ...database(secondary), web }, { base });
    return decide(site, commands).problems.find(({ what }) => what.includes("secondary was the writer"));
  };

  test.each([
    ["active-read-only", { ...active, writable: false }],
    ["writer-outdated", active],
    ["fenced", { ...active, role: "fenced" as const, writable: false }],
  ])("%s names that writer, its epoch, and both ways out", (code, facts) => {
    const problem = problemOf(facts, unseeded);
    expect(problem?.code).toBe(code);
    expect(problem?.what).toContain("secondary was the writer after it, at epoch 2");
    expect(problem?.next).toBe(`bring the database host of secondary back as it was, or ${command}`);
  });

  test("while that database is silent nobody is told to give it up", () => {
    const problem = problemOf({ ...active, writable: false }, null);
    expect(problem?.what).toContain("at epoch 2");
    expect(problem?.next).toBeNull();
  });
});

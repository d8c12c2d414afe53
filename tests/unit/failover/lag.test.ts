import { describe, expect, test } from "@jest/globals";
import { withLag } from "../../../automation/failover/lag.ts";
import type { DatabaseFacts, Heartbeat } from "../../../automation/failover/observation.ts";
import { active, healthySite, standby } from "./sites.ts";

const beat = (facts: Partial<Heartbeat>): Heartbeat => ({ ...(active.heartbeat as Heartbeat), ...facts });

/** The standby's lag where the two databases say this of themselves. */
function lagOf(theirs: Partial<DatabaseFacts>, ours: Partial<DatabaseFacts> | null = {}) {
  const facts = [ours === null ? null : { ...active, ...ours }, { ...standby, lagRows: null, ...theirs }];
  const regions = healthySite().regions.map((region, i) => ({
    ...region,
    database: { ...region.database, facts: facts[i] ?? null },
  }));
  const [first, second] = withLag(regions, 5).map(({ database }) => database.facts);
  expect(first).toEqual(facts[0]);
  const { lagSeconds, lagRows, clockSkewSeconds } = second as DatabaseFacts;
  return { lagSeconds, lagRows, clockSkewSeconds };
}

const now = 1_800_000_000;

describe("[P6] lag", () => {
  test("is what the two heartbeats are apart, in the writer's seconds and rows", () => {
    const behind = { heartbeat: beat({ at: now - 7.25, changes: 400, ageSeconds: 7.7 }) };
    expect(lagOf(behind)).toEqual({ lagSeconds: 7.25, lagRows: 500, clockSkewSeconds: null });
    expect(lagOf({})).toEqual({ lagSeconds: 0, lagRows: 0, clockSkewSeconds: null });
  });

  test.each([90, -90])("holds where the standby's clock is %d s ahead, and tells that", (ahead) => {
    const skewed = {
      heartbeat: beat({ at: now - 2, changes: 898, ageSeconds: 2.4 + ahead }),
      lagSeconds: null,
    };
    expect(lagOf(skewed)).toEqual({ lagSeconds: 2, lagRows: 2, clockSkewSeconds: ahead });
    // Asked at two moments, two good clocks are up to a few seconds apart.
    expect(lagOf({ heartbeat: beat({ ageSeconds: 3.2 }) }).clockSkewSeconds).toBeNull();
  });

  test("[D6] of PostgreSQL is told in bytes of its log too, where both are on one timeline", () => {
    const { heartbeat } = active;
    const bytes = (theirs: string, ours: string) =>
      withLag(
        healthySite().regions.map((region, i) => ({
          ...region,
          database: {
            ...region.database,
            facts: i === 0 ? { ...active, position: ours } : { ...standby, heartbeat, position: theirs },
          },
        })),
        5,
      )[1]?.database.facts?.lagBytes;
    expect(bytes("2:0/3000060", "2:0/3000160")).toBe(256);
    expect(bytes("2:0/FFFFFFF0", "2:1/10")).toBe(32);
    expect(bytes("2:0/3000160", "2:0/3000060")).toBe(0);
    expect(bytes("1:0/3000060", "2:0/3000160")).toBeNull();
    expect(bytes("0-1-42", "0-1-43")).toBeNull();
  });

  test("is none where the standby, asked a moment later, shows a newer row", () => {
    const newer = { heartbeat: beat({ at: now + 1, changes: 950, ageSeconds: 0.1 }) };
    expect(lagOf(newer)).toMatchObject({ lagSeconds: 0, lagRows: 0 });
  });

  test("is unknown where the active region's heartbeat has stopped", () => {
    const stopped = { heartbeat: beat({ ageSeconds: 300 }) };
    expect(lagOf(stopped, stopped)).toMatchObject({ lagSeconds: null, lagRows: null });
  });

  test("rows of a server that was started in between are unknown, seconds are not", () => {
    const before = { heartbeat: beat({ at: now - 5, changes: 10_000, ageSeconds: 5.4 }) };
    expect(lagOf(before)).toMatchObject({ lagSeconds: 5, lagRows: null });
    expect(lagOf({ heartbeat: beat({ at: now - 5, changes: null, ageSeconds: 5.4 }) }).lagRows).toBeNull();
  });

  test.each<[string, Partial<DatabaseFacts>, Partial<DatabaseFacts> | null]>([
    ["no active database answers", { lagSeconds: 3 }, null],
    ["the standby has no row", { heartbeat: null, lagSeconds: 3 }, {}],
    ["the rows are of two epochs", { heartbeat: beat({ epoch: 7 }), lagSeconds: 3 }, {}],
    ["a host is an older one", { heartbeat: beat({ at: undefined }), lagSeconds: 3 }, {}],
  ])("is the standby's own reckoning where %s", (_, theirs, ours) => {
    expect(lagOf(theirs, ours)).toEqual({ lagSeconds: 3, lagRows: null, clockSkewSeconds: null });
  });
});

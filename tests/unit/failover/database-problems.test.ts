import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { DatabaseFacts, Observation } from "../../../automation/failover/observation.ts";
import { active, standby, wellEtcd, withRegion } from "./sites.ts";

const commands = commandsOf("");
const codes = (site: Parameters<typeof decide>[0]) => decide(site, commands).problems.map(({ code }) => code);
const next = (site: Parameters<typeof decide>[0]) => decide(site, commands).problems[0]?.next;
const database = (facts: Partial<DatabaseFacts>, of: DatabaseFacts = active) => ({
  database: { host: "h", engine: "mariadb", facts: { ...of, ...facts }, why: null },
});
const onSecondary = (facts: Partial<DatabaseFacts>) => withRegion("secondary", database(facts, standby));

describe("what is wrong with a region's database", () => {
  test("a writer that was stopped is started and then told to write; one that was followed by another only started", () => {
    const down = database({ running: false, writable: null }, active);
    const nextOf = (site: Parameters<typeof decide>[0]) =>
      decide(site, commands).problems.find(({ code }) => code === "database-down")?.next;
    expect(nextOf(withRegion("primary", down))).toMatch(/restart mariadb && .*resume primary/);
    const later = withRegion("primary", down, {
      base: withRegion("secondary", database({ epoch: 2 }, standby)),
    });
    expect(nextOf(later)).toMatch(/restart mariadb$/);
  });

  test("a keeper that does not run is named first, with what starts it", () => {
    const [problem] = decide(withRegion("primary", database({ keeperStopped: true })), commands).problems;
    expect(problem).toEqual({
      code: "service-stopped",
      what: "evenkeel-keeper.service does not run on primary/database",
      next: "npx evenkeel ssh primary/database -- sudo systemctl restart evenkeel-keeper.service",
    });
  });

  test("a fence that was cut short is ended by a fence, whatever state it left the database in", () => {
    for (const facts of [{ fencing: true }, { fencing: true, running: false, writable: null }]) {
      const { problems } = decide(withRegion("primary", database(facts)), commands);
      expect(problems).toContainEqual(
        expect.objectContaining({
          code: "fence-unfinished",
          next: "npx evenkeel ssh primary/database -- sudo evenkeel-db fence",
        }),
      );
    }
  });

  test.each([
    ["of another region", { region: "secondary", epoch: 1, ageSeconds: 0 }],
    ["of another epoch", { region: "primary", epoch: 2, ageSeconds: 0 }],
    ["that is too old", { region: "primary", epoch: 1, ageSeconds: 5.1 }],
    ["that can't be read", null],
  ])("a heartbeat %s is none; one within the limit is", (_, heartbeat) => {
    expect(codes(withRegion("primary", database({ heartbeat })))).toContain("heartbeat-silent");
    const fresh = { region: "primary", epoch: 1, ageSeconds: 5 };
    expect(codes(withRegion("primary", database({ heartbeat: fresh })))).toEqual([]);
  });

  test("a silent heartbeat is told by what it does: it closes no gate, it ends the answer that balancers go by", () => {
    const { problems } = decide(withRegion("primary", database({ heartbeat: null })), commands);
    expect(problems.map(({ what }) => what).join()).toContain("/evenkeel/active answers 503 there");
    expect(problems.map(({ what }) => what).join()).not.toContain("gate");
  });

  test("lag counts from half a minute on, and unknown lag is never none", () => {
    expect(codes(onSecondary({ lagSeconds: 30 }))).toEqual([]);
    expect(codes(onSecondary({ lagSeconds: 30.1 }))).toEqual(["standby-lagging"]);
    expect(codes(onSecondary({ lagSeconds: null }))).toEqual(["standby-lagging"]);
    expect(codes(onSecondary({ lagSeconds: null, clockSkewSeconds: 7 }))).toEqual(["clock-skew"]);
  });

  test("a standby without TLS, or of another source, is joined anew by reinstate", () => {
    const follow = "npx evenkeel reinstate secondary";
    for (const facts of [{ tls: false }, { tls: null }]) {
      expect(codes(onSecondary(facts))).toEqual(["standby-without-tls"]);
      expect(next(onSecondary(facts))).toBe(follow);
    }
    for (const source of ["10.9.9.9", "secondary", null]) {
      expect(codes(onSecondary({ source }))).toEqual(["standby-not-replicating"]);
      expect(next(onSecondary({ source }))).toBe(follow);
    }
  });

  test("where the region with the lease is silent, one that holds all there is may take over; no other one", () => {
    const silent = {
      host: "evenkeel-shop-primary-database",
      engine: "mariadb",
      facts: null,
      why: "no answer",
    };
    const gone = withRegion("primary", { database: silent });
    const nextOf = (seen: Observation) =>
      decide(seen, commandsOf("")).problems.find(({ code }) => code === "database-silent")?.next;
    expect(nextOf(gone)).toContain("npx evenkeel failover --to secondary lets the site go on there, or ");
    const look = "npx evenkeel ssh primary/database -- systemctl --failed";
    expect(nextOf({ ...gone, etcd: wellEtcd({ sync: ["primary"] }) })).toBe(look);
    expect(nextOf({ ...gone, etcd: { members: [], keys: null } })).toBe(look);
    const other = wellEtcd({ writer: { region: "secondary", epoch: 2 } });
    expect(nextOf({ ...gone, etcd: other })).toBe(look);
  });

  test("an unseeded region waits for a writer; where nothing was ever born provision is the birth", () => {
    const unseeded = { role: "unseeded", epoch: 0, replicating: null, source: null } as const;
    const closed = withRegion("primary", database({ writable: false }), { base: onSecondary(unseeded) });
    const ofCode = (site: Parameters<typeof decide>[0]) =>
      decide(site, commands).problems.find(({ code }) => code === "unseeded")?.next;
    expect(ofCode(onSecondary(unseeded))).toBe("npx evenkeel provision");
    expect(ofCode(closed)).toBeNull();
    const unborn = withRegion("primary", database({ ...unseeded, writable: false }), {
      base: onSecondary(unseeded),
    });
    expect(ofCode(unborn)).toBe("npx evenkeel provision");
  });
});

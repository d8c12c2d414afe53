import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { DatabaseFacts } from "../../../automation/failover/observation.ts";
import { active, healthySite, standby, withRegion } from "./sites.ts";

const commands = commandsOf("");
const codes = (site: Parameters<typeof decide>[0]) => decide(site, commands).problems.map(({ code }) => code);
const database = (facts: Partial<DatabaseFacts>, of: DatabaseFacts = active) => ({
  database: { host: "h", engine: "mariadb", facts: { ...of, ...facts }, why: null },
});
const store = { endpoint: "https://10.10.0.22:7070", reachable: true };
const silent = { database: { host: "h", engine: "mariadb", facts: null, why: "no answer" } };

describe("decide", () => {
  test("a site where everything is known to be well is healthy", () => {
    expect(decide(healthySite(), commands)).toEqual({
      state: "healthy",
      active: "primary",
      epoch: 1,
      problems: [],
    });
  });

  test("two writable regions are two writers, whatever their epochs, and nobody is active", () => {
    for (const epoch of [1, 2]) {
      const site = withRegion("secondary", database({ epoch }));
      expect(decide(site, commands)).toMatchObject({
        state: "two-writers",
        active: null,
        writers: ["primary", "secondary"],
      });
    }
  });

  test("no writer at all: no active one, and the region that was it is named with both commands", () => {
    const site = withRegion("primary", database({ writable: false }));
    const diagnosis = decide(site, commands);
    expect(diagnosis).toMatchObject({ state: "no-active", active: null, epoch: 1 });
    expect(diagnosis.problems[0]?.next).toBe(
      "npx evenkeel resume primary --confirm primary, or npx evenkeel provision",
    );
  });

  test("an old active region beside a newer epoch is never told to resume", () => {
    const site = withRegion(
      "secondary",
      database({ epoch: 2, heartbeat: { region: "secondary", epoch: 2, ageSeconds: 0 } }),
      {
        base: withRegion("primary", database({ writable: false })),
      },
    );
    const { problems, state } = decide(site, commands);
    expect(state).toBe("degraded");
    expect(problems.map(({ next }) => next).join()).not.toContain("resume");
  });

  test("a writer of an epoch that was granted away is no active one", () => {
    const site = withRegion("secondary", database({ epoch: 2 }, standby));
    expect(decide(site, commands)).toMatchObject({ state: "no-active", active: null, epoch: 2 });
  });

  test.each([
    ["a standby that can't be asked", "secondary", silent, "database-silent"],
    [
      "a database that is down",
      "secondary",
      database({ running: false, writable: null }, standby),
      "database-down",
    ],
    [
      "replication that stands",
      "secondary",
      database({ replicating: false }, standby),
      "standby-not-replicating",
    ],
    [
      "replication that is unknown",
      "secondary",
      database({ replicating: null }, standby),
      "standby-not-replicating",
    ],
    ["an unseeded region", "secondary", database({ role: "unseeded", epoch: 0 }, standby), "unseeded"],
    ["a fence that did not end", "primary", database({ fencing: true }), "fence-unfinished"],
    ["an object cache that is gone", "primary", { cache: { reachable: false } }, "cache-down"],
    ["an object store that is silent", "secondary", { store: { ...store, reachable: null } }, "store-down"],
    ["a fenced region", "secondary", database({ role: "fenced" }, standby), "fenced"],
    [
      "a web tier that is silent",
      "primary",
      { http: { live: false, ready: false, active: false } },
      "web-down",
    ],
    [
      "a web tier without database",
      "primary",
      { http: { live: true, ready: false, active: false } },
      "web-down",
    ],
    ["a region that isn't built", "secondary", { built: false }, "region-not-built"],
    [
      "an active one that doesn't say so",
      "primary",
      { http: { live: true, ready: true, active: false } },
      "web-down",
    ],
  ] as const)("%s makes the site degraded", (_, region, change, code) => {
    const site = withRegion(region, change);
    expect(decide(site, commands).state).toBe("degraded");
    expect(codes(site)).toContain(code);
  });

  test("a third place that is missing, silent or without DNS is a problem; unknown is not well", () => {
    expect(codes({ ...healthySite(), thirdPlace: null })).toEqual(["third-place"]);
    const third = { reachable: true, edge: true, dns: null, witness: null };
    expect(codes({ ...healthySite(), thirdPlace: third })).toEqual(["third-place"]);
  });

  test("missing machines of a stack are made anew by one command; a stopped one by provision", () => {
    const machine = (name: string, state: "missing" | "stopped") => ({
      id: `primary/${name}`,
      name,
      stack: "primary",
      urn: `urn:${name}`,
      state,
    });
    const machines = [machine("a", "missing"), machine("b", "missing"), machine("c", "stopped")];
    expect(decide({ ...healthySite(), machines }, commands).problems.map(({ next }) => next)).toEqual([
      "npx evenkeel provision, or by hand: npx evenkeel pulumi up -s primary --replace 'urn:a' --replace 'urn:b'",
      "npx evenkeel provision",
    ]);
  });

  const next = (site: Parameters<typeof decide>[0]) => decide(site, commands).problems[0]?.next;
  const onSecondary = (facts: Partial<DatabaseFacts>) => withRegion("secondary", database(facts, standby));

  test.each([
    ["fenced", "secondary"],
    ["standby", "secondary"],
    ["unseeded", "secondary"],
  ] as const)("a writer beside the active one counts although its role is %s", (role, region) => {
    const site = onSecondary({ role, writable: true });
    const diagnosis = decide(site, commands);
    expect(diagnosis).toMatchObject({ state: "two-writers", active: null });
    expect(diagnosis.problems[0]?.next).toBe(`npx evenkeel ssh ${region}/database -- sudo evenkeel-db fence`);
  });

  test("a lone database that accepts writes without being active is told, and nobody is active", () => {
    for (const role of ["fenced", "unseeded", "standby"] as const) {
      const site = withRegion("primary", database({ role }), { base: onSecondary({ replicating: false }) });
      const { state, problems } = decide(site, commands);
      expect(state).toBe("no-active");
      expect(problems.map(({ code }) => code)).toContain("writer-not-active");
    }
  });

  test("the command that is named is one that helps", () => {
    const look = (host: string) => `npx evenkeel ssh ${host} -- systemctl --failed`;
    const silentWeb = withRegion("secondary", { http: { live: false, ready: false, active: false } });
    const gone = {
      id: "secondary/web-1",
      name: "w",
      stack: "secondary",
      urn: "u",
      state: "stopped",
    } as const;
    expect(next({ ...silentWeb, machines: [gone] })).toBe("npx evenkeel provision");
    expect(next(withRegion("secondary", silent))).toBe(look("secondary/database"));
    expect(next(onSecondary({ running: false, writable: null }))).toBe(
      "npx evenkeel ssh secondary/database -- sudo systemctl restart mariadb",
    );
    expect(next(onSecondary({ role: "fenced" }))).toBe("npx evenkeel reinstate secondary");
    for (const [edge, dns, unit] of [
      [false, true, "haproxy"],
      [true, false, "pdns"],
    ] as const) {
      const thirdPlace = { reachable: true, edge, dns, witness: null };
      const remedy = `npx evenkeel ssh third/edge -- sudo systemctl restart ${unit}`;
      expect(next({ ...healthySite(), thirdPlace })).toBe(remedy);
    }
    const thirdPlace = { reachable: false, edge: false, dns: false, witness: null };
    expect(next({ ...healthySite(), thirdPlace })).toBe(look("third/edge"));
  });
});

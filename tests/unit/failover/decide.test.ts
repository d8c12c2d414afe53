import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { DatabaseFacts, Observation } from "../../../automation/failover/observation.ts";
import { active, healthySite, standby, wellEtcd, withRegion } from "./sites.ts";

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

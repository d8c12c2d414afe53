import { describe, expect, test } from "@jest/globals";
import {
  failoverChecks,
  lossEstimate,
  proofOf,
  switchoverChecks,
  type Takeover,
} from "../../../automation/failover/checks.ts";
import type { Observation } from "../../../automation/failover/observation.ts";
import { healthySite, standby, wellEtcd, withRegion } from "./sites.ts";

const wish = { from: "primary", to: "secondary", maxLagSeconds: 5 };
const failed = (seen: Observation, own = wish) =>
  switchoverChecks(seen, own)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

const secondary = (facts: Partial<typeof standby> | null) =>
  withRegion("secondary", {
    database: {
      host: "evenkeel-shop-secondary-database",
      engine: "mariadb",
      facts: facts === null ? null : { ...standby, ...facts },
      why: facts === null ? "no answer" : null,
    },
  });

const closedPrimary = (role: "fenced" | "active", base = healthySite()) =>
  withRegion(
    "primary",
    {
      database: {
        host: "evenkeel-shop-primary-database",
        engine: "mariadb",
        facts: { ...standby, role, writable: false, position: "0-1-50" },
        why: null,
      },
    },
    { base },
  );

describe("[P11] a switchover is checked before anything is touched", () => {
  test("a well site passes", () => expect(failed(healthySite())).toEqual([]));

  const wrong: [what: string, seen: Observation, failing: string[]][] = [
    [
      "etcd without a majority",
      { ...healthySite(), etcd: { members: [], keys: null } },
      ["quorum", "sync set"],
    ],
    ["a standby that can't be asked", secondary(null), ["database", "lag"]],
    ["one that does not run", secondary({ running: false }), ["database"]],
    ["one that does not apply", secondary({ replicationError: "duplicate key" }), ["database"]],
    ["one that is fenced", secondary({ role: "fenced" }), ["database"]],
    ["one that lags", secondary({ lagSeconds: 5.1 }), ["lag"]],
    ["one whose lag is unknown", secondary({ lagSeconds: null }), ["lag"]],
    [
      "one that is not in the sync set",
      { ...healthySite(), etcd: wellEtcd({ sync: ["primary"] }) },
      ["sync set"],
    ],
    [
      "a web tier that is not ready",
      withRegion("secondary", { http: { live: true, ready: false, active: false }, notReady: ["no store"] }),
      ["web tier"],
    ],
    ["another version of the database", secondary({ version: "10.11.2" }), ["versions"]],
  ];
  test.each(wrong)("%s is refused", (_, seen, failing) => expect(failed(seen)).toEqual(failing));

  test("the lag that is allowed is the operator's", () => {
    expect(failed(secondary({ lagSeconds: 9 }), { ...wish, maxLagSeconds: 10 })).toEqual([]);
  });

  test("where an earlier run has closed the old writer already, no lag is asked for", () => {
    const begun = closedPrimary("fenced", secondary({ lagSeconds: null }));
    expect(failed(begun)).toEqual([]);
  });
});

describe("what proves that the old writer acknowledges nothing more", () => {
  const out = { ...healthySite(), etcd: wellEtcd({ sync: ["primary"] }) };
  const ask = (seen: Observation, confirmedOff: string[] = []) =>
    proofOf(seen, { from: "primary", to: "secondary", confirmedOff })?.is ?? null;
  const machine = {
    id: "primary/database",
    name: "evenkeel-shop-primary-database",
    stack: "primary",
    urn: "u",
  };

  test("the lease, of a region that holds all that was acknowledged", () => {
    expect(ask(healthySite())).toBe("lease");
  });

  test("of another one nothing but an answer, the provider or the operator's word", () => {
    expect(ask(out)).toBe(null);
    expect(ask(closedPrimary("fenced", out))).toBe("answer");
    expect(ask({ ...out, machines: [{ ...machine, state: "stopped" }] })).toBe("machine");
    expect(ask(out, ["primary"])).toBe("word");
  });

  test("no answer of one that opens again by itself, and no other region's machine", () => {
    expect(ask(closedPrimary("active", out))).toBe(null);
    const elsewhere = { ...machine, name: "evenkeel-shop-primary-web-1", state: "stopped" } as const;
    expect(ask({ ...out, machines: [elsewhere] })).toBe(null);
    expect(ask(out, ["secondary"])).toBe(null);
  });

  test("nothing without a majority of etcd, whatever is said", () => {
    expect(ask({ ...healthySite(), etcd: { members: [], keys: null } }, ["primary"])).toBe(null);
  });
});

describe("[P12] the loss is told before it happens", () => {
  const out = { ...healthySite(), etcd: wellEtcd({ sync: ["primary"] }) };
  const estimate = (seen: Observation) =>
    lossEstimate(seen, { from: "primary", to: "secondary", confirmedOff: [] }).rows;

  test("none of a region in the sync set, or at the position of a closed one; unknown otherwise", () => {
    expect(estimate(healthySite())).toBe(0);
    // It may go on writing.
    expect(estimate(out)).toBe(null);
    const behind = closedPrimary("fenced", out);
    expect(estimate(behind)).toBe(null);
    const primary = behind.regions[0]?.database as Observation["regions"][number]["database"];
    const facts = { ...standby, role: "fenced" as const, writable: false };
    expect(estimate(withRegion("primary", { database: { ...primary, facts } }, { base: behind }))).toBe(0);
    expect(lossEstimate(behind, { from: "primary", to: "secondary", confirmedOff: [] }).words).toContain(
      "not in the sync set",
    );
  });
});

describe("a failover is checked before anything is touched", () => {
  const proof = { is: "lease", words: "secondary is in the sync set" } as const;
  const none = { rows: 0, words: "secondary holds all" };
  const checks = (seen: Observation, more: Partial<Takeover> = {}) =>
    failoverChecks(seen, { to: "secondary", proof, loss: none, acceptLoss: 0, ...more });
  const refused = (seen: Observation, more: Partial<Takeover> = {}) =>
    checks(seen, more)
      .filter(({ ok }) => !ok)
      .map(({ name, found }) => `${name}: ${found}`);

  test("all passes where etcd has a majority, the new writer runs, a proof is there and nothing is lost", () => {
    expect(checks(healthySite())).toEqual([
      { name: "quorum", ok: true, found: "etcd answers with a majority" },
      { name: "database", ok: true, found: "secondary is standby" },
      { name: "proof", ok: true, found: "secondary is in the sync set" },
      { name: "loss", ok: true, found: "0 row(s): secondary holds all (--accept-loss 0)" },
    ]);
  });

  test("etcd without a majority is refused", () => {
    const seen = { ...healthySite(), etcd: { members: [], keys: null } };
    expect(refused(seen)).toEqual(["quorum: etcd gives no answer with a majority"]);
  });

  test("so is a new writer's database that can't be asked, or does not run; the other one's is not looked at", () => {
    expect(refused(secondary(null))).toEqual(["database: secondary can't be asked"]);
    const stopped = secondary({ role: "fenced", running: false });
    expect(refused(stopped)).toEqual(["database: secondary is fenced, and does not run"]);
    expect(refused(stopped, { to: "primary" })).toEqual([]);
  });

  test("so is an old writer that nothing proves to be closed", () => {
    expect(refused(healthySite(), { proof: null })).toEqual([
      "proof: nothing shows that the old writer's database is closed",
    ]);
  });

  test("so is a loss beyond what is accepted, and an unknown one unless any is", () => {
    const lost = (rows: number | null, acceptLoss: number | "any") =>
      refused(healthySite(), { loss: { rows, words: "so" }, acceptLoss });
    expect(lost(3, 2)).toEqual(["loss: 3 row(s): so (--accept-loss 2)"]);
    expect(lost(3, 3)).toEqual([]);
    expect(lost(3, "any")).toEqual([]);
    expect(lost(null, 999_999_999)).toEqual(["loss: unknown: so (--accept-loss 999999999)"]);
    expect(lost(null, "any")).toEqual([]);
  });
});

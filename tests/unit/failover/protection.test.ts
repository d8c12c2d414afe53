import { describe, expect, test } from "@jest/globals";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { EtcdFacts, EtcdMember, Observation } from "../../../automation/failover/observation.ts";
import { protectionOf } from "../../../automation/failover/protection.ts";
import { healthySite, standby, wellEtcd, withRegion } from "./sites.ts";

const judged = (site: Observation) => protectionOf(site, commandsOf(" --site blog"));
const knowing = (keys: Partial<EtcdFacts>) => judged({ ...healthySite(), etcd: wellEtcd(keys) });

type State = EtcdMember["state"];

/** The healthy site with its members in these states: primary's, secondary's, the third place's. */
function members(states: readonly [State, State, State], keys = wellEtcd().keys): Observation {
  const made = wellEtcd().members.map((member, i) => {
    const state = states[i] as State;
    return { ...member, state, why: state === "well" ? null : "its reason" };
  });
  return { ...healthySite(), etcd: { members: made, keys } };
}

describe("[P5] a site is protected", () => {
  test("when its standby holds what is acknowledged and every member of etcd answers", () => {
    expect(judged(healthySite())).toEqual({ protected: true, reason: null });
    expect(knowing({ durability: "strict" })).toEqual({ protected: true, reason: null });
  });

  test("also where a pause or a lease that was not seen renewed is told elsewhere", () => {
    expect(knowing({ paused: true, leaseAgeSeconds: null }).protected).toBe(true);
  });
});

describe("[P5] what is missing is named, with what to run:", () => {
  test.each<[string, Observation, string]>([
    [
      "a second region",
      { ...healthySite(), regions: healthySite().regions.slice(0, 1) },
      "the site has one region, and nobody else could take over (add a second one to evenkeel:regions, then: npx evenkeel provision --site blog)",
    ],
    [
      "a region that is not built",
      withRegion("secondary", { built: false }),
      "secondary is not built (npx evenkeel provision --site blog)",
    ],
    [
      "a region and the third place",
      { ...withRegion("secondary", { built: false }), thirdPlace: null },
      "secondary and the third place are not built (npx evenkeel provision --site blog)",
    ],
    [
      "etcd",
      members(["absent", "absent", "absent"], null),
      "no etcd says who may write, so replication is asynchronous (npx evenkeel provision --site blog)",
    ],
    [
      "a majority",
      members(["failed", "silent", "silent"], null),
      "etcd has no majority, so nobody can be given the right to write: its reason (npx evenkeel ssh primary/gateway --site blog -- sudo systemctl restart etcd)",
    ],
    [
      "the witness",
      members(["well", "well", "silent"]),
      "etcd lacks its member on third/edge: with one more lost, nobody may write (npx evenkeel provision --site blog)",
    ],
    [
      "a member that fails",
      members(["well", "failed", "well"]),
      "etcd lacks its member on secondary/gateway: with one more lost, nobody may write (npx evenkeel ssh secondary/gateway --site blog -- sudo systemctl restart etcd)",
    ],
    [
      "a wait",
      { ...healthySite(), etcd: wellEtcd({ durability: "async" }) },
      "durability is async: no commit waits for a standby, and no region is promoted by itself (npx evenkeel durability bounded --site blog)",
    ],
    [
      "a wait, where it was born so",
      { ...healthySite(), durability: "async" },
      "durability is async: no commit waits for a standby, and no region is promoted by itself (npx evenkeel durability bounded --site blog)",
    ],
    [
      "a birth under etcd",
      { ...healthySite(), etcd: wellEtcd({ writer: null, sync: null }) },
      "no region was given the lease yet, so replication is asynchronous (npx evenkeel provision --site blog)",
    ],
    [
      "a holder of the lease",
      { ...healthySite(), etcd: wellEtcd({ writer: null }) },
      "no region holds the lease, so nobody may write (npx evenkeel provision --site blog)",
    ],
    [
      "a standby in the sync set",
      { ...healthySite(), etcd: wellEtcd({ sync: ["primary"] }) },
      "primary alone holds what it acknowledged: a standby joins by itself once it has caught up",
    ],
    [
      "a standby that can be asked",
      withRegion("secondary", { database: { host: "h", engine: "mariadb", facts: null, why: "silent" } }),
      "secondary should hold what is acknowledged, and is not seen to replicate (npx evenkeel ssh secondary/database --site blog -- systemctl --failed)",
    ],
  ])("%s", (_, site, reason) => {
    expect(judged(site)).toEqual({ protected: false, reason });
  });

  test("a standby that is down or stands still, or is none", () => {
    for (const change of [{ running: false }, { replicating: false }, { role: "fenced" as const }]) {
      const facts = { ...standby, ...change };
      const site = withRegion("secondary", { database: { host: "h", engine: "mariadb", facts, why: null } });
      expect(judged(site)).toMatchObject({
        protected: false,
        reason: expect.stringContaining("secondary should hold"),
      });
    }
  });

  test("the operator's durability goes before the files'", () => {
    const site = {
      ...healthySite(),
      durability: "async" as const,
      etcd: wellEtcd({ durability: "bounded" }),
    };
    expect(judged(site).protected).toBe(true);
  });

  test("all of it, where it is more than one thing", () => {
    const { keys } = wellEtcd({ durability: "async", sync: ["primary"] });
    const { reason } = judged(members(["well", "well", "failed"], keys));
    expect(reason?.split("; ")).toEqual([
      expect.stringContaining("third/edge"),
      // That the writer is alone in the sync set goes with it.
      expect.stringContaining("durability is async"),
    ]);
  });

  test("in strict also that writes wait, and what lets them go on", () => {
    const silent = { host: "h", engine: "mariadb", facts: null, why: "silent" } as const;
    const site = {
      ...withRegion("secondary", { database: silent }),
      etcd: wellEtcd({ durability: "strict" }),
    };
    expect(judged(site).reason).toContain(
      "in strict, writes wait for it (npx evenkeel durability bounded --site blog lets them go on)",
    );
  });

  test("where no member can be asked nobody can tell, and the hosts are named", () => {
    expect(judged(members(["silent", "silent", "absent"], null))).toEqual({
      protected: null,
      reason:
        "nobody can tell, since etcd can't be asked on primary/gateway, secondary/gateway (npx evenkeel ssh primary/gateway --site blog -- systemctl --failed)",
    });
  });
});

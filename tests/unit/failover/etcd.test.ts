import { describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { decide } from "../../../automation/failover/decide.ts";
import { askEtcd, toEtcdFacts } from "../../../automation/failover/etcd.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { EtcdMember, Observation } from "../../../automation/failover/observation.ts";
import { witnessOf } from "../../../automation/failover/observe.ts";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { EtcdKeys } from "../../../automation/remote/etcd.ts";
import type { RemoteResult, SshSession } from "../../../automation/remote/ssh.ts";
import { healthySite, wellEtcd } from "./sites.ts";

const host = (id: string, role: string) => ({ id, role });
const outputs = {
  regions: {
    primary: { hosts: [host("primary/gateway", "gateway"), host("primary/web-1", "web")] },
    secondary: { hosts: [host("secondary/gateway", "gateway")] },
    unbuilt: null,
  },
  global: { hosts: [host("third/edge", "edge")] },
} as unknown as SiteOutputs;

const keys: EtcdKeys = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  revision: 90,
  writer: { region: "primary", epoch: 3 },
  lease: { renewed: true, milliseconds: 210 },
  epoch: 3,
  sync: { regions: ["primary", "secondary"], joined: true },
  durability: "strict",
  pause: { until: 1_800_000_000, who: "alice", at: "2026-01-01T00:00:00Z", over: false },
  lock: null,
  history: [],
  ack: { run: "r1", who: "bob", at: "2026-01-01T00:00:01Z" },
};

const told = (change: Partial<EtcdKeys> = {}): RemoteResult =>
  ({ exitCode: 0, stdout: JSON.stringify({ ...keys, ...change }), stderr: "" }) as RemoteResult;
const ended = (stderr: string): RemoteResult => ({ exitCode: 1, stdout: "", stderr }) as RemoteResult;
const absent = ended("sudo: /usr/local/sbin/evenkeel-etcd: command not found\n");

/** A session whose hosts answer so; the commands that they were given, by host. */
function hosts(answers: Record<string, RemoteResult | UserError>) {
  const asked: Record<string, string> = {};
  const run: SshSession["run"] = async (alias, { argv }) => {
    asked[alias] = argv.join(" ");
    const answer = answers[alias];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error(`${alias} was asked`);
    return answer;
  };
  return { asked, session: { run } as unknown as SshSession };
}

describe("asking the members of etcd", () => {
  test("asks gateways and the edge alone, each with a deadline, and takes the latest answer", async () => {
    const { asked, session } = hosts({
      "primary/gateway": told({ revision: 88, durability: "async" }),
      "secondary/gateway": told(),
      "third/edge": told({ revision: 89, durability: null }),
    });
    const { members, keys: facts } = (await askEtcd(session, outputs, 5000)) ?? {};
    expect(members?.map(({ stack, state }) => [stack, state])).toEqual([
      ["primary", "well"],
      ["secondary", "well"],
      ["global", "well"],
    ]);
    expect(facts).toEqual({
      writer: { region: "primary", epoch: 3 },
      leaseAgeSeconds: 0.21,
      epoch: 3,
      sync: ["primary", "secondary"],
      durability: "strict",
      paused: true,
      pausedUntil: "2027-01-15T08:00:00.000Z",
      lock: null,
      history: [],
      ackAt: "2026-01-01T00:00:01Z",
      ackedRun: "r1",
    });
    expect(asked["third/edge"]).toBe("sudo -n /usr/local/sbin/evenkeel-etcd get --deadline 4");
  });

  test("tells a host without etcd from one that fails, and both from one that can't be asked", async () => {
    const { session } = hosts({
      "primary/gateway": absent,
      "secondary/gateway": ended("etcd does not answer with a majority\n"),
      "third/edge": new UserError({ what: "no route" }),
    });
    expect(await askEtcd(session, outputs, 5000)).toEqual({
      keys: null,
      members: [
        { host: "primary/gateway", stack: "primary", state: "absent", why: absent.stderr.trim() },
        {
          host: "secondary/gateway",
          stack: "secondary",
          state: "failed",
          why: "etcd does not answer with a majority",
        },
        { host: "third/edge", stack: "global", state: "silent", why: "no route" },
      ],
    });
  });

  test("an answer that is none is a member that fails", async () => {
    const nonsense = { exitCode: 0, stdout: '{"revision": 3}', stderr: "" } as RemoteResult;
    const { session } = hosts({
      "primary/gateway": nonsense,
      "secondary/gateway": told(),
      "third/edge": told(),
    });
    const observed = await askEtcd(session, outputs, 5000);
    expect(observed?.members[0]).toMatchObject({ state: "failed", why: "its answer could not be read" });
    expect(observed?.keys).not.toBeNull();
  });

  test("a site of one region has its gateway's member alone", async () => {
    const { asked, session } = hosts({ "primary/gateway": told() });
    const { primary } = outputs.regions;
    const one = { ...outputs, regions: { primary } } as SiteOutputs;
    expect((await askEtcd(session, one, 5000))?.members.map(({ host: id }) => id)).toEqual([
      "primary/gateway",
    ]);
    expect(Object.keys(asked)).toEqual(["primary/gateway"]);
  });

  test("of a site without a host there is nothing to ask", async () => {
    const none = { regions: { primary: null }, global: null };
    expect(await askEtcd(hosts({}).session, none, 5000)).toBeNull();
  });
});

test("the age of a lease is known only where a renewal was seen", () => {
  const ageOf = (lease: EtcdKeys["lease"]) => toEtcdFacts({ ...keys, lease }).leaseAgeSeconds;
  expect(ageOf({ renewed: true, milliseconds: 210 })).toBe(0.21);
  expect(ageOf({ renewed: false, milliseconds: 1010 })).toBeNull();
  expect(ageOf(null)).toBeNull();
});

test("a pause that is over by its host's clock is none, and one without an end has none", () => {
  const pausedBy = (change: Partial<NonNullable<EtcdKeys["pause"]>> | null) => {
    const pause = change === null ? null : { until: null, who: null, at: null, over: false, ...change };
    const { paused, pausedUntil } = toEtcdFacts({ ...keys, pause });
    return [paused, pausedUntil];
  };
  expect(pausedBy({ until: 1_800_000_000, over: true })).toEqual([false, null]);
  expect(pausedBy({ until: 1_800_000_000 })).toEqual([true, "2027-01-15T08:00:00.000Z"]);
  expect(pausedBy({})).toEqual([true, null]);
  expect(pausedBy(null)).toEqual([false, null]);
});

describe("a diagnosis", () => {
  const decided = (observation: Observation) => decide(observation, commandsOf(""));
  const site = (
    state: EtcdMember["state"],
    of = "secondary/gateway",
    machines: Observation["machines"] = [],
  ) => {
    const etcd = wellEtcd();
    const members = etcd.members.map((one) => (one.host === of ? { ...one, state, why: "its reason" } : one));
    return { ...healthySite(), machines, etcd: { ...etcd, members } };
  };

  test.each([
    [
      "failed",
      "the member of etcd on secondary/gateway fails: its reason",
      "npx evenkeel ssh secondary/gateway -- sudo systemctl restart etcd",
    ],
    [
      "silent",
      "the member of etcd on secondary/gateway can't be asked: its reason",
      "npx evenkeel ssh secondary/gateway -- systemctl --failed",
    ],
    ["absent", "secondary/gateway has no member of etcd", "npx evenkeel provision"],
  ] as const)("names a member that is %s, with what to run", (state, what, next) => {
    expect(decided(site(state))).toMatchObject({
      state: "degraded",
      problems: [{ code: "etcd-member", what, next }],
    });
  });

  test("has a member whose machine is gone made anew by provision", () => {
    const machine = { id: "third/edge", name: "e", stack: "global", urn: "urn:e", state: "missing" } as const;
    const { problems } = decided(site("silent", "third/edge", [machine]));
    expect(problems.find(({ code }) => code === "etcd-member")?.next).toBe("npx evenkeel provision");
  });

  test("finds nothing wrong with etcd where there is none yet, or no third place to begin it", () => {
    const members = wellEtcd().members.map((one) => ({ ...one, state: "absent" as const }));
    expect(decided({ ...healthySite(), etcd: { members, keys: null } }).state).toBe("healthy");
    expect(decided({ ...healthySite(), etcd: null }).state).toBe("healthy");
    const { problems } = decided({ ...site("failed"), thirdPlace: null });
    expect(problems.map(({ code }) => code)).toEqual(["third-place"]);
  });
});

test("the witness is the third place's member: unknown where its host has none", () => {
  const witness = (state: EtcdMember["state"]) => {
    const members = wellEtcd().members.map((one) => (one.stack === "global" ? { ...one, state } : one));
    return witnessOf({ members, keys: null });
  };
  expect([witness("well"), witness("failed"), witness("silent"), witness("absent")]).toEqual([
    true,
    false,
    false,
    null,
  ]);
  expect(witnessOf(null)).toBeNull();
});

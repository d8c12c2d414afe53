import { describe, expect, test } from "@jest/globals";
import { renderStatus } from "../../../automation/status/status.ts";
import {
  active,
  healthySite,
  move,
  siteLock,
  standby,
  webHost,
  wellEtcd,
  withRegion,
} from "../failover/sites.ts";

const json = (site: Parameters<typeof renderStatus>[0]) => {
  const { text, exitCode } = renderStatus(site, "json");
  return { exitCode, document: JSON.parse(text) };
};

describe("status", () => {
  test("as JSON is one document with everything that others may rely on, and ends with 0 when all is well", () => {
    const { exitCode, document } = json(healthySite());
    expect(exitCode).toBe(0);
    const versions = {
      ...{ nginx: "1.26.3", php: "8.4.16", wordpress: "6.8.5" },
      ...{ client: "11.8.6", database: "11.8.6" },
    };
    expect(document).toEqual({
      apiVersion: "evenkeel/v1",
      site: "shop",
      url: "https://localhost:20003",
      dns: { server: "127.0.0.1", port: 20004, name: "shop.lab.test" },
      state: "healthy",
      active: "primary",
      epoch: 1,
      durability: "bounded",
      sync: ["primary", "secondary"],
      leaseAgeSeconds: 0.21,
      protected: true,
      protectedReason: null,
      regions: [
        {
          name: "primary",
          role: "active",
          goal: "active",
          reachable: true,
          url: "https://localhost:20001",
          web: { ready: true, live: true, version: "6.8.5" },
          versions,
          database: {
            engine: "mariadb",
            host: "evenkeel-shop-primary-database",
            role: "active",
            writable: true,
            lagSeconds: null,
            lagRows: null,
            lagBytes: null,
            position: "0-1-42",
          },
          store: { endpoint: "https://10.10.0.22:7070", reachable: true },
          cache: { reachable: true },
        },
        {
          name: "secondary",
          role: "standby",
          goal: "standby",
          reachable: true,
          url: "https://localhost:20002",
          web: { ready: true, live: true, version: "6.8.5" },
          versions,
          database: {
            engine: "mariadb",
            host: "evenkeel-shop-secondary-database",
            role: "standby",
            writable: false,
            lagSeconds: 0.4,
            lagRows: 3,
            lagBytes: null,
            position: "0-1-42",
          },
          store: { endpoint: "https://10.10.0.22:7070", reachable: true },
          cache: { reachable: true },
        },
      ],
      thirdPlace: { reachable: true, edge: true, dns: true, witness: true },
      problems: [],
      warnings: [],
    });
  });

  test("[P5] tells the durability in force, who holds what is acknowledged, and whether that outlives a region", () => {
    const alone = { ...healthySite(), etcd: wellEtcd({ sync: ["primary"], durability: "strict" }) };
    expect(json(alone)).toMatchObject({
      exitCode: 0,
      document: { durability: "strict", sync: ["primary"], protected: false },
    });
    const { text } = renderStatus(alone, "table");
    expect(text).toMatch(/^Durability +strict, held by primary, lease renewed within 0\.21 s$/m);
    expect(text).toMatch(/^Protected +no: primary alone holds .* caught up$/m);
    expect(renderStatus(healthySite(), "table").text).toMatch(/^Protected +yes$/m);
  });

  test("says null of the lease where etcd does not tell, and never that the site is protected", () => {
    const members = wellEtcd().members.map((one) => ({ ...one, state: "silent" as const, why: "no route" }));
    const silent = { ...healthySite(), etcd: { members, keys: null } };
    const unknown = { durability: null, sync: null, leaseAgeSeconds: null, protected: null };
    expect(json(silent).document).toMatchObject(unknown);
    expect(renderStatus(silent, "table").text).toMatch(/^Protected +unknown: nobody can tell.*\n/m);
    expect(renderStatus(silent, "table").text).toMatch(/^Durability +-$/m);
  });

  test("warns of a durability that is not the files', and of a pause", () => {
    const site = { ...healthySite(), etcd: wellEtcd({ durability: "async", paused: true }) };
    expect(json(site).document.warnings).toEqual([
      "durability is async, and evenkeel:durability says bounded: the former counts",
      "failover is paused: no region is promoted by itself; npx evenkeel pause --off ends that",
    ]);
    const same = { ...healthySite(), etcd: wellEtcd({ durability: "bounded" }) };
    expect(json(same).document.warnings).toEqual([]);
  });

  test("tells what each region shall be: by the move under way, else by the lease, else nothing", () => {
    const goals = (keys: Parameters<typeof wellEtcd>[0]) =>
      json({ ...healthySite(), etcd: wellEtcd(keys) }).document.regions.map(
        ({ goal }: { goal: unknown }) => goal,
      );
    expect(goals({ lock: siteLock() })).toEqual(["standby", "active"]);
    expect(goals({ lock: siteLock({ to: null }) })).toEqual(["active", "standby"]);
    expect(goals({ writer: { region: "secondary", epoch: 2 } })).toEqual(["standby", "active"]);
    expect(goals({ writer: null })).toEqual([null, null]);
    const silent = { ...healthySite(), etcd: { members: wellEtcd().members, keys: null } };
    expect(json(silent).document.regions[0].goal).toBeNull();
    const { text } = renderStatus({ ...healthySite(), etcd: wellEtcd({ lock: siteLock() }) }, "table");
    expect(text).toMatch(/^primary +active +standby +mariadb/m);
  });

  test("names what ends a pause, a lock whose holder is gone, and the cool-down after a failover", () => {
    const warnings = (keys: Parameters<typeof wellEtcd>[0]) =>
      json({ ...healthySite(), etcd: wellEtcd(keys) }).document.warnings;
    expect(warnings({ paused: true, pausedUntil: "2027-01-15T08:00:00.000Z" })).toEqual([
      "failover is paused until 2027-01-15T08:00:00.000Z: no region is promoted by itself; npx evenkeel pause --off ends that",
    ]);
    const at = new Date(Date.now() - 60_000).toISOString();
    const end = new Date(Date.parse(at) + 3_600_000).toISOString();
    expect(warnings({ history: [move({ at })] })).toEqual([
      `after the failover to secondary at ${at} there is no other one before ${end}; npx evenkeel ack ends that`,
    ]);
    expect(warnings({ history: [move({ at })], ackedRun: "r1" })).toEqual([]);
    expect(warnings({ history: [move()] })).toEqual([]);
    expect(warnings({ lock: siteLock() })).toEqual([
      "the site is being moved by alice (switchover --to secondary, pid 42 on elsewhere, since 2026-01-01T00:00:00Z); where that is gone: npx evenkeel unlock",
    ]);
  });

  test("warns of what works as configured and is not as it should be, and ends with 0", () => {
    const host = webHost({ warning: "50 don't fit" });
    const site = withRegion("primary", { web: [host] });
    expect(json(site)).toMatchObject({ exitCode: 0, document: { warnings: ["w: 50 don't fit"] } });
    expect(renderStatus(site, "table").text).toContain("warning: w: 50 don't fit\n");
  });

  test("[O9] warns of a program that is not the same on all hosts, and names who runs which", () => {
    const versions = { nginx: "1.27.0", php: "8.4.16", wordpress: null, client: "11.8.6" };
    const site = withRegion("secondary", {
      web: [webHost({ host: "other", gate: "closed", cron: "inactive", versions })],
    });
    expect(json(site).document.warnings).toEqual([
      "nginx is not the same on all hosts: 1.26.3 (evenkeel-shop-primary-web-1), 1.27.0 (other)",
    ]);
    expect(json(site).exitCode).toBe(0);
  });

  test("of a lost region ends with 10, keeps its name and says null for what is not known", () => {
    const unknown = { nginx: null, php: null, wordpress: null, client: null };
    const lost = withRegion("primary", {
      http: { live: false, ready: false, active: false },
      database: { host: "evenkeel-shop-primary-database", engine: "mariadb", facts: null, why: "silent" },
      web: [webHost({ gate: null, epoch: null, versions: unknown, uploadsThere: null, why: "silent" })],
    });
    const { exitCode, document } = json(lost);
    expect(exitCode).toBe(10);
    expect(document).toMatchObject({ active: null, state: "no-active" });
    expect(document.regions[0]).toMatchObject({
      role: null,
      reachable: false,
      web: { live: false, version: null },
      versions: { ...unknown, database: null },
      database: { host: "evenkeel-shop-primary-database", role: null, writable: null, position: null },
    });
  });

  test("of a site without regions says null, not false", () => {
    const { document } = json({ ...withRegion("secondary", { built: false }), thirdPlace: null });
    expect(document.regions[1].reachable).toBeNull();
    expect(document.thirdPlace).toEqual({ reachable: null, edge: null, dns: null, witness: null });
  });

  test("with a standby that stopped following ends with 10 and says why", () => {
    const facts = { ...standby, replicating: false, replicationError: "duplicate key" };
    const site = withRegion("secondary", { database: { host: "h", engine: "mariadb", facts, why: null } });
    const { text, exitCode } = renderStatus(site, "table");
    expect(exitCode).toBe(10);
    expect(text).toContain("duplicate key");
  });

  test("as a table has one line a region and the command to run below", () => {
    const machine = {
      id: "primary/web-1",
      name: "w",
      stack: "primary",
      urn: "urn:x",
      state: "missing" as const,
    };
    const { text } = renderStatus({ ...healthySite(), machines: [machine] }, "table");
    expect(text).toMatch(/^primary +active +active +mariadb writable +- +- +0-1-42 +ready +up +up +https:/m);
    expect(text).toMatch(
      /^secondary +standby +standby +mariadb read-only +0\.4 +3 +0-1-42 +ready, reads only +up/m,
    );
    expect(text).toMatch(/^Versions +nginx +PHP +WordPress +Client +Database$/m);
    expect(text).toMatch(/^secondary +1\.26\.3 +8\.4\.16 +6\.8\.5 +11\.8\.6 +11\.8\.6$/m);
    expect(text).toContain("npx evenkeel pulumi up -s primary --replace 'urn:x'");
    expect(text).not.toMatch(/ $/m);
  });

  test("as a table names the region that has the role and accepts no writes, where nobody is active", () => {
    const closed = { host: "h", engine: "mariadb", facts: { ...active, writable: false }, why: null };
    const table = (site: Parameters<typeof renderStatus>[0]) => renderStatus(site, "table").text;
    expect(table(withRegion("primary", { database: closed }))).toMatch(
      /^Active +none \(primary has the role, and accepts no writes\)$/m,
    );
    const silent = { ...closed, facts: null, why: "no answer" };
    expect(table(withRegion("primary", { database: silent }))).toMatch(/^Active +none$/m);
    expect(table(healthySite())).toMatch(/^Active +primary$/m);
  });
});

import { describe, expect, test } from "@jest/globals";
import { type KeeperHostArgs, keeperFiles, nearLease } from "../../../components/host/keeper.ts";

const args: Omit<KeeperHostArgs, "target"> = {
  site: "shop",
  region: "primary",
  host: "database",
  peers: ["secondary"],
  port: 3306,
  etcd: { addresses: ["10.99.0.10:2379", "10.99.0.20:2379"], serverName: "etcd.shop.test" },
  durability: "bounded",
  boundedWaitSeconds: 2,
  lease: nearLease,
  mostAckers: 1,
  node: { sha256: "ab".repeat(32), localPath: "/nowhere" },
  tls: { ca: "the authority", certificate: "the certificate", key: "the key" },
};

const content = (path: string) => keeperFiles(args).find((file) => file.path.endsWith(path));

describe("a keeper's files", () => {
  test("its program is one file that needs nothing but Node itself", () => {
    const bundle = String(content("keeper.mjs")?.content);
    const imported = [...bundle.matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name]) => name as string);
    expect(imported.length).toBeGreaterThan(3);
    expect(imported.filter((name) => !name.startsWith("node:"))).toEqual([]);
    expect(bundle).toContain("decide(");
  });

  test("its key is root's alone, and stands in no other file", () => {
    expect(content("keeper-key.pem")).toMatchObject({ mode: "0600", own: true });
    const others = keeperFiles(args).filter(({ path }) => !path.endsWith("keeper-key.pem"));
    expect(JSON.stringify(others)).not.toContain("the key");
  });

  test("its settings are milliseconds and places", () => {
    expect(JSON.parse(String(content("keeper.json")?.content))).toEqual({
      site: "shop",
      region: "primary",
      host: "database",
      peers: ["secondary"],
      port: 3306,
      etcd: args.etcd,
      lease: { leaseMs: 2400, renewMs: 200, softMs: 2200, hardMs: 8000 },
      boundedWaitMs: 2000,
      durability: "bounded",
      mostAckers: 1,
    });
  });
});

describe("a lease that can't be kept is refused, by name", () => {
  const withLease = (lease: Partial<typeof nearLease>) => () =>
    keeperFiles({ ...args, lease: { ...nearLease, ...lease } });

  test("[P5] what is closed must be closed before anybody may claim: (D + F)(1 + ρ) <= T(1 - ρ)", () => {
    expect(withLease({ softMs: 2250 })).toThrow("lease.softMs");
    expect(withLease({ softMs: 2240 })).not.toThrow();
    expect(withLease({ leaseMs: 10_000, renewMs: 2000, softMs: 9500, hardMs: 30_000 })).not.toThrow();
  });

  test("a renewal may be lost", () => {
    expect(withLease({ renewMs: 600 })).toThrow("lease.renewMs");
  });

  test("the database is closed behind the lease, not before", () => {
    expect(withLease({ hardMs: 2000 })).toThrow("lease.hardMs");
  });
});

test("nobody to ask, a malformed address, a wrong checksum: refused by name", () => {
  expect(() => keeperFiles({ ...args, etcd: { ...args.etcd, addresses: [] } })).toThrow("etcd.addresses");
  expect(() => keeperFiles({ ...args, etcd: { ...args.etcd, addresses: ["gateway:2379"] } })).toThrow(
    "etcd.addresses",
  );
  expect(() => keeperFiles({ ...args, etcd: { ...args.etcd, addresses: ["10.99.0.10"] } })).toThrow(
    "names no port",
  );
  expect(() => keeperFiles({ ...args, node: { ...args.node, sha256: "" } })).toThrow("node.sha256");
});

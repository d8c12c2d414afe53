import { describe, expect, test } from "@jest/globals";
import { etcdFiles } from "../../../components/host/etcd.ts";

const members = [
  { name: "primary", address: "10.99.0.10" },
  { name: "secondary", address: "10.99.0.20" },
  { name: "third", address: "10.99.0.200" },
];
const args = {
  site: "shop",
  member: "secondary",
  members,
  clientAddresses: ["10.20.0.2"],
  domain: "shop.lab.test",
  tls: { ca: "the authority", certificate: "the certificate", key: "the key" },
};

/** The role's file of that path. */
function file(
  path: string,
  change: Partial<typeof args> & { heartbeatMs?: number; electionMs?: number } = {},
) {
  const found = etcdFiles({ ...args, ...change }).find((one) => one.path === path);
  if (found === undefined) throw new Error(`${path} is none of the role's files`);
  return found;
}

/** What the member's environment says, by name. */
const environment = (change = {}) =>
  Object.fromEntries(
    String(file("/etc/evenkeel/etcd.env", change).content)
      .split("\n")
      .filter((line) => line.startsWith("ETCD_"))
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;

describe("a member of etcd", () => {
  test("listens at its own addresses alone, and takes nobody without a certificate of the site's authority", () => {
    const said = environment();
    expect(said).toMatchObject({
      ETCD_NAME: "secondary",
      ETCD_LISTEN_PEER_URLS: "https://10.99.0.20:2380",
      ETCD_LISTEN_CLIENT_URLS: "https://127.0.0.1:2379,https://10.99.0.20:2379,https://10.20.0.2:2379",
      ETCD_CLIENT_CERT_AUTH: "true",
      ETCD_PEER_CLIENT_CERT_AUTH: "true",
      ETCD_PEER_CERT_ALLOWED_HOSTNAME: "etcd.shop.lab.test",
    });
    const addresses = Object.entries(said).filter(([name]) => name.endsWith("_URLS"));
    expect(addresses).toHaveLength(4);
    for (const [, urls] of addresses) expect(urls).not.toMatch(/http:|0\.0\.0\.0|localhost/);
  });

  test("has etcd's own times where none are given, and those that are given", () => {
    expect(environment()).toMatchObject({ ETCD_HEARTBEAT_INTERVAL: "100", ETCD_ELECTION_TIMEOUT: "1000" });
    expect(environment({ heartbeatMs: 200, electionMs: 2500 })).toMatchObject({
      ETCD_HEARTBEAT_INTERVAL: "200",
      ETCD_ELECTION_TIMEOUT: "2500",
    });
  });

  test("is told of all members, and in its environment of no other's, so that a new one restarts none of them", () => {
    expect(JSON.parse(String(file("/etc/evenkeel/etcd.json").content))).toEqual({
      site: "shop",
      member: "secondary",
      members,
    });
    const text = String(file("/etc/evenkeel/etcd.env").content);
    for (const other of ["10.99.0.10", "10.99.0.200", "primary", "third"]) expect(text).not.toContain(other);
  });

  test("has its key for root and itself alone, and no other file with it", () => {
    expect(file("/etc/evenkeel/tls/etcd-key.pem")).toMatchObject({ mode: "0640", owner: "root:etcd" });
    const holding = etcdFiles(args).filter(({ content }) => String(content).includes("the key"));
    expect(holding.map(({ path }) => path)).toEqual(["/etc/evenkeel/tls/etcd-key.pem"]);
  });

  test.each([
    ["a member that is none", { member: "tertiary" }, 'member: "tertiary"'],
    [
      "a name that is none",
      { members: [...members, { name: "A b", address: "10.99.0.30" }] },
      'members: "A b"',
    ],
    ["no address", { members: members.map((one) => ({ ...one, address: "" })) }, "members: primary"],
    ["a client's address that is none", { clientAddresses: ["gateway"] }, 'clientAddresses: "gateway"'],
    ["no domain", { domain: "shop" }, 'domain: "shop"'],
    ["half a heartbeat", { heartbeatMs: 0.5 }, "heartbeatMs: 0.5"],
    ["no heartbeat", { heartbeatMs: 0 }, "heartbeatMs: 0"],
    ["an election after four heartbeats", { electionMs: 400 }, "electionMs: 400"],
    ["an election after a minute", { electionMs: 60_000 }, "electionMs: 60000"],
  ])("refuses %s, naming the argument", (_, change, message) => {
    expect(() => etcdFiles({ ...args, ...change })).toThrow(message);
  });
});

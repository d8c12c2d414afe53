import { describe, expect, test } from "@jest/globals";
import { regionConfig } from "../../../components/host/balancer.ts";

const web = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `web-${i + 1}`, address: `10.10.0.${31 + i}` }));
const etcd = { address: "10.10.0.2", members: [{ name: "third", address: "10.99.0.200" }] };
const plan = { domain: "shop.lab.test", webServers: web(1), trustedHops: ["10.99.0.200"], etcd };

/** The lines of one section, without indentation and comments. */
function section(text: string, title: string): string[] {
  const lines = text.split("\n");
  const start = lines.indexOf(title);
  expect(start).toBeGreaterThanOrEqual(0);
  const after = lines.slice(start + 1);
  const end = after.findIndex((line) => /^\S/.test(line) && !line.startsWith("#"));
  return (end < 0 ? after : after.slice(0, end))
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

describe("a region's balancer", () => {
  test.each([1, 3])("sends to its %d web hosts and no others, by stable names", (count) => {
    const servers = section(regionConfig({ ...plan, webServers: web(count) }), "backend web").filter((line) =>
      line.startsWith("server "),
    );
    expect(servers).toEqual(
      ["server web-1 10.10.0.31:443", "server web-2 10.10.0.32:443", "server web-3 10.10.0.33:443"].slice(
        0,
        count,
      ),
    );
  });

  test("judges them by the live path over verified TLS, never by the active one", () => {
    const backend = section(regionConfig(plan), "backend web");
    expect(backend).toContain(
      "http-check send meth GET uri /evenkeel/live ver HTTP/1.1 hdr Host shop.lab.test hdr User-Agent evenkeel-balancer",
    );
    expect(backend).toContain(
      "default-server ssl verify required ca-file /etc/evenkeel/tls/ca.pem sni str(shop.lab.test) verifyhost shop.lab.test check check-ssl check-sni shop.lab.test inter 1s fall 2 rise 1 maxconn 200",
    );
    expect(backend.join("\n")).not.toContain("/evenkeel/active");
  });

  test("believes X-Forwarded-For of the edge only, and of nobody when there is no edge", () => {
    expect(section(regionConfig(plan), "backend web")).toContain("acl trusted_hop src 10.99.0.200");
    const alone = section(regionConfig({ ...plan, trustedHops: [] }), "backend web");
    expect(alone).toContain("acl trusted_hop always_false");
    expect(alone).toContain("http-request del-header X-Forwarded-For unless trusted_hop");
  });

  test("[D13] port 80 serves health paths and redirects the rest to the public name", () => {
    const http = section(regionConfig(plan), "frontend http");
    expect(http).toContain("http-request redirect prefix https://shop.lab.test code 301 unless health");
    expect(http).toContain("acl health path -m reg ^(/evenkeel/[a-z0-9-]+|/healthcheck\\.php)$");
  });

  test("waits longer than PHP may run, and for everything else a bounded time", () => {
    const defaults = section(regionConfig(plan), "defaults");
    expect(defaults).toContain("timeout server 310s");
    for (const name of ["client", "connect", "queue", "check", "http-request", "http-keep-alive", "tunnel"]) {
      expect(defaults.filter((line) => line.startsWith(`timeout ${name} `))).toHaveLength(1);
    }
  });

  test("gives each request a connection of its own, so that the rest of a refused body meets no other request", () => {
    expect(section(regionConfig(plan), "defaults")).toContain("option http-server-close");
  });

  test("[F3] brings the region's web hosts to the other members of etcd, each by a port of its own", () => {
    expect(section(regionConfig(plan), "listen etcd-third")).toEqual([
      "bind 10.10.0.2:2391",
      "mode tcp",
      "option tcplog",
      "server third 10.99.0.200:2379",
    ]);
    expect(regionConfig({ ...plan, etcd: { ...etcd, members: [] } })).not.toContain("listen etcd");
  });

  test("leaves no placeholder", () => {
    expect(regionConfig(plan)).not.toMatch(/@@/);
  });
});

describe("a region's balancer refuses", () => {
  test.each([
    ["no web host", { webServers: [] }, "webServers: 0 given, between 1 and 4 needed"],
    ["more than four", { webServers: web(5) }, "webServers: 5 given, between 1 and 4 needed"],
    [
      "a name twice",
      { webServers: [...web(1), { name: "web-1", address: "10.10.0.40" }] },
      "web-1 is given twice",
    ],
    [
      "an address twice",
      { webServers: [...web(1), { name: "web-2", address: "10.10.0.31" }] },
      "given twice",
    ],
    [
      "no address",
      { webServers: [{ name: "web-1", address: "" }] },
      'webServers: web-1: "" is no IPv4 address',
    ],
    ["an address that is none", { trustedHops: ["10.99.0.256"] }, "trustedHops"],
    ["an address ending in a dot", { trustedHops: ["10.99.0.2."] }, "trustedHops"],
    [
      "a name that is a directive",
      { webServers: [{ name: "a\n bind :1", address: "10.10.0.31" }] },
      "is no name",
    ],
    ["no domain", { domain: "" }, "domain"],
    ["a domain that is a directive", { domain: "shop.lab.test\nbind :1" }, "domain"],
  ])("%s, naming the argument", (_, change, message) => {
    expect(() => regionConfig({ ...plan, ...change })).toThrow(message);
  });
});

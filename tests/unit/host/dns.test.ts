import { describe, expect, test } from "@jest/globals";
import { powerdnsConfig, zoneFile } from "../../../components/host/dns.ts";

const regions = [
  { name: "primary", address: "10.99.0.10" },
  { name: "secondary", address: "10.99.0.20" },
];
const plan = { domain: "shop.lab.test", regions, address: "10.99.0.200" };

describe("the zone", () => {
  test("[O24] answers the site's name by the writer path at each region's own address", () => {
    const zone = zoneFile(plan);
    expect(zone).toContain("local regions={'10.99.0.10','10.99.0.20'}");
    expect(zone).toContain("local url='http://shop.lab.test/evenkeel/'");
    expect(zone).toContain("ifurlup(url..'active',regions,options)");
    expect(zone).toContain("www IN CNAME @");
  });

  test("keeps answers for 5 seconds, also the negative ones", () => {
    const lines = zoneFile(plan).split("\n");
    expect(lines).toContain("$TTL 1");
    expect(lines).toContain("@ IN SOA ns1 hostmaster 1 3600 600 604800 5");
  });

  test("has one plain address a region and one of its own", () => {
    expect(
      zoneFile(plan)
        .split("\n")
        .filter((line) => / IN A /.test(line)),
    ).toEqual(["ns1 IN A 10.99.0.200", "primary IN A 10.99.0.10", "secondary IN A 10.99.0.20"]);
  });

  test.each([
    ["no region", { regions: [] }, "regions: 0 given"],
    ["a region called www", { regions: [{ name: "www", address: "10.99.0.10" }] }, "the name www is taken"],
    ["a quote in the domain", { domain: "shop.lab'test" }, "domain"],
    ["an address that is none", { address: "ns1" }, "address"],
  ])("refuses %s, naming the argument", (_, change, message) => {
    expect(() => zoneFile({ ...plan, ...change })).toThrow(message);
  });
});

describe("PowerDNS", () => {
  const lines = powerdnsConfig("0123456789abcdef").split("\n");

  test("answers on every leg, its API on this host only", () => {
    expect(lines).toContain("local-address=0.0.0.0");
    expect(lines).toContain("webserver-address=127.0.0.1");
    expect(lines).toContain("webserver-allow-from=127.0.0.1");
    expect(lines).toContain("api-key=0123456789abcdef");
  });

  test("hands out no zone and asks nobody of its own accord", () => {
    expect(lines).toContain("disable-axfr=yes");
    expect(lines).toContain("security-poll-suffix=");
  });

  test.each(["", "short", "0123456789abcdef\napi=no", "0123456789abcdef #"])(
    "refuses the key %j, unprinted",
    (key) => {
      expect(() => powerdnsConfig(key)).toThrow(/^apiKey: at least 16 characters of/);
    },
  );
});

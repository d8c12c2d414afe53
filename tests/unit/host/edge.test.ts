import { describe, expect, test } from "@jest/globals";
import { edgeConfig } from "../../../components/host/edge.ts";

const regions = [
  { name: "primary", address: "10.99.0.10" },
  { name: "secondary", address: "10.99.0.20" },
  { name: "tertiary", address: "10.99.0.30" },
];
const plan = { domain: "shop.lab.test", regions: regions.slice(0, 2) };

function section(text: string, title: string): string[] {
  const part =
    text.split(/\n(?=(?:frontend|backend|defaults|global)\b)/).find((one) => one.startsWith(title)) ?? "";
  return part.split("\n").map((line) => line.trim());
}

describe("the edge", () => {
  test.each([1, 2, 3])("knows its %d regions in both backends, by stable names", (count) => {
    const text = edgeConfig({ ...plan, regions: regions.slice(0, count) });
    const expected = [
      "server primary 10.99.0.10:443",
      "server secondary 10.99.0.20:443",
      "server tertiary 10.99.0.30:443",
    ].slice(0, count);
    for (const backend of ["backend active", "backend ready"]) {
      expect(section(text, backend).filter((line) => line.startsWith("server "))).toEqual(expected);
    }
  });

  test("[O24] asks each region on its own address for the writer path, twice a second", () => {
    const active = section(edgeConfig(plan), "backend active");
    expect(active).toContain(
      "http-check send meth GET uri /evenkeel/active ver HTTP/1.1 hdr Host shop.lab.test hdr User-Agent evenkeel-edge",
    );
    expect(active).toContain("http-check expect status 200");
    expect(active).toContain(
      "default-server ssl verify required ca-file /etc/evenkeel/tls/ca.pem sni str(shop.lab.test) verifyhost shop.lab.test check check-ssl check-sni shop.lab.test inter 500ms fastinter 100ms downinter 100ms fall 2 rise 1",
    );
  });

  test.each(["frontend https", "frontend http"])(
    "%s goes to readable regions only when none is active",
    (title) => {
      const frontend = section(edgeConfig(plan), title);
      expect(frontend).toContain("use_backend active if { nbsrv(active) gt 0 }");
      expect(frontend).toContain("default_backend ready");
      expect(frontend).toContain("http-request set-header X-Forwarded-For %[src]");
    },
  );

  test.each(["backend active", "backend ready"])("%s never alternates between two regions", (title) => {
    const backend = section(edgeConfig(plan), title);
    expect(backend.filter((line) => line.startsWith("balance "))).toEqual(["balance first"]);
  });

  test("gives each request a connection of its own, so that the rest of a refused body meets no other request", () => {
    expect(section(edgeConfig(plan), "defaults")).toContain("option http-server-close");
  });

  test("waits longer than a region's balancer does", () => {
    expect(section(edgeConfig(plan), "defaults")).toContain("timeout server 320s");
  });
});

describe("the edge refuses", () => {
  test.each([
    ["no region", { regions: [] }, "regions: 0 given"],
    ["a region without an address", { regions: [{ name: "primary", address: "" }] }, "regions: primary"],
    ["no domain", { domain: "" }, "domain"],
  ])("%s, naming the argument", (_, change, message) => {
    expect(() => edgeConfig({ ...plan, ...change })).toThrow(message);
  });
});

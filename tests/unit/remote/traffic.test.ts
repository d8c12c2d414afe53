import { describe, expect, test } from "@jest/globals";
import { edgeStatus, parseEdgeStatus, parseShowStat } from "../../../automation/remote/traffic.ts";

const header = "# pxname,svname,status,last_chk,check_status,check_code,desc,";

function report(values: object): string {
  return JSON.stringify({ apiVersion: "evenkeel/v1", haproxy: null, dns: null, ...values });
}

describe("edgeStatus", () => {
  test("is one command on the edge, name and deadline as arguments of their own", () => {
    expect(edgeStatus({ name: "shop.lab.test", deadlineSeconds: 2 })).toEqual({
      argv: [
        "sudo",
        "-n",
        "/usr/local/sbin/evenkeel-traffic",
        "status",
        "--name",
        "shop.lab.test",
        "--deadline",
        "2",
      ],
    });
  });

  test("a region's balancer is asked without a name", () => {
    expect(edgeStatus().argv).not.toContain("--name");
  });
});

describe("parseShowStat", () => {
  test("keeps servers, not frontends and backends, and tells up from down, drained and in maintenance", () => {
    const csv = [
      header,
      "https,FRONTEND,OPEN,,,,,",
      "active,primary,UP,ok,L7OK,200,,",
      'active,secondary,DOWN,"wrong, status",L7STS,503,"a ""quoted"" word",',
      "active,third,DRAIN,,L7OK,200,,",
      "active,fourth,MAINT,,,,,",
      "active,fifth,UP 1/2,,* L4TOUT,,,",
      "active,sixth,no check,,INI,,,",
      "active,BACKEND,UP,,,,,",
      "",
    ].join("\n");
    expect(parseShowStat(csv)).toEqual([
      { backend: "active", server: "primary", up: true, state: "UP", lastCheck: "L7OK/200" },
      { backend: "active", server: "secondary", up: false, state: "DOWN", lastCheck: "L7STS/503" },
      { backend: "active", server: "third", up: false, state: "DRAIN", lastCheck: "L7OK/200" },
      { backend: "active", server: "fourth", up: false, state: "MAINT", lastCheck: null },
      { backend: "active", server: "fifth", up: true, state: "UP 1/2", lastCheck: "L4TOUT" },
      { backend: "active", server: "sixth", up: true, state: "no check", lastCheck: null },
    ]);
  });

  test("statistics without a needed column are no healthy edge but an error", () => {
    expect(() => parseShowStat("# pxname,svname\nactive,primary\n")).toThrow("no column status");
  });
});

describe("parseEdgeStatus", () => {
  test("both answer", () => {
    const stat = `${header}\nactive,primary,UP,,L7OK,200,,\n`;
    const dns = { name: "shop.lab.test", addresses: ["10.99.0.10"] };
    expect(parseEdgeStatus(report({ haproxy: { stat }, dns }))).toEqual({
      edge: true,
      dns: true,
      addresses: ["10.99.0.10"],
      backends: [{ backend: "active", server: "primary", up: true, state: "UP", lastCheck: "L7OK/200" }],
    });
  });

  test("neither answers", () => {
    expect(parseEdgeStatus(report({}))).toEqual({ edge: false, dns: false, addresses: [], backends: [] });
  });

  test("a name server that gives no address does no service", () => {
    expect(parseEdgeStatus(report({ dns: { name: "shop.lab.test", addresses: [] } })).dns).toBe(false);
  });

  test.each(["", "not JSON", "{}", report({ apiVersion: "evenkeel/v2" }), report({ dns: { name: 1 } })])(
    "anything else is refused: %j",
    (text) => {
      expect(() => parseEdgeStatus(text)).toThrow("could not be read");
    },
  );
});

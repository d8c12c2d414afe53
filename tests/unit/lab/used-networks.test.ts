import { describe, expect, test } from "@jest/globals";
import { parseDockerNetworks, parseResolvers, parseRoutes } from "../../../automation/lab/used-networks.ts";

describe("what the machine says about its networks", () => {
  test("the kernel's route table is read, the default route left out", () => {
    const table = [
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT",
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
      "tun0\t00144D0A\t00000000\t0001\t0\t0\t0\t00FCFFFF\t0\t0\t0",
      "",
    ].join("\n");
    expect(parseRoutes(table)).toEqual([
      { cidr: "172.17.0.0/16", device: "docker0" },
      { cidr: "10.77.20.0/22", device: "tun0" },
    ]);
  });

  test("resolvers on a loopback address and IPv6 ones are left out", () => {
    expect(
      parseResolvers("nameserver 127.0.0.53\nnameserver fd00::1\nnameserver 10.1.2.3\nsearch x\n"),
    ).toEqual(["10.1.2.3"]);
  });

  test("Docker's networks come with their site, their bridge and all their subnets", () => {
    const text = [
      "bridge\t\t6dbcfd6350fa0000\tdocker0\t172.17.0.0/16 ",
      "evenkeel-shop-primary\tshop\t93546d919ce8aaaa\t\t10.10.0.0/24 fd00::/64 ",
      "host\t\teaa9367c5387\t\t",
      "",
    ].join("\n");
    expect(parseDockerNetworks(text)).toEqual([
      { name: "bridge", site: "", bridge: "docker0", subnets: ["172.17.0.0/16"] },
      { name: "evenkeel-shop-primary", site: "shop", bridge: "br-93546d919ce8", subnets: ["10.10.0.0/24"] },
      { name: "host", site: "", bridge: "br-eaa9367c5387", subnets: [] },
    ]);
  });
});

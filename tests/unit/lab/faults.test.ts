import { describe, expect, test } from "@jest/globals";
import { cutRules, linkCuts, machinesHit } from "../../../automation/lab/faults.ts";
import { planRegions } from "../../../components/plan.ts";

const names = ["primary", "secondary", "tertiary"];
const regionPlans = planRegions({
  regions: names.map((name) => ({
    name,
    namePrefix: `evenkeel-shop-${name}`,
    location: "lab",
    uploadsVolumeGb: 0,
  })),
  networks: {
    primary: "10.10.0.0/16",
    secondary: "10.20.0.0/16",
    tertiary: "10.30.0.0/16",
    peering: "10.99.0.0/24",
  },
  webServers: 2,
});

describe("the machines that a fault kills", () => {
  test.each([
    ["region", ["gateway", "database", "cache", "store", "web-1", "web-2"]],
    ["database", ["database"]],
    ["web", ["web-1", "web-2"]],
    ["balancer", ["gateway"]],
    ["link", []],
  ] as const)("%s", (kind, machines) => {
    expect(machinesHit({ regionPlans }, { kind, region: "secondary" })).toEqual(
      machines.map((machine) => `evenkeel-shop-secondary-${machine}`),
    );
  });

  test("are none of a region that the site has not", () => {
    expect(() => machinesHit({ regionPlans }, { kind: "region", region: "nowhere" })).toThrow("nowhere");
  });
});

describe("a cut link", () => {
  const cuts = linkCuts({ regionPlans }, "primary");
  const from = (machine: string) => cuts.find((cut) => cut.machine === `evenkeel-shop-${machine}`)?.from;

  test("is cut on both sides, and between the others it is not", () => {
    expect(from("primary-gateway")).toEqual(["10.99.0.20", "10.99.0.21", "10.99.0.30", "10.99.0.31"]);
    expect(from("primary-database")).toEqual(from("primary-gateway"));
    for (const other of ["secondary-gateway", "secondary-database", "tertiary-database"])
      expect(from(other)).toEqual(["10.99.0.10", "10.99.0.11"]);
    expect(cuts).toHaveLength(6);
  });

  test("lets the third place be heard", () => {
    expect(cuts.flatMap((cut) => cut.from)).not.toContain("10.99.0.200");
  });

  test("ends by itself where it was given a limit, and else lasts", () => {
    const timed = cutRules({ from: ["10.99.0.20"], limitSeconds: 120 }).join("\n");
    expect(timed).toContain("{ 10.99.0.20 timeout 120s }");
    expect(cutRules({ from: ["10.99.0.20"] }).join("\n")).not.toContain("timeout");
  });

  test("goes one way where the other one is left", () => {
    const chains = (rules: string[]) => rules.filter((rule) => rule.startsWith("add chain")).length;
    expect(chains(cutRules({ from: ["10.99.0.20"] }))).toBe(2);
    const hears = cutRules({ from: ["10.99.0.20"], hears: true }).join("\n");
    expect(hears).toContain("daddr");
    expect(hears).not.toContain("saddr");
    expect(cutRules({ from: ["10.99.0.20"], sends: true }).join("\n")).not.toContain("daddr");
  });
});

import { beforeAll, describe, expect, test } from "@jest/globals";
import { labNames } from "../../components/lab/names.ts";
import type { GlobalOutputs, RegionOutputs } from "../../components/outputs.ts";
import {
  access,
  canary,
  mockEngine,
  namesTaken,
  registered,
  siteConfig,
  stackOutputs,
  valueOf,
  watched,
} from "./support.ts";

/** What a region's stack exports; its name prefix is its own affair. */
function regionStack(name: string, index: number): RegionOutputs {
  const host = (role: RegionOutputs["hosts"][number]["role"], id: string, peeringAddress: string | null) => ({
    id: `${name}/${id}`,
    name: `own-prefix-${name}-${id}`,
    role,
    address: `10.${index}0.0.2`,
    peeringAddress,
    machineId: `machine-${name}-${id}`,
    ssh: { host: "127.0.0.1", port: 1, user: "evenkeel", hostKey: "ssh-ed25519 AAAA", proxyHostId: null },
    machineUrn: "urn",
  });
  return {
    apiVersion: "evenkeel/v1",
    site: "shop",
    region: name,
    provider: "lab",
    location: `lab-${name}`,
    url: "https://localhost:1",
    hosts: [
      host("gateway", "gateway", `10.99.0.${index}0`),
      host("database", "database", `10.99.0.${index}1`),
      host("web", "web-1", null),
      host("web", "web-2", null),
    ],
    store: null,
    wordpress: true,
    uploadsVolumeGb: 0,
    database: { engine: "mariadb", hostId: `${name}/database`, serverId: index },
  };
}

describe("the global layer of the lab", () => {
  let outputs: GlobalOutputs;

  beforeAll(async () => {
    stackOutputs["organization/shop/primary"] = regionStack("primary", 1);
    stackOutputs["organization/shop/secondary"] = regionStack("secondary", 2);
    await mockEngine("global");
    const { LabGlobal } = await import("../../components/global/lab.ts");
    outputs = await valueOf(new LabGlobal("global", { config: siteConfig, access }, watched).outputs);
  });

  const commandOf = (name: string) => String(registered.find((one) => one.name === name)?.inputs.create);

  test("asks for birth once, on the region that begins, and protects it and it alone", () => {
    expect(registered.filter(({ protect }) => protect).map(({ name }) => name)).toEqual(["global-birth"]);
    expect(commandOf("global-birth")).toMatch(/evenkeel-db birth /);
    expect(
      JSON.stringify(registered.find(({ name }) => name === "global-birth")?.inputs.connection),
    ).toContain("10.10.0.20");
  });

  test("takes no name of Docker's that is not compared with other sites' names beforehand", () => {
    expect(namesTaken()).toHaveLength(4);
    expect(labNames(siteConfig).map(({ name }) => name)).toEqual(expect.arrayContaining(namesTaken()));
  });

  test("an update of birth only reports: it never makes a second site", () => {
    const birth = registered.find(({ name }) => name === "global-birth")?.inputs;
    expect(birth?.create).not.toContain("--report");
    expect(birth?.update).toMatch(/evenkeel-db birth --report /);
    // With triggers a change would replace it, and a protected resource can't be replaced.
    expect(birth?.triggers).toBeUndefined();
    expect(JSON.stringify(birth?.stdin)).toContain("machine-primary-database");
  });

  test("every region is asked whether it is to be seeded, the first one too, and never from a named place", () => {
    for (const region of siteConfig.regions) {
      expect(commandOf(`global-seed-${region}`)).toMatch(/evenkeel-db seed /);
      expect(commandOf(`global-seed-${region}`)).not.toMatch(/primary|secondary/);
    }
  });

  test("every web host settles its gate by what its own database says; none is told a role", () => {
    const gates = registered.filter(({ name }) => name.startsWith("global-gate-"));
    expect(gates.map(({ name }) => name)).toEqual([
      "global-gate-primary-1",
      "global-gate-primary-2",
      "global-gate-secondary-1",
      "global-gate-secondary-2",
    ]);
    for (const { inputs } of gates) expect(inputs.create).toMatch(/evenkeel-web settle$/);
  });

  test("the link takes the machines' names from the regions' outputs, and runs again for a new machine", () => {
    const link = registered.find(({ name }) => name === "global-link")?.inputs;
    const input = JSON.stringify(link?.stdin);
    expect(input).toContain("own-prefix-secondary-database");
    expect(input).toContain("machine-primary-gateway");
    expect(input).not.toContain("web-1");
  });

  test("tells where the site is and no secret", () => {
    expect(outputs).toMatchObject({
      url: "https://localhost:6",
      dns: { server: "127.0.0.1", port: 7, name: "shop.lab.test" },
      birth: { region: "primary", epoch: 1 },
    });
    expect(JSON.stringify(outputs)).not.toContain(canary);
  });
});

test("a region whose stack has no hosts yet is named with the command that builds it", async () => {
  const { readRegion } = await import("../../components/global/lab.ts");
  expect(() => readRegion("secondary", undefined)).toThrow("pulumi up -s secondary");
  expect(readRegion("primary", regionStack("primary", 1)).region).toBe("primary");
});

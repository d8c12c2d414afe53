import { beforeAll, describe, expect, test } from "@jest/globals";
import { labNames } from "../../components/lab/names.ts";
import { type GlobalOutputs, type RegionOutputs, readRegion } from "../../components/outputs.ts";
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

/** The verbs of evenkeel-etcd at creation and later. */
function verbs({ create, update }: Record<string, unknown>): (string | undefined)[] {
  return [create, update].map((line) => /evenkeel-etcd (\w+) --deadline 80$/.exec(String(line))?.[1]);
}

/** Mocks show a secret as its wrapper. */
const portOf = (connection: unknown) => (connection as { value: { port: number } }).value.port;

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

  test("asks for birth once, on the region that begins, and protects it as it does etcd's beginning, nothing else", () => {
    expect(registered.filter(({ protect }) => protect).map(({ name }) => name)).toEqual([
      "global-form-etcd",
      "global-birth",
    ]);
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

  test("etcd begins once, on the region that begins, and every other member joins it", () => {
    const formed = registered.find(({ name }) => name === "global-form-etcd")?.inputs ?? {};
    // Made again or not, its update begins nothing.
    expect([verbs(formed), portOf(formed.connection)]).toEqual([["form", "status"], 1]);
    const members = registered.filter(({ name }) => /^global-etcd-/.test(name));
    expect(members.map(({ name, inputs }) => [name, verbs(inputs)])).toEqual([
      ["global-etcd-primary", ["join", "join"]],
      ["global-etcd-secondary", ["join", "join"]],
      ["global-etcd-third", ["join", "join"]],
    ]);
    // Each on its own place's host that has an outside leg, and again when that machine is another one.
    expect(members.map(({ inputs }) => portOf(inputs.connection))).toEqual([1, 3, 5]);
    expect(members.map(({ inputs }) => inputs.stdin)).toEqual([
      "for machine-primary-gateway\n",
      "for machine-secondary-gateway\n",
      "for id-of-global-third-edge-machine\n",
    ]);
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

test("a region whose stack has no hosts yet is named with the command that builds it", () => {
  expect(() => readRegion("secondary", undefined)).toThrow("pulumi up -s secondary");
  expect(readRegion("primary", regionStack("primary", 1)).region).toBe("primary");
});

test("the only member of a site of one region begins etcd anew where its machine is another one", async () => {
  await mockEngine("global");
  const { LabGlobal } = await import("../../components/global/lab.ts");
  const plans = siteConfig.regionPlans.slice(0, 1);
  const config = { ...siteConfig, regions: ["primary"], regionPlans: plans };
  await valueOf(new LabGlobal("alone", { config, access }, watched).outputs);
  const members = registered.filter(({ name }) => /^alone-etcd/.test(name));
  expect(members.map(({ name, inputs }) => [name, verbs(inputs)])).toEqual([
    ["alone-etcd-primary", ["form", "form"]],
  ]);
});

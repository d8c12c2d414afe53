import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  type ClientHost,
  clientCommand,
  createClientHost,
  removeClientHosts,
} from "../../automation/lab/client-host.ts";
import { machinesOf, removeLeftovers } from "../../automation/lab/docker.ts";
import { cut, injectFault, inside as onMachine, undoFault } from "../../automation/lab/faults.ts";
import { freeNetworks } from "../../automation/lab/networks.ts";
import { peeringNetwork, regionMachines } from "../../components/lab/names.ts";
import { planRegions, type RegionPlan } from "../../components/plan.ts";
import { hostSpec, runLabHost, scratchKeys } from "./support/scratch.ts";

/** The faults of drills and their client's machine, on hosts of no site: two regions' gateways and databases on one link. */

const site = "scratch-drill";
const network = peeringNetwork(site);
let plans: RegionPlan[];
let folder: string;
let client: ClientHost;
const config = () => ({ site, regionPlans: plans, peering: { cidr: subnet, subnet } });
let subnet: string;

beforeAll(async () => {
  await removeLeftovers(site);
  folder = mkdtempSync(join(tmpdir(), "evenkeel-drill-hosts-"));
  const wanted = { primary: "10.218.0.0/24", secondary: "10.218.1.0/24", peering: "10.218.2.0/24" };
  const networks = await freeNetworks(site, wanted);
  subnet = networks.peering as string;
  const regions = ["primary", "secondary"].map((name) => ({
    name,
    namePrefix: `evenkeel-${site}-${name}`,
    location: "lab",
    uploadsVolumeGb: 0,
  }));
  plans = planRegions({ regions, networks, webServers: 1 });
  await runLabHost("network create", network, { site, place: "peering", subnet, internal: true });
  for (const plan of plans) {
    const { gateway, database } = regionMachines(plan);
    await makeHost(gateway.name, plan.name, plan.peering.gateway);
    await makeHost(database.name, plan.name, plan.peering.database);
  }
  client = await makeClient();
}, 180_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await removeLeftovers(site);
}, 60_000);

const makeClient = () =>
  createClientHost({
    config: config(),
    secrets: { ssh: { user: scratchKeys } } as never,
    workDirectory: folder,
  });

const makeHost = (name: string, place: string, address: string) =>
  runLabHost(
    "host create",
    name,
    hostSpec(site, { name, place, role: "web", networks: [{ name: network, address }] }),
  );

const plan = (name: string) => plans.find((one) => one.name === name) as RegionPlan;
const machine = (region: string, kind: "gateway" | "database") => regionMachines(plan(region))[kind].name;

async function running(): Promise<string[]> {
  return (await machinesOf(site)).flatMap((one) => (one.running && one.role !== "client" ? [one.name] : []));
}

/** Whether the SSH server at an address answers a machine. */
async function reaches(from: string, address: string): Promise<boolean> {
  const banner = `exec 3<>/dev/tcp/${address}/22 && read -r line <&3`;
  return (
    (await onMachine(from, `timeout 2 bash -c '${banner}' 2>/dev/null && echo yes || echo no`)) === "yes"
  );
}

describe("a fault that kills machines", () => {
  const all = () =>
    ["primary", "secondary"].flatMap((one) => [machine(one, "database"), machine(one, "gateway")]);
  beforeEach(async () => {
    expect(await running()).toEqual(all().sort());
  });

  test("kills those of its kind and no other, once; taken back they answer again, also the second time", async () => {
    const fault = { kind: "region", region: "primary" } as const;
    expect((await injectFault(config(), fault)).sort()).toEqual([
      machine("primary", "database"),
      machine("primary", "gateway"),
    ]);
    expect(await running()).toEqual([machine("secondary", "database"), machine("secondary", "gateway")]);
    expect(await injectFault(config(), fault)).toEqual([]);
    await undoFault(config(), fault);
    expect(await reaches(client.name, plan("primary").peering.gateway)).toBe(true);
    expect(await undoFault(config(), fault)).toEqual([]);
  }, 120_000);

  test("of a database leaves the gateway, and the reverse", async () => {
    expect(await injectFault(config(), { kind: "database", region: "secondary" })).toEqual([
      machine("secondary", "database"),
    ]);
    await undoFault(config(), { kind: "database", region: "secondary" });
    expect(await injectFault(config(), { kind: "balancer", region: "secondary" })).toEqual([
      machine("secondary", "gateway"),
    ]);
    await undoFault(config(), { kind: "balancer", region: "secondary" });
  }, 120_000);
});

describe("a cut link", () => {
  const look = async () => ({
    there: await reaches(machine("primary", "gateway"), plan("secondary").peering.database),
    back: await reaches(machine("secondary", "database"), plan("primary").peering.gateway),
    inside: await reaches(machine("primary", "gateway"), plan("primary").peering.database),
    third: await reaches(client.name, plan("primary").peering.gateway),
  });
  const whole = { there: true, back: true, inside: true, third: true };

  test("is silent between the regions, both ways, and nowhere else; healed by whoever comes", async () => {
    expect(await look()).toEqual(whole);
    await injectFault(config(), { kind: "link", region: "primary" });
    expect(await look()).toEqual({ ...whole, there: false, back: false });
    await undoFault(config(), { kind: "link", region: "primary" });
    expect(await look()).toEqual(whole);
    await undoFault(config(), { kind: "link", region: "primary" });
  }, 60_000);

  test("heals by itself after its limit, and not before", async () => {
    const [from, to] = [machine("primary", "gateway"), plan("secondary").peering.gateway];
    await cut(from, { from: [to], limitSeconds: 6 });
    expect(await reaches(from, to)).toBe(false);
    const deadline = Date.now() + 15_000;
    while (!(await reaches(from, to))) expect(Date.now()).toBeLessThan(deadline);
  }, 60_000);
});

describe("the machine of a drill's client", () => {
  test("has a leg on the link alone and no way past it", async () => {
    const legs = await onMachine(client.name, "ip -o -4 address show scope global | awk '{print $4}'");
    expect(legs).toBe(`${client.address}/24`);
    expect(await onMachine(client.name, "ip route show default")).toBe("");
  });

  test("has the client's program and a Node that runs it", async () => {
    const words = clientCommand.join(" ");
    expect(await onMachine(client.name, `${words} </dev/null 2>&1 || true`)).toContain(
      "standard input ended",
    );
  });

  test("that an earlier drill left goes with the next one, and every one with the site", async () => {
    const next = await makeClient();
    expect(next.name).not.toBe(client.name);
    const clients = async () =>
      (await machinesOf(site)).flatMap((one) => (one.role === "client" ? [one.name] : []));
    expect(await clients()).toEqual([next.name]);
    client = next;
    expect(await removeClientHosts(site)).toEqual([next.name]);
    expect(await clients()).toEqual([]);
  }, 60_000);
});

import { beforeAll, describe, expect, test } from "@jest/globals";
import { labNames } from "../../components/lab/names.ts";
import type { RegionOutputs } from "../../components/outputs.ts";
import {
  access,
  canary,
  mockEngine,
  namesTaken,
  registered,
  siteConfig,
  valueOf,
  watched,
} from "./support.ts";

describe("a region of the lab", () => {
  let outputs: RegionOutputs;

  beforeAll(async () => {
    await mockEngine("primary");
    const { LabRegion } = await import("../../components/region/lab.ts");
    const plan = siteConfig.regionPlans[0];
    if (plan === undefined) throw new Error("the test's configuration has no region");
    outputs = await valueOf(new LabRegion("primary", { config: siteConfig, plan, access }, watched).outputs);
  });

  const ofType = (type: string) => registered.filter((one) => one.type === type).map(({ name }) => name);

  test("is exactly these components, named after it", () => {
    expect(
      registered
        .filter(({ type }) => type.startsWith("evenkeel:"))
        .map(({ type, name }) => `${type} ${name}`),
    ).toEqual([
      "evenkeel:region:Lab primary",
      "evenkeel:lab:Place primary",
      "evenkeel:host:Balancer primary-balancer",
      "evenkeel:host:Database primary-database",
      "evenkeel:host:Keeper primary-keeper-database",
      "evenkeel:host:Etcd primary-etcd",
      "evenkeel:host:Cache primary-cache",
      "evenkeel:host:Storage primary-store",
      "evenkeel:host:Keeper primary-keeper-web-1",
      "evenkeel:host:Web primary-web-1",
      "evenkeel:host:Keeper primary-keeper-web-2",
      "evenkeel:host:Web primary-web-2",
    ]);
  });

  test("is two networks, a machine a host, a role a host, a member of etcd on the gateway and keepers: number two of the web hosts is one machine and its two roles more", () => {
    expect(ofType("command:local:Command")).toEqual([
      "primary-network",
      "primary-network-outside",
      "primary-gateway-machine",
      "primary-database-machine",
      "primary-cache-machine",
      "primary-store-machine",
      "primary-web-1-machine",
      "primary-web-2-machine",
    ]);
    expect(ofType("command:remote:Command")).toHaveLength(10);
  });

  test("takes no name of Docker's that is not compared with other sites' names beforehand", () => {
    expect(namesTaken()).toHaveLength(8);
    expect(labNames(siteConfig).map(({ name }) => name)).toEqual(expect.arrayContaining(namesTaken()));
  });

  test("a lost machine is taken away before it is made anew: two can't have one name", () => {
    const machines = registered.filter(({ name }) => name.endsWith("-machine"));
    expect(machines.map(({ deleteBeforeReplace }) => deleteBeforeReplace)).toEqual(Array(6).fill(true));
  });

  test("no resource of a region says who is active", () => {
    const commands = registered.map(({ inputs }) => `${inputs.create} ${inputs.update}`).join("\n");
    expect(commands).not.toMatch(/birth|promote|demote|follow|seed|resume|evenkeel-web open/);
    expect(commands).toContain("lab-host.sh");
  });

  test("no secret stands in a command, and nothing that the outputs show is one", () => {
    for (const { inputs } of registered) {
      const { create, update, delete: remove, triggers } = inputs;
      expect(JSON.stringify([create, update, remove, triggers])).not.toContain(canary);
    }
    expect(JSON.stringify(outputs)).not.toContain(canary);
    // Negative arm: the secrets do travel, on standard input.
    expect(registered.some(({ inputs }) => JSON.stringify(inputs.stdin ?? "").includes(canary))).toBe(true);
  });

  test("every connection checks the host's key, and goes through the gateway but to the gateway", () => {
    const roles = registered.filter(({ type }) => type === "command:remote:Command");
    for (const { name, inputs } of roles) {
      const connection = unwrap(inputs.connection) as { hostKey: string; proxy?: { hostKey: string } };
      expect(connection.hostKey).toMatch(/^ssh-ed25519 /);
      if (["primary-balancer", "primary-etcd"].includes(name.replace(/-role$/, "")))
        expect(connection.proxy).toBeUndefined();
      else expect(connection.proxy?.hostKey).toBe("ssh-ed25519 AAAAprimarygateway");
    }
  });

  test("[O7] its outputs name each host with address, login and the resource that makes it", () => {
    expect(outputs.hosts.map(({ id, address, peeringAddress }) => [id, address, peeringAddress])).toEqual([
      ["primary/gateway", "10.10.0.2", "10.99.0.10"],
      ["primary/database", "10.10.0.20", "10.99.0.11"],
      ["primary/cache", "10.10.0.21", null],
      ["primary/store", "10.10.0.22", null],
      ["primary/web-1", "10.10.0.31", null],
      ["primary/web-2", "10.10.0.32", null],
    ]);
    expect(outputs).toMatchObject({
      region: "primary",
      url: "https://localhost:2",
      database: { engine: "mariadb", serverId: 1 },
    });
    for (const host of outputs.hosts) expect(host.machineUrn).toMatch(/-machine$/);
  });
});

/** Mocks show a secret as its wrapper. */
function unwrap(value: unknown): unknown {
  return typeof value === "object" && value !== null && "value" in value
    ? (value as { value: unknown }).value
    : value;
}

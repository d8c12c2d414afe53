import { describe, expect, test } from "@jest/globals";
import { aroundDeadGateways, findHost, type SiteOutputs, sshHosts } from "../../automation/hosts.ts";
import { connectionLost, deadlineError, dialError } from "../../automation/remote/ssh-errors.ts";
import type { HostOutputs } from "../../components/outputs.ts";

const ssh = { host: "127.0.0.1", port: 1, user: "evenkeel", hostKey: "k", proxyHostId: null };
const host = { id: "primary/gateway", name: "evenkeel-proof-primary-gateway", ssh } as unknown as HostOutputs;
const outputs = { regions: { primary: { hosts: [host] } }, global: null } as unknown as SiteOutputs;
const patience = { attempts: 1, timeoutSeconds: 1 };

describe("remedies name the site, so that the default one is not acted upon", () => {
  test("of a host that there is not", () => {
    expect(findHost(outputs, "primary/gateway", { site: "proof", verb: "ssh" })).toBe(host);
    const find =
      (site: string, verb = "ssh") =>
      () =>
        findHost(outputs, "x", { site, verb });
    expect(find("proof", "logs")).toThrow(
      expect.objectContaining({ exitCode: 2, next: "npx evenkeel logs primary/gateway --site proof" }),
    );
    expect(find("proof")).toThrow(
      expect.objectContaining({ exitCode: 2, next: "npx evenkeel ssh primary/gateway --site proof" }),
    );
    expect(find("shop")).toThrow(expect.objectContaining({ next: "npx evenkeel ssh primary/gateway" }));
  });

  test("of a host that can't be reached, has another key, or is late", () => {
    const errorsOf = (site: string) => {
      const [known] = sshHosts([host], patience, site);
      if (known === undefined) throw new Error("no host");
      return [
        dialError(known, "Connection refused"),
        dialError(known, "Host key verification failed."),
        deadlineError(known, 1000, "true"),
        connectionLost(known, "true"),
      ];
    };
    for (const { next } of errorsOf("proof")) expect(next).toContain("npx evenkeel status --site proof");
    for (const { next } of errorsOf("shop")) expect(next).toMatch(/npx evenkeel status (?!-)|status tells/);
  });
});

describe("a database host behind a dead gateway", () => {
  const at = (id: string, port: number, proxyHostId: string | null, peeringAddress: string | null) =>
    ({
      id,
      role: id.split("/")[1],
      peeringAddress,
      ssh: { ...ssh, host: proxyHostId === null ? "127.0.0.1" : "10.0.0.5", port, proxyHostId },
    }) as unknown as HostOutputs;
  const hosts = [
    at("primary/gateway", 1, null, "10.9.0.2"),
    at("primary/database", 22, "primary/gateway", "10.9.0.3"),
    at("primary/web", 22, "primary/gateway", null),
    at("secondary/gateway", 2, null, "10.9.0.4"),
    at("secondary/database", 22, "secondary/gateway", "10.9.0.5"),
    at("third/edge", 3, null, "10.9.0.6"),
  ];
  const routes = async (living: readonly number[]) => {
    const around = await aroundDeadGateways(hosts, ({ port }) => Promise.resolve(living.includes(port)));
    return Object.fromEntries(
      around.map(({ id, ssh: { host, proxyHostId } }) => [id, `${proxyHostId} ${host}`]),
    );
  };

  test("is reached over the link, through the third place; a host without a leg there is not", async () => {
    expect(await routes([2, 3])).toMatchObject({
      "primary/database": "third/edge 10.9.0.3",
      "primary/web": "primary/gateway 10.0.0.5",
      "secondary/database": "secondary/gateway 10.0.0.5",
    });
  });

  test("keeps its way where its gateway lives, and where the third place is gone too", async () => {
    for (const living of [[1, 2, 3], [2]])
      expect(await routes(living)).toMatchObject({ "primary/database": "primary/gateway 10.0.0.5" });
  });
});

import { describe, expect, test } from "@jest/globals";
import { findHost, type SiteOutputs, sshHosts } from "../../automation/hosts.ts";
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

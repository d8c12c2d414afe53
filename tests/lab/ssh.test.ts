import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openSsh, type SshHost } from "../../automation/remote/ssh.ts";
import type { HostOutputs } from "../../components/outputs.ts";
import { type SiteHandle, site } from "./support/site.ts";

describe("the way to the hosts", () => {
  let handle: SiteHandle;
  const folders: string[] = [];

  beforeAll(async () => {
    handle = await site();
  });

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** A host as its stack describes it, with the keys of `pinned` instead where they are given. */
  function target({ id, ssh }: HostOutputs, pinned: Partial<Record<string, string>> = {}): SshHost {
    const hop = { host: ssh.host, port: ssh.port, user: ssh.user, hostKey: pinned[id] ?? ssh.hostKey };
    const proxy = ssh.proxyHostId === null ? {} : { proxy: target(handle.host(ssh.proxyHostId), pinned) };
    return { alias: id.replace("/", "-"), ...hop, ...proxy };
  }

  async function hostnameOver(host: SshHost): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-ssh-test-"));
    folders.push(directory);
    const session = await openSsh({
      directory,
      privateKey: handle.secrets.ssh.user.privateKey,
      hosts: [host],
    });
    try {
      return (await session.run(host.alias, { argv: ["hostname"] }, { timeoutMs: 20_000 })).stdout.trim();
    } finally {
      await session.close();
    }
  }

  test("[O3] every host is reached over SSH by its own checked key, those inside only through their gateway", async () => {
    const all = [...Object.values(handle.regions).flatMap(({ hosts }) => hosts), ...handle.global.hosts];
    expect(new Set(all.map(({ ssh }) => ssh.hostKey)).size).toBe(all.length);
    for (const host of all) expect(await hostnameOver(target(host))).toBe(host.name);
    expect(all.filter(({ ssh }) => ssh.proxyHostId === null).map(({ role }) => role)).toEqual([
      "gateway",
      "gateway",
      "edge",
    ]);
  });

  test.each([
    ["the host itself", "primary/web-1"],
    ["the gateway in front of it", "primary/gateway"],
  ])("[O3] [P19] another key than the pinned one is refused: %s", async (_, wrong) => {
    const another = handle.host("secondary/web-1").ssh.hostKey;
    const host = target(handle.host("primary/web-1"), { [wrong]: another });
    await expect(hostnameOver(host)).rejects.toMatchObject({ code: "ssh-host-key" });
  });
});

import { describe, expect, test } from "@jest/globals";
import { askCounterparts, counterpartChecks } from "../../../automation/failover/counterparts.ts";
import type { HostShape } from "../../../automation/remote/host.ts";
import type { RemoteCommand } from "../../../automation/remote/ssh.ts";

const gib = 1024 ** 3;
const pool = "/etc/php/pool.conf";
const shape = (digest: string, freeBytes = 20 * gib): HostShape => ({
  config: { [pool]: [digest, digest] },
  disks: { "/": { freeBytes, totalBytes: 40 * gib } },
});

/** Two regions with one web host each; null: it is silent. Lines of a file are asked of those that differ. */
async function checked(primary: HostShape | null, secondary: HostShape | null) {
  const shapes = { "primary/web-1": primary, "secondary/web-1": secondary };
  const run = async (id: keyof typeof shapes, { argv }: RemoteCommand) => {
    const own = shapes[id];
    if (own === null) return { exitCode: 255, stdout: "", stderr: "no route" };
    const lines = {
      [pool]: [[`max = ${own.config[pool]?.[0]}`, `${own.config[pool]}`, `${own.config[pool]}`]],
    };
    const told = argv.includes("--lines") ? lines : own;
    return { exitCode: 0, stdout: JSON.stringify(told), stderr: "" };
  };
  const region = (name: string) => ({ hosts: [{ id: `${name}/web-1` }] });
  const regions = { primary: region("primary"), secondary: region("secondary") };
  const site = { ssh: { run }, outputs: { regions, global: null } } as never;
  const checks = counterpartChecks(await askCounterparts(site, ["primary", "secondary"]), "secondary");
  return Object.fromEntries(checks.map(({ name, ok, found }) => [name, { ok, found }]));
}

describe("the configuration of two regions", () => {
  test("is the same: nothing speaks against a move", async () => {
    const { configuration } = await checked(shape("a"), shape("a"));
    expect(configuration).toEqual({ ok: true, found: "the same in both regions" });
  });

  test("differs: the file, what each host says and the remedy are named", async () => {
    const { configuration } = await checked(shape("5"), shape("9"));
    expect(configuration?.ok).toBe(false);
    expect(configuration?.found).toBe(
      `${pool}: primary/web-1 has "max = 5", secondary/web-1 has "max = 9" (provision makes both regions the same)`,
    );
  });

  test("is unknown of a host that is silent, which is said", async () => {
    const { configuration } = await checked(null, shape("a"));
    expect(configuration).toEqual({ ok: true, found: "the same in both regions; unknown of primary/web-1" });
  });
});

describe("the disk of the new writer's hosts", () => {
  test("has room, and the least of it is told", async () => {
    const { disk } = await checked(shape("a", 0), shape("a", 3 * gib));
    expect(disk).toEqual({ ok: true, found: "3.0 GiB or more on each host of secondary" });
  });

  test("has less than a writer needs: the host and the path are named", async () => {
    const { disk } = await checked(shape("a"), shape("a", gib / 2));
    expect(disk).toEqual({ ok: false, found: "secondary/web-1 has 0.5 GiB left at /: it needs 1.0" });
  });

  test("is unknown: that is no yes", async () => {
    const { disk } = await checked(shape("a"), null);
    expect(disk).toEqual({ ok: false, found: "unknown of secondary/web-1" });
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { labObjects } from "./support/lab.ts";
import { cli, eventually, get, home, type SiteHandle, site, siteName } from "./support/site.ts";

const minute = 60_000;
const stacks = ["primary", "secondary", "global"];
const roles = ["gateway", "database", "cache", "store", "web-1"];

describe("a rollout from nothing", () => {
  let handle: SiteHandle;

  test(
    "[P1] is one command, that ends with 0",
    async () => {
      const started = performance.now();
      const { exitCode, stderr, stdout } = await cli(["provision", "--yes"], { timeoutMs: 15 * minute });
      process.stderr.write(`   provision: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
      if (exitCode !== 0) throw new Error(`provision ended with ${exitCode}\n${stdout}\n${stderr}`);
      handle = await site();
    },
    16 * minute,
  );

  test("[P1] [O8] makes every host of both regions and the third place, and nothing else", async () => {
    const { containers, networks } = await labObjects();
    const hosts = roles.flatMap((role) => [
      `evenkeel-${siteName}-primary-${role}`,
      `evenkeel-${siteName}-secondary-${role}`,
    ]);
    expect(containers).toEqual([...hosts, `evenkeel-${siteName}-third-edge`].sort());
    expect(networks).toHaveLength(7);
  });

  test("[O7] the inventory comes from stack outputs, one entry a host with its login user", () => {
    const ids = Object.values(handle.regions).flatMap(({ hosts }) => hosts.map(({ id }) => id));
    expect(ids).toEqual(
      ["primary", "secondary"].flatMap((region) => roles.map((role) => `${region}/${role}`)),
    );
    for (const { hosts } of Object.values(handle.regions)) {
      for (const host of hosts)
        expect(host.ssh).toMatchObject({ user: "evenkeel", hostKey: expect.stringMatching(/^ssh-ed25519 /) });
    }
  });

  test("[O2] both regions are the same program: their outputs differ in place, names, addresses, keys and their own settings only", () => {
    const shape = (region: string) =>
      JSON.stringify(handle.regions[region], (key, value: unknown) =>
        [
          "machineId",
          "hostKey",
          "address",
          "peeringAddress",
          "machineUrn",
          "host",
          "port",
          "url",
          "endpoint",
          "serverId",
          // Told of one region alone: its stack file's.
          "uploadsVolumeGb",
        ].includes(key)
          ? null
          : value,
      ).replaceAll(region, "PLACE");
    expect(shape("secondary")).toBe(shape("primary"));
    expect(handle.regions.primary?.database.serverId).not.toBe(handle.regions.secondary?.database.serverId);
  });

  test("a person gets the shop's page through the edge, and the region's own page at its own address", async () => {
    const page = await eventually("the front page", 20_000, async () => {
      const reply = await get(handle.url);
      return reply.status === 200 ? reply : null;
    });
    expect(page.body).toContain("<title>");
    expect(page.headers["x-evenkeel-role"]).toBe("active");
    const standby = await get(handle.regions.secondary?.url ?? "");
    expect(standby.status).toBe(200);
    expect(standby.headers["x-evenkeel-role"]).toBe("standby");
  });

  test.each([
    ["leaves Pulumi out", [], true],
    ["that compares every resource finds nothing to do", ["--full"], false],
  ])(
    "[P27] a second provision %s, and changes nothing",
    async (_, words, leavesOut) => {
      const before = await Promise.all(stacks.map(stateOf));
      const started = performance.now();
      const { exitCode, stderr } = await cli(["provision", "--yes", ...words], { timeoutMs: 5 * minute });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stderr.write(`   ${["second provision", ...words].join(" ")}: ${seconds} s\n`);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr.includes("Pulumi has nothing to do")).toBe(leavesOut);
      expect(await Promise.all(stacks.map(stateOf))).toEqual(before);
    },
    6 * minute,
  );

  test.each(stacks)(
    "[P27] plain pulumi up of %s by hand has nothing to do",
    async (stack) => {
      const { exitCode, stdout } = await cli(
        ["pulumi", "up", "-s", stack, "--yes", "--expect-no-changes", "--non-interactive"],
        {
          timeoutMs: 2 * minute,
        },
      );
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    },
    3 * minute,
  );

  test(
    "a changed site is noticed by the same check: --expect-no-changes fails when something is to be done",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "evenkeel-changed-"));
      const file = join(folder, "Pulumi.primary.yaml");
      const own = readFileSync(join(home, "sites", siteName, "Pulumi.primary.yaml"), "utf8");
      writeFileSync(file, own.replace("config:\n", "config:\n  evenkeel:boundedWaitSeconds: 3\n"));
      const preview = ["pulumi", "preview", "-s", "primary", "--expect-no-changes", "--non-interactive"];
      const { exitCode, stdout } = await cli([...preview, "--config-file", file], {
        timeoutMs: 2 * minute,
      }).finally(() => rmSync(folder, { recursive: true }));
      expect(stdout).toContain("primary-web-1-role");
      expect(exitCode).not.toBe(0);
    },
    3 * minute,
  );

  test("no secret of the site stands in plain in the state or the journal", async () => {
    const { wordpress, database, ssh } = handle.secrets;
    const secrets = [
      wordpress.adminPassword,
      ...Object.values(wordpress.salts),
      ...Object.values(database),
      handle.secrets.dns.apiKey,
      ...[ssh.user, ssh.peer, ...Object.values(ssh.hosts)].map(
        ({ privateKey }) => privateKey.split("\n")[2] ?? privateKey,
      ),
    ];
    const journal = readFileSync(join(home, ".evenkeel", siteName, "journal.jsonl"), "utf8");
    expect(journal).toContain('"command":"provision"');
    const texts = [journal, ...(await Promise.all(stacks.map((stack) => exported(stack))))];
    const found = secrets.filter((secret) =>
      texts.some((text) => text.includes(JSON.stringify(secret).slice(1, -1))),
    );
    expect(found).toHaveLength(0);
    expect(texts.join("")).toContain("ciphertext");
  });
});

async function exported(stack: string): Promise<string> {
  const { stdout, exitCode } = await cli(["pulumi", "stack", "export", "-s", stack]);
  if (exitCode !== 0) throw new Error(`pulumi stack export -s ${stack} ended with ${exitCode}`);
  return stdout;
}

/** Each resource with its inputs and outputs and when it was last changed: equal states mean that nothing ran. */
async function stateOf(stack: string): Promise<unknown> {
  const { deployment } = JSON.parse(await exported(stack)) as {
    deployment: { resources: { urn: string; modified?: string; type: string }[] };
  };
  return deployment.resources
    .filter(({ type }) => type.startsWith("command:"))
    .map(({ urn, modified }) => ({ urn, modified }))
    .sort((a, b) => a.urn.localeCompare(b.urn));
}

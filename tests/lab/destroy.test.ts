import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { labObjects } from "./support/lab.ts";
import { cli, home, siteName } from "./support/site.ts";

const minute = 60_000;

test(
  "[P2] destroy refuses what it should: no confirmation, a wrong name, the active region alone",
  async () => {
    const before = await labObjects();
    expect((await cli(["destroy"])).exitCode).toBe(2);
    expect((await cli(["destroy", "--yes", "--confirm", "another"])).exitCode).toBe(2);
    const active = await cli(["destroy", "--region", "primary", "--yes", "--confirm", siteName]);
    expect(active.exitCode).toBe(12);
    expect(active.stderr).toContain("--even-active");
    expect(await labObjects()).toEqual(before);
  },
  2 * minute,
);

test("[P2] destroy --preview names what would go, and deletes nothing", async () => {
  const before = await labObjects();
  const { exitCode, stdout, stderr } = await cli(["destroy", "--preview"]);
  expect(exitCode).toBe(0);
  for (const name of ["global-birth", "primary-database-machine", "secondary-network"])
    expect(stdout + stderr).toContain(`would be deleted: ${name}`);
  expect((await cli(["destroy", "--preview", "--region", "primary"])).exitCode).toBe(12);
  expect(await labObjects()).toEqual(before);
}, 120_000);

test(
  "[P2] plain pulumi destroy stops at the protected birth before anything is deleted; the README and the run-book name ours",
  async () => {
    const resources = async () => {
      const { stdout } = await cli(["pulumi", "stack", "export", "-s", "global"]);
      return (JSON.parse(stdout) as { deployment: { resources: unknown[] } }).deployment.resources;
    };
    const before = await labObjects();
    const known = await resources();
    const argv = ["pulumi", "destroy", "-s", "global", "--yes", "--non-interactive"];
    const { exitCode, stdout, stderr } = await cli(argv, { timeoutMs: 2 * minute });
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/global-birth[\s\S]*protected/);
    expect(await labObjects()).toEqual(before);
    expect(await resources()).toEqual(known);
    expect((await cli(["status"])).exitCode).toBe(0);
    for (const page of ["README.md", "docs/runbook.md"])
      expect(readFileSync(join(home, page), "utf8")).toContain("npm run destroy");
  },
  4 * minute,
);

test(
  "[P2] destroy of the active region alone goes when told with --even-active, and touches no other place",
  async () => {
    const before = await labObjects();
    const argv = ["destroy", "--region", "primary", "--even-active", "--yes", "--confirm", siteName];
    const { exitCode, stderr } = await cli(argv, { timeoutMs: 4 * minute });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    const ofOthers = (name: string) => !name.startsWith(`evenkeel-${siteName}-primary`);
    const after = await labObjects();
    expect(after.containers).toEqual(before.containers.filter(ofOthers));
    expect(after.containers).not.toEqual(before.containers);
  },
  5 * minute,
);

test(
  "[P2] destroy leaves no container, network, volume, lock or state",
  async () => {
    const started = performance.now();
    const { exitCode, stderr } = await cli(["destroy", "--yes", "--confirm", siteName], {
      timeoutMs: 4 * minute,
    });
    process.stderr.write(`   destroy: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(await labObjects()).toEqual({ containers: [], networks: [], volumes: [] });
    expect(existsSync(join(home, ".evenkeel", siteName, "lock.json"))).toBe(false);
    expect(stateFiles()).toEqual([]);
    const again = await cli(["destroy", "--yes", "--confirm", siteName]);
    expect(again.exitCode).toBe(0);
    const part = await cli(["destroy", "--region", "secondary", "--yes", "--confirm", siteName]);
    expect(part).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("There is nothing of the site"),
    });
  },
  5 * minute,
);

test("a preview of what is not there names what would be made, and makes nothing", async () => {
  const { exitCode, stderr } = await cli(["provision", "--preview"]);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  for (const stack of ["primary", "secondary", "global"])
    expect(stderr).toMatch(new RegExp(`Stack ${stack}: would be made with all its resources`));
  expect(await labObjects()).toEqual({ containers: [], networks: [], volumes: [] });
  expect(existsSync(join(home, ".evenkeel", siteName))).toBe(false);
}, 60_000);

function stateFiles(): string[] {
  const root = join(home, ".evenkeel/state");
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (name) => /(stacks|locks)\//.test(name) && name.includes(siteName) && name.endsWith(".json"),
  );
}

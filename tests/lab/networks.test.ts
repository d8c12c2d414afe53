import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { loadSiteConfig } from "../../components/config.ts";
import { home } from "./support/site.ts";

const site = "in-the-way";
const folder = join(home, "sites", site);
const network = `evenkeel-test-${site}-${process.pid}`;

async function evenkeel(...words: string[]) {
  const argv = [join(home, "bin/evenkeel.mjs"), ...words, "--site", site];
  const { exitCode, stdout, stderr } = await execa("node", argv, {
    reject: false,
    stdin: "ignore",
    timeout: 60_000,
  });
  return { exitCode, stdout, stderr };
}

async function ofSite(): Promise<string> {
  const filter = ["--filter", `label=evenkeel.site=${site}`];
  const asked = [
    ["ps", "-aq", ...filter],
    ["network", "ls", "-q", ...filter],
  ];
  return (await Promise.all(asked.map(async (argv) => (await execa("docker", argv)).stdout))).join("");
}

describe("a further site beside this one, and a stranger's network in its way", () => {
  let wanted: Readonly<Record<string, string>>;
  let taken: string;

  beforeAll(async () => {
    expect(await evenkeel("init")).toMatchObject({ exitCode: 0 });
    wanted = loadSiteConfig(folder).networks;
    taken = (wanted.secondary ?? "").replace(/0\.0\/16$/, "7.0/24");
    // Nobody is on it, and nothing could leave it.
    await execa("docker", ["network", "create", "--internal", "--subnet", taken, network], {
      timeout: 30_000,
    });
  }, 90_000);

  afterAll(async () => {
    await execa("docker", ["network", "rm", network], { timeout: 30_000, reject: false });
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(home, ".evenkeel", site), { recursive: true, force: true });
  }, 60_000);

  test("is refused with 12, the clash and a free set named, before anything is made", async () => {
    const { exitCode, stderr } = await evenkeel("provision", "--yes");
    expect(exitCode).toBe(12);
    expect(stderr).toContain(`secondary ${wanted.secondary}`);
    expect(stderr).toContain(`overlaps Docker network ${network} (${taken})`);
    const proposal = /evenkeel:networks in its Pulumi.yaml .*secondary (\S+),/.exec(stderr)?.[1];
    expect(proposal).toMatch(/^10\.\d+\.0\.0\/16$/);
    expect(proposal).not.toBe(wanted.secondary);
    expect(await ofSite()).toBe("");
    expect(existsSync(join(home, ".evenkeel", site, "secrets.json"))).toBe(false);
  });

  test("check finds it as well, and nothing any more once it is gone", async () => {
    const before = await evenkeel("check");
    expect(before.exitCode).toBe(1);
    expect(before.stdout).toMatch(/networks +FAILED/);
    await execa("docker", ["network", "rm", network], { timeout: 30_000 });
    expect(await evenkeel("check")).toMatchObject({ exitCode: 0 });
  });
});
